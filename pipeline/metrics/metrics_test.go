package metrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/report"
)

func summaryOf(t *testing.T, lake string) *Summary {
	t.Helper()
	end := time.Date(2026, 11, 1, 12, 7, 30, 0, time.UTC)
	s := &Summary{
		SchemaVersion: SchemaVersion, Program: "trailgauge", Trail: "s3://acme-trail", Lake: lake, Started: end.Add(-30 * time.Second), Ended: end,
		Seconds: 30, Stages: []Stage{{"list", 2}, {"scan", 20.5}},
		Sinks: []Sink{{Name: "bus", Taken: 3, Waiting: 2}},
	}
	s.Tell(&report.Run{
		ID: "00000007", Number: 7, Upto: time.Date(2026, 11, 1, 11, 0, 0, 0, time.UTC),
		Input:    report.Input{Objects: 3, Bytes: 4096, Read: 10, Kept: 7, Duplicate: 2, Rejected: 1},
		Coverage: report.Coverage{HoursObserved: 23, HoursUnknown: 1, Series: 99},
		Budget:   report.Budget{FalsePerDay: 1, Granted: .5, Expected: .02, Found: 3, Suppressed: 1},
		Opened:   make([]insight.Insight, 2),
	}, nil)
	return s
}

// An interrupted run that was finished first told nobody what came of it: it counts too.
func TestFinished(t *testing.T) {
	var s Summary
	s.Tell(&report.Run{ID: "00000009", Input: report.Input{Objects: 3, Foreign: 2, Kept: 7}, Coverage: report.Coverage{HoursObserved: 1, Series: 99},
		Budget: report.Budget{Expected: .5}, Opened: make([]insight.Insight, 1), StillOpen: make([]insight.Insight, 4)},
		&report.Run{ID: "00000007", Input: report.Input{Objects: 5, Foreign: 2, Kept: 11}, Coverage: report.Coverage{HoursObserved: 24, Series: 98},
			Budget: report.Budget{Expected: .25}, Opened: make([]insight.Insight, 2), StillOpen: make([]insight.Insight, 3)})
	want := &Figures{Run: "00000009", Finished: "00000007", Objects: 8, ObjectsForeign: 2, Kept: 18, HoursObserved: 25, Series: 99, ExpectedFalse: .75, Opened: 3, StillOpen: 4}
	if diff := cmp.Diff(want, s.Figures); diff != "" {
		t.Error(diff)
	}
}

// parse reads a textfile as Prometheus does.
func parse(t *testing.T, name string) map[string]*dto.MetricFamily {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(f)
	if err != nil {
		t.Fatalf("%s is no text of Prometheus: %v", name, err)
	}
	return families
}

func gauge(t *testing.T, families map[string]*dto.MetricFamily, name string) (float64, bool) {
	t.Helper()
	f := families["trailgauge_"+name]
	if f == nil {
		return 0, false
	}
	if len(f.Metric) != 1 {
		t.Fatalf("%s has %d values", name, len(f.Metric))
	}
	return f.Metric[0].GetGauge().GetValue(), true
}

func TestTextfile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.prom")
	s := summaryOf(t, "s3://acme-lake/\"quoted\"\\and\nmore")
	if err := Textfile(name, s); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(name)
	problems, err := promlint.New(bytes.NewReader(text)).Lint() // what promtool check metrics does
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v\n%s", problems, err, text)
	}
	families := parse(t, name)
	for metric, want := range map[string]float64{
		"last_run_exit_status": 0, "last_run_records": 10, "last_run_records_rejected": 1, "last_run_unknown_seconds": 3600, "last_run_series": 99,
		"last_success_timestamp_seconds": float64(s.Ended.Unix()), "decided_timestamp_seconds": float64(s.Ended.Unix() - 67*60 - 30),
		"budget_false_insights_per_day": 1, "last_run_false_insights_expected": .02, "last_run_insights_achieved": 3, "last_run_duration_seconds": 30,
	} {
		if got, ok := gauge(t, families, metric); !ok || got != want {
			t.Errorf("%s is %v (%v), want %v", metric, got, ok, want)
		}
	}
	for name, f := range families {
		for _, m := range f.Metric {
			for _, l := range m.Label {
				switch {
				case l.GetName() == "lake" && l.GetValue() == s.Lake:
				case l.GetName() == "stage" && (l.GetValue() == "list" || l.GetValue() == "scan"):
				case l.GetName() == "change":
				case l.GetName() == "sink" && l.GetValue() == "bus": // the configuration's
				case l.GetName() == "outcome" && slices.Contains([]string{"taken", "waiting", "refused", "given_up"}, l.GetValue()):
				default:
					t.Errorf("%s has the label %s=%q", name, l.GetName(), l.GetValue())
				}
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(name), "*")); len(left) != 1 {
		t.Errorf("left in the folder: %q", left)
	}
}

// A run that fails keeps when the last one succeeded and how far the lake is decided, and claims nothing else.
func TestTextfileOfFailure(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.prom")
	good := summaryOf(t, "s3://acme-lake")
	if err := Textfile(name, good); err != nil {
		t.Fatal(err)
	}
	for range 2 { // also twice in a row
		bad := &Summary{Lake: good.Lake, Status: 75, Ended: good.Ended.Add(time.Hour), Stages: []Stage{{"list", 1}}}
		bad.Fail(errors.New("no network"))
		if err := Textfile(name, bad); err != nil {
			t.Fatal(err)
		}
	}
	families := parse(t, name)
	for metric, want := range map[string]float64{
		"last_run_exit_status": 75, "last_run_timestamp_seconds": float64(good.Ended.Unix() + 3600),
		"last_success_timestamp_seconds": float64(good.Ended.Unix()), "decided_timestamp_seconds": float64(good.Ended.Unix() - 67*60 - 30),
	} {
		if got, ok := gauge(t, families, metric); !ok || got != want {
			t.Errorf("%s is %v (%v), want %v", metric, got, ok, want)
		}
	}
	if v, ok := gauge(t, families, "last_run_records"); ok {
		t.Errorf("a run that failed says it read %v records", v)
	}
	// A first run that fails has no success to tell of, nor has one on another lake; and a damaged file hides nothing.
	for what, before := range map[string]string{"none": "", "other": `trailgauge_last_success_timestamp_seconds{lake="s3://other"} 5` + "\n", "damaged": "trailgauge_last{"} {
		other := filepath.Join(t.TempDir(), "b.prom")
		if before != "" {
			if err := os.WriteFile(other, []byte(before), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := Textfile(other, &Summary{Lake: good.Lake, Status: 1, Ended: good.Ended}); err != nil {
			t.Fatal(err)
		}
		if v, ok := gauge(t, parse(t, other), "last_success_timestamp_seconds"); ok {
			t.Errorf("%s: a success at %v", what, v)
		}
	}
}

// A run that did its work and could not deliver has figures, and is no success.
func TestTextfileUndelivered(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.prom")
	s := summaryOf(t, "s3://acme-lake")
	s.Status = 75
	if err := Textfile(name, s); err != nil {
		t.Fatal(err)
	}
	families := parse(t, name)
	if v, ok := gauge(t, families, "last_success_timestamp_seconds"); ok {
		t.Errorf("a success at %v", v)
	}
	if v, ok := gauge(t, families, "decided_timestamp_seconds"); !ok || v != float64(s.Ended.Unix()-67*60-30) {
		t.Errorf("decided up to %v, %v", v, ok)
	}
	if v, _ := gauge(t, families, "last_run_records"); v != 10 {
		t.Errorf("%v records", v)
	}
}

func TestDone(t *testing.T) {
	s := summaryOf(t, "x")
	for status, want := range map[int]bool{0: true, 3: true, 10: true, 1: false, 2: false, 4: false, 75: false, 130: false} {
		if s.Status = status; s.Done() != want {
			t.Errorf("exit status %d: done %v", status, !want)
		}
	}
	if s.Status, s.Figures = 0, nil; s.Done() {
		t.Error("done without figures")
	}
}

// TestEMF holds each line against the rules of the specification and its JSON schema: required members, lengths, units, numbers at the root, at
// most 30 dimensions and 100 metrics, 256 KB.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func TestEMF(t *testing.T) {
	odd := summaryOf(t, ": /Läke\n"+strings.Repeat("x", 2000))
	odd.Figures.Granted = math.Inf(1) // no number in JSON
	failed := &Summary{Lake: "", Status: 1, Ended: time.Unix(1, 0)}
	failed.Fail(errors.New(strings.Repeat("ü\x1b[31m", 1<<20)))
	for name, s := range map[string]*Summary{"run": summaryOf(t, "s3://acme-lake"), "failed": failed} {
		checkEMF(t, name, s)
	}
	odd.Figures.LagSeconds = nil
	odd.Figures.Granted = 0
	checkEMF(t, "odd", odd)
}

func checkEMF(t *testing.T, name string, s *Summary) {
	t.Helper()
	var b bytes.Buffer
	if err := EMF(&b, s); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 1+len(s.Stages) {
		t.Errorf("%s: %d lines", name, len(lines))
	}
	units := regexp.MustCompile(`^(Seconds|Microseconds|Milliseconds|Bytes|Kilobytes|Megabytes|Gigabytes|Terabytes|Bits|Kilobits|Megabits|Gigabits|Terabits|Percent|Count|None)$`)
	for _, text := range lines {
		var root map[string]any
		if err := json.Unmarshal([]byte(text), &root); err != nil || len(text) > 256<<10 {
			t.Fatalf("%s: %d bytes, %v", name, len(text), err)
		}
		var meta struct {
			AWS struct {
				Timestamp         *int64
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name, Unit string }
				}
			} `json:"_aws"`
		}
		d := json.NewDecoder(strings.NewReader(text))
		if err := d.Decode(&meta); err != nil || meta.AWS.Timestamp == nil || *meta.AWS.Timestamp != s.Ended.UnixMilli() || len(meta.AWS.CloudWatchMetrics) != 1 {
			t.Fatalf("%s: metadata %+v, %v", name, meta, err)
		}
		c := meta.AWS.CloudWatchMetrics[0]
		if c.Namespace == "" || len(c.Namespace) > 1024 || len(c.Dimensions) != 1 || len(c.Dimensions[0]) < 1 || len(c.Dimensions[0]) > 30 || len(c.Metrics) < 1 || len(c.Metrics) > 100 {
			t.Errorf("%s: directive %+v", name, c)
		}
		for _, key := range c.Dimensions[0] {
			v, isText := root[key].(string)
			if !isText || v == "" || len(v) > 1024 || strings.HasPrefix(v, ":") || strings.TrimSpace(v) == "" || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%s: dimension %s is %q", name, key, root[key])
			}
		}
		seen := map[string]bool{}
		for _, m := range c.Metrics {
			if _, isNumber := root[m.Name].(float64); !isNumber || seen[m.Name] || m.Name == "" || !units.MatchString(m.Unit) {
				t.Errorf("%s: metric %+v is %v", name, m, root[m.Name])
			}
			seen[m.Name] = true
		}
	}
}

// TestRules checks the shipped alerts: each metric in them is one that a run writes, and promtool, where it is installed, runs their tests.
func TestRules(t *testing.T) {
	dir := filepath.Join("..", "..", "scripts", "prometheus")
	rules, err := os.ReadFile(filepath.Join(dir, "trailgauge.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "a.prom")
	if err := Textfile(name, summaryOf(t, "x")); err != nil {
		t.Fatal(err)
	}
	written := parse(t, name)
	used := regexp.MustCompile(`trailgauge_[a-z_]+`).FindAllString(string(rules), -1)
	if len(used) < 8 {
		t.Errorf("the alerts use %q", used)
	}
	for _, metric := range used {
		if written[metric] == nil {
			t.Errorf("an alert rests on %s, which no run writes", metric)
		}
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: the alerts' own tests were not run")
	}
	for _, args := range [][]string{{"check", "rules", "trailgauge.rules.yml"}, {"test", "rules", "trailgauge.test.yml"}} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}
