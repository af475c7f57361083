package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/gzip"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// A scenario is a trail made by hand, object by object, and the exact ledger, rows and counts it must come to.
type scenario struct {
	*testing.T
	Options
}

// noon is when scenarios happen; they run three hours later unless they say otherwise.
var noon = time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC)

func newScenario(t *testing.T) *scenario {
	return &scenario{t, options(folder(t), folder(t), noon.Add(3*time.Hour))}
}

// rec is a record: a management write call of role deployer. change replaces or adds members, given as name and JSON text; "" removes one.
func rec(id int, at time.Time, change ...string) string {
	members := [][2]string{
		{"eventVersion", `"1.11"`},
		{"userIdentity", `{"type":"AssumedRole","accountId":"111111111111","arn":"arn:aws:sts::111111111111:assumed-role/deployer/s","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111111111111:role/deployer","userName":"deployer"}}}`},
		{"eventTime", at.Format(`"2006-01-02T15:04:05Z"`)},
		{"eventSource", `"ec2.amazonaws.com"`}, {"eventName", `"RunInstances"`}, {"awsRegion", `"eu-west-1"`},
		{"sourceIPAddress", `"203.0.113.7"`}, {"userAgent", `"test"`}, {"eventID", `"` + idOf(id) + `"`}, {"readOnly", "false"},
		{"eventType", `"AwsApiCall"`}, {"managementEvent", "true"}, {"recipientAccountId", `"111111111111"`}, {"eventCategory", `"Management"`},
	}
	for i := 0; i < len(change); i += 2 {
		at := -1
		for j := range members {
			if members[j][0] == change[i] {
				at = j
			}
		}
		if at < 0 {
			at = len(members)
			members = append(members, [2]string{change[i]})
		}
		members[at][1] = change[i+1]
	}
	var parts []string
	for _, m := range members {
		if m[1] != "" {
			parts = append(parts, `"`+m[0]+`":`+m[1])
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func idOf(id int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", id) }

// correctionOf is a record that replaces another one.
func correctionOf(id, original int, at time.Time, change ...string) string {
	return rec(id, at, append([]string{"addendum", `{"reason":"UPDATED_DATA","updatedFields":"errorCode","originalEventID":"` + idOf(original) + `"}`}, change...)...)
}

// key is the key of an object of account 111111111111 in eu-west-1, delivered at the given time.
func key(at time.Time, name string) string {
	return fmt.Sprintf("AWSLogs/111111111111/CloudTrail/eu-west-1/%s/111111111111_CloudTrail_eu-west-1_%s_%s.json.gz",
		at.Format("2006/01/02"), at.Format("20060102T1504Z"), name)
}

func pack(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.Bytes()
}

func (s *scenario) put(key string, records ...string) {
	s.Helper()
	if err := s.Trail.Put(context.Background(), key, pack(`{"Records":[`+strings.Join(records, ",")+`]}`)); err != nil {
		s.Fatal(err)
	}
}

// later moves as-of on and runs.
func (s *scenario) run(later time.Duration) *Result {
	s.Helper()
	s.AsOf = s.AsOf.Add(later)
	return mustRun(s.T, s.Options)
}

// wantNothingNew runs once more, and wants no commit of that.
func (s *scenario) wantNothingNew() {
	s.Helper()
	if c := s.commit().Number; s.run(time.Minute).Commit.Number != c {
		s.Error("one run more found something to do")
	}
}

func (s *scenario) commit() *lake.Commit {
	s.Helper()
	c, err := lake.Current(context.Background(), s.Lake)
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// ledger compares what the last ingesting run, or all, came to; sizes are not compared.
func ledger(t *testing.T, what string, got, want lake.Ledger) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(lake.Ledger{}, "Bytes", "JSONBytes")); d != "" {
		t.Errorf("%s: ledger (-want +got):\n%s", what, d)
	}
}

func (s *scenario) eachDay(fn func(*lake.Manifest)) {
	s.Helper()
	c := s.commit()
	for _, d := range c.Days {
		m, err := lake.LoadManifest(context.Background(), s.Lake, c, d.Day)
		if err != nil {
			s.Fatal(err)
		}
		fn(m)
	}
}

// counts sums the tiles, by what tells calls apart here: "region API[/read][/data] [error] day time".
func (s *scenario) counts() map[string]int64 {
	s.Helper()
	sums := map[string]int64{}
	s.eachDay(func(m *lake.Manifest) {
		r, err := lake.Tiles(context.Background(), s.Lake, m)
		if err != nil {
			s.Fatal(err)
		}
		tiles, err := counts.Collect(r)
		if err != nil {
			s.Fatal(err)
		}
		for _, t := range tiles {
			name := t.Region + " " + t.Name
			if t.ReadOnly {
				name += "/read"
			}
			if t.Data {
				name += "/data"
			}
			if t.ErrorCode != "" {
				name += " " + t.ErrorCode
			}
			for i, at := range t.Minutes {
				sums[fmt.Sprintf("%s %s %02d:%02d", name, t.Day, at/60, at%60)] += t.Counts[i]
			}
		}
	})
	for k, n := range sums {
		if n == 0 {
			delete(sums, k)
		}
	}
	return sums
}

func (s *scenario) wantCounts(want map[string]int64) {
	s.Helper()
	if d := cmp.Diff(want, s.counts()); d != "" {
		s.Errorf("counts (-want +got):\n%s", d)
	}
}

// rows lists the events by ID: the object each came from, without its folders.
func (s *scenario) rows() map[string][]string {
	s.Helper()
	rows := map[string][]string{}
	s.eachDay(func(m *lake.Manifest) {
		for _, f := range m.Files[lake.Events] {
			n := 0
			err := lake.EachEvent(context.Background(), s.Lake, f, func(counts.Series) bool { return true }, func(r *trail.Record) error {
				n++
				rows[strings.Clone(r.EventID)] = append(rows[r.EventID], strings.Clone(r.SourceKey[strings.LastIndexByte(r.SourceKey, '/')+1:]))
				return nil
			})
			if err != nil || int64(n) != f.Rows {
				s.Fatalf("%s: %d rows, want %d (%v)", f.Key, n, f.Rows, err)
			}
		}
	})
	return rows
}

// checkReplaced holds the table of replaced events against the manifests.
func (s *scenario) checkReplaced() {
	s.Helper()
	s.eachDay(func(m *lake.Manifest) {
		var got []string
		if len(m.Files[lake.Replaced]) > 1 {
			s.Errorf("%s: %d files of replaced events", m.Day, len(m.Files[lake.Replaced]))
		}
		for _, f := range m.Files[lake.Replaced] {
			rows, err := lake.ReadReplaced(context.Background(), s.Lake, f)
			if err != nil || len(rows) != int(f.Rows) {
				s.Fatalf("%s: %d rows, %v", f.Key, len(rows), err)
			}
			for _, r := range rows {
				if trail.DayOf(time.UnixMilli(r.EventTS)) != m.Day {
					s.Errorf("%s of %d is told of on %s", r.EventID, r.EventTS, m.Day)
				}
				text, _ := id(decode.EventKey(r.Account, r.EventID)).MarshalText()
				got = append(got, string(text))
			}
		}
		slices.Sort(got)
		if d := cmp.Diff(m.Replaced, got, cmpopts.EquateEmpty()); d != "" {
			s.Errorf("%s: replaced events (-manifest +table):\n%s", m.Day, d)
		}
	})
}

// rejected reads all lists of what was rejected.
func (s *scenario) rejected() (list []rejected) {
	s.Helper()
	err := s.Lake.List(context.Background(), "rejected/", "", func(i store.Info) error {
		body, _, err := s.Lake.Get(context.Background(), i.Key, 0)
		for line := range strings.Lines(string(body)) {
			var r rejected
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				return err
			}
			list = append(list, r)
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return list
}

// wantRejected compares reasons by object and position.
func (s *scenario) wantRejected(want ...string) {
	s.Helper()
	var got []string
	for _, r := range s.rejected() {
		at := ""
		if r.Position != nil {
			at = fmt.Sprintf("[%d]", *r.Position)
		}
		got = append(got, fmt.Sprintf("%s%s: %s", r.Object, at, r.Reason))
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		s.Errorf("rejected (-want +got):\n%s", d)
	}
}
