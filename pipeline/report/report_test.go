package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// made is one insight of the sample run.
type made struct {
	source, name, principal, code string
	score, mean                   float64 // mean an hour
	start                         string  // 15:04, on the last day
	minutes, count                int64
	state                         insight.State
}

func (m made) insight(n int) insight.Insight {
	at, _ := time.Parse("15:04", m.start)
	start := time.Date(2026, 11, 1, at.Hour(), at.Minute(), 0, 0, time.UTC)
	end := start.Add(time.Duration(m.minutes) * time.Minute)
	i := insight.Insight{
		ID: fmt.Sprintf("%08d-2f5c-5d0e-8a11-6a2f6a4f7c10", n), Revision: 1, State: m.state,
		Unit:     insight.Unit{Series: counts.Series{Account: "111122223333", Region: "eu-central-1", Source: m.source, Name: m.name, Principal: m.principal}, ErrorCode: m.code},
		Whole:    insight.Span{Start: start, End: end, Count: m.count},
		Detected: insight.Span{Start: start, End: end, Count: m.count},
		Baseline: insight.Span{Start: time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), End: start, Count: int64(m.mean * 24 * 7)},
		Expected: m.mean * float64(m.minutes) / 60, Peak: start.Add(2 * time.Minute), Threshold: 8.1,
		Fit: insight.Fit{Level: m.mean, Dispersion: .4, Exposure: 668, Total: int64(m.mean * 668), ActiveDays: 21, Pooling: "own", Regime: "2-48"},
	}
	i.First = insight.Verdict{Score: m.score, LnP: -m.score - 6, Window: 15, Count: m.count, Mean: m.mean / 4, Size: math.Inf(1), Model: "nb"}
	if m.code != "" {
		i.Kind, i.First.Trials, i.First.Rate, i.First.Model = insight.ErrorRate, m.count+41, .004, "error"
	}
	i.Worst = i.First
	for k := range 24 + 1 + int(m.minutes/60) {
		h := start.Truncate(time.Hour).Add(time.Duration(k-24) * time.Hour)
		day := 1 + math.Sin(float64(h.Hour()-7)/24*2*math.Pi)
		b := insight.Bar{Hour: h, Observed: k != 9 && k != 10, Mean: m.mean * day, Upper: m.mean*day*2.5 + 8, Count: int64(m.mean*day + float64(k*7%5) - 2)}
		if k >= 24 {
			b.Count += m.count / (1 + m.minutes/60)
		}
		if b.Count = max(b.Count, 0); !b.Observed {
			b.Count = 0
		}
		i.Hours = append(i.Hours, b)
	}
	share := func(name string, base int64, values ...string) insight.Attribution {
		a := insight.Attribution{Attribute: name, Baseline: []insight.Share{}}
		left := m.count
		for k, v := range values {
			n := left * 4 / 5
			if k == len(values)-1 {
				n = left
			}
			left -= n
			a.Insight = append(a.Insight, insight.Share{Value: v, Count: n})
		}
		if base > 0 {
			a.Baseline = append(a.Baseline, insight.Share{Value: values[len(values)-1], Count: base})
		}
		return a
	}
	who := m.principal
	if who == "" {
		who = "arn:aws:sts::111122223333:assumed-role/ci-deployer"
	}
	i.Attributions = []insight.Attribution{share("userIdentityArn", i.Baseline.Count, who),
		share("userAgent", i.Baseline.Count, "python-requests/2.32.3", "aws-cli/2.17.1 md/Botocore#1.35.2 ua/2.0 os/linux#6.1.0-23-amd64")}
	if m.code == "" {
		i.Attributions = append(i.Attributions, share("errorCode", i.Baseline.Count, "null", "Client.InstanceLimitExceeded"))
	}
	i.Attributions = append(i.Attributions, share("sourceIPAddress", i.Baseline.Count/2, "198.51.100.77", "203.0.113.9"))
	if m.state == insight.Closed {
		i.WholeAttributions = i.Attributions
	}
	for k := range 3 {
		i.Samples = append(i.Samples, insight.Sample{EventID: fmt.Sprintf("%08x-7c1d-4b0a-9a01-000000000000", n*16+k), Time: start.Add(time.Duration(k) * time.Second).Format(time.RFC3339),
			Object: "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/01/111122223333_CloudTrail_eu-central-1_20261101T0945Z_Qm3xT0a9ZbLk2Vd7.json.gz"})
	}
	return i
}

// said adds a rule with an insight that it suppresses, and one without; a mark; and what was said of a similar insight before.
func (r *Run) said(m made) {
	most := int64(5000)
	i := m.insight(8)
	i.Suppressed = "nightly backup"
	r.Suppressions = []Suppression{
		{RuleUse: insight.RuleUse{Matched: 29, Rule: insight.Rule{Name: "nightly backup", Principal: "*role/backup", Owner: "ops-anna", Reason: "copies every volume, OPS-7",
			Expires: "2027-03-31", Ceiling: &most}}, Days: 30, Opened: 1, Insights: []insight.Insight{i}},
		{RuleUse: insight.RuleUse{Rule: insight.Rule{Name: "Create*", API: "Create*", Owner: "ben", Reason: "migration", Expires: insight.Never}}, Days: 30},
	}
	r.Budget.Suppressed = 1
	r.Opened[0].Seen = &insight.Seen{Insight: "7f3a", As: insight.AsBenign, By: "ops-anna", Note: "a release day", Ticket: "OPS-12", At: noon.AddDate(0, 0, -9)}
	r.Marks = map[string]*insight.Seen{r.StillOpen[0].ID: {Insight: r.StillOpen[0].ID, As: insight.AsIncident, By: "ben", Note: "password spraying", At: noon.Add(-time.Hour)}}
}

// gather makes one incident of the run's insights of some APIs, and of one that an earlier report told of.
func (r *Run) gather(earlier insight.Insight, names ...string) {
	list := []insight.Insight{earlier}
	for _, of := range r.Lists() {
		for k := range of {
			if i := &of[k]; slices.Contains(names, i.Name) {
				i.Incident = earlier.Incident
				list = append(list, *i)
			}
		}
	}
	r.Incidents = nil
	for _, c := range insight.Incidents(list) {
		r.Incidents = append(r.Incidents, Incident{Incident: c, Change: "grown", Merged: []string{"0e7ad09d-8f6c-5a0c-9f0c-7f1b7b9d6a11"}})
	}
}

// realistic is a run with eight insights, four of them of one incident, and one that is suppressed.
func realistic() *Run {
	const role, user = "arn:aws:sts::111122223333:assumed-role/", "arn:aws:iam::111122223333:user/"
	list := []made{
		{"ec2.amazonaws.com", "RunInstances", "", "", 18.3, 3.2, "09:42", 12, 212, insight.Closed},
		{"ec2.amazonaws.com", "RunInstances", role + "ci-deployer", "", 19.1, 1.4, "09:42", 12, 209, insight.Closed},
		{"s3.amazonaws.com", "DeleteObject", user + "ops-anna", "", 11.2, .02, "03:10", 95, 1840, insight.Closed},
		{"signin.amazonaws.com", "ConsoleLogin", "", "ConsoleLogin.Failure", 9.4, .3, "10:05", 55, 64, insight.Open},
		{"secretsmanager.amazonaws.com", "GetSecretValue", role + "AWSReservedSSO_Developer_0123456789abcdef|via=cloudformation.amazonaws.com", "AccessDenied", 13.7, .1, "08:20", 30, 131, insight.Closed},
		{"kms.amazonaws.com", "Decrypt", role + "batch-worker", "ThrottlingException", 8.6, 22, "01:00", 480, 5120, insight.Closed},
		{"iam.amazonaws.com", "CreateAccessKey", user + "old-admin", "", 10.4, .001, "11:02", 6, 14, insight.Open},
		{"dynamodb.amazonaws.com", "UpdateTable", role + "retired", "", 8.3, 2, "05:00", 40, 33, insight.Retracted},
	}
	r := &Run{Program: "trailgauge 1.0.0", ID: "00000042", Number: 42, AsOf: noon, Trail: "s3://acme-trail/AWSLogs", Lake: "s3://acme-lake/trailgauge",
		From: noon.Add(-25 * time.Hour), Upto: noon.Add(-time.Hour),
		Input: Input{Objects: 1311, ObjectsRejected: 1, Foreign: 96, Bytes: 48_211_042, Inflated: 402_000_000, Read: 301_220, Kept: 287_004, Duplicate: 14_209, Replaced: 3, Rejected: 4, Conflicts: 2,
			Excluded: []Count{{"AwsServiceEvent", 5120}, {"NetworkActivity", 44}}, First: noon.Add(-25 * time.Hour), Last: noon.Add(-33 * time.Minute)},
		Coverage: Coverage{HoursObserved: 22, HoursUnknown: 2, Series: 1204, Units: 1655, Undecided: 31, HistoryDays: 28, Quarantined: 17},
		Budget:   Budget{FalsePerDay: 1, Granted: 1, PerSeriesDay: 1. / 1204, SeriesDays: 1204, Expected: 1, Calls: 7.6, Errors: 8.0, NullSeriesDays: 17000},
		Warnings: []string{"no digest covers 2026-11-01 02:00Z to 04:00Z; the trail delivered nothing then"},
		Rejected: []Rejected{{"AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/01/a.json.gz", -1, "unexpected end of gzip stream"}, {"AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/01/b.json.gz", 17, "no readable eventTime"}}}
	for n, m := range list {
		i := m.insight(n)
		switch {
		case m.state == insight.Retracted:
			i.Revision = 2
			r.Retracted = append(r.Retracted, i)
		case m.name == "Decrypt":
			r.Closed = append(r.Closed, i)
		case m.name == "ConsoleLogin":
			r.StillOpen = append(r.StillOpen, i)
		default:
			if n == 1 {
				i.Parent = r.Opened[0].ID
			}
			r.Opened = append(r.Opened, i)
		}
	}
	r.Budget.Found = len(r.Opened) + 1
	earlier := made{"sts.amazonaws.com", "GetCallerIdentity", role + "ci-deployer", "", 9.9, .3, "08:55", 10, 31, insight.Closed}.insight(9)
	earlier.Incident = "5c0e1a52-9f0e-5b8e-8a55-0a3a4f1f1d11"
	r.gather(earlier, "RunInstances", "CreateAccessKey")
	r.Names = Names{Accounts: map[string]AccountName{"111122223333": {Name: "shop", Owner: "anna@example.com"}},
		Networks: []Network{{netip.MustParsePrefix("203.0.113.0/24"), "office Berlin"}}}
	r.said(made{"ec2.amazonaws.com", "CreateSnapshot", role + "backup", "", 9.1, 2, "02:00", 30, 400, insight.Closed})
	return r
}

func render(t *testing.T, r *Run) map[string]string {
	t.Helper()
	var text, js, html bytes.Buffer
	for _, err := range []error{Text(&text, r, 100, false), JSON(&js, r), HTML(&html, r)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return map[string]string{"report.txt": text.String(), "report.json": js.String(), "index.html": html.String()}
}

func TestGolden(t *testing.T) {
	got := render(t, realistic())
	if d := cmp.Diff(got, render(t, realistic())); d != "" {
		t.Fatalf("two runs differ:\n%s", d)
	}
	for name, body := range got {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), body); d != "" {
			t.Errorf("%s (go test -update rewrites it):\n%s", name, d)
		}
	}
}

func TestTextFitsWidth(t *testing.T) {
	for _, width := range []int{40, 60, 80, 132} {
		var b bytes.Buffer
		if err := Text(&b, realistic(), width, false); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			line = strings.TrimRight(line, "\n")
			if columns(line) > width && strings.Contains(strings.TrimLeft(line, " "), " ") {
				t.Errorf("width %d: %q", width, line)
			}
		}
	}
	var plain, color bytes.Buffer
	if err := Text(&color, realistic(), 80, true); err != nil {
		t.Fatal(err)
	}
	if err := Text(&plain, realistic(), 80, false); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plain.String(), "\x1b") || !strings.Contains(color.String(), "\x1b[1;31m[8.3] ec2.amazonaws.com RunInstances") {
		t.Error("colour where none was asked for, or none where it was")
	}
}

func TestEmptyRun(t *testing.T) {
	for name, body := range render(t, &Run{}) {
		if strings.Contains(body, "NaN") || strings.Contains(body, "Inf") || strings.Contains(body, "0001-01-01") {
			t.Errorf("%s: %s", name, body)
		}
	}
}

func TestJSONIsComplete(t *testing.T) {
	var d document
	dec := json.NewDecoder(strings.NewReader(render(t, realistic())["report.json"]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		t.Fatal(err)
	}
	if d.SchemaVersion != 1 || len(d.Insights) != 8 || !d.Input.Balanced {
		t.Errorf("version %d, %d insights, balanced %v", d.SchemaVersion, len(d.Insights), d.Input.Balanced)
	}
	if d.Insights[1].Parent != d.Insights[0].ID || d.Insights[0].Change != "opened" {
		t.Errorf("the child does not follow its parent: %+v", d.Insights[1])
	}
}
