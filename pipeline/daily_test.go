package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// dailies reads the reports of days below a lake's folder.
func dailies(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for name, body := range tree(t, dir) {
		if strings.HasPrefix(name, filepath.FromSlash("reports/daily/")) {
			out[name] = body
		}
	}
	return out
}

// TestWhenItRunsDoesNotMatterToADay: the reports of days are the same bytes whether their days were decided at once, a day at a time or in uneven steps, with
// rules that suppress, and whatever is said in between.
func TestWhenItRunsDoesNotMatterToADay(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a week in many small steps")
	}
	c := month(15)
	c.LateShare = 0
	from := folder(t)
	truth := write(t, from, c)
	asOf, scoreFrom := truth.End.Add(90*time.Minute), truth.End.AddDate(0, 0, -6)
	ceiling := int64(60)
	rules := []insight.Rule{{API: "*", Kind: insight.CallRate.String(), Owner: "anna", Reason: "bursts are told above a ceiling alone", Expires: insight.Never, Ceiling: &ceiling}}
	steps := []time.Duration{0, 24 * time.Hour, 5 * time.Hour}
	found := make([]map[string][]byte, len(steps))
	t.Run("runs", func(t *testing.T) {
		for k, step := range steps {
			t.Run(fmt.Sprintf("every %s", step), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				to, err := store.Folder(dir)
				if err != nil {
					t.Fatal(err)
				}
				o := options(from, to, asOf)
				o.ScoreFrom, o.Config.Suppress = scoreFrom, rules
				mustRunEvery(t, o, step)
				found[k] = dailies(t, dir)
			})
		}
	})
	if len(found[0]) != 6*len(reportForms) {
		t.Fatalf("%d files of 6 days", len(found[0]))
	}
	var told, open, suppressed int
	for name, body := range found[0] {
		if filepath.Base(name) == "report.json" {
			var d struct {
				Insights     []struct{ State insight.State }
				Suppressions []struct {
					Insights []struct{ State insight.State }
				}
			}
			if err := json.Unmarshal(body, &d); err != nil {
				t.Fatal(err)
			}
			for _, i := range append(d.Insights, d.Suppressions[0].Insights...) {
				if i.State == insight.Open {
					open++
				}
			}
			told, suppressed = told+len(d.Insights), suppressed+len(d.Suppressions[0].Insights)
		}
	}
	if told == 0 || open == 0 || suppressed == 0 {
		t.Errorf("%d insights are told of, %d of them open at the end of a day, %d are suppressed: nothing to compare", told, open, suppressed)
	}
	for k, step := range steps[1:] {
		sameTree(t, fmt.Sprintf("runs every %s", step), found[0], found[1+k])
	}
}

// toldOfDay is what a day's report says, in short.
type toldOfDay struct {
	Insights []struct {
		ID, Change, Type, EventName, Principal string
		State                                  insight.State
		Revision                               int
		Marked                                 *insight.Seen
	}
	Day struct {
		Delivered report.Delivered
		PerDay    []report.DayCount
		Accounts  []struct {
			Account string
			Calls   int64
			Usual   float64
		}
		Marks []insight.Mark
	}
	Rejected []struct{ Object, Reason string }
}

func (s *scenario) day(d trail.Day) (out toldOfDay) {
	s.Helper()
	body, _, err := s.Lake.Get(context.Background(), "reports/"+report.DailyName(d)+"/report.json", 0)
	if err != nil {
		s.Fatal(err)
	}
	if err := json.Unmarshal(body, &out); err != nil {
		s.Fatal(err)
	}
	return out
}

// changes lists what became of the insights on the API's calls over all principals.
func (d *toldOfDay) changes() (out []string) {
	for _, i := range d.Insights {
		if i.Principal == "" && i.EventName == "RunInstances" && i.Type == insight.CallRate.String() {
			out = append(out, fmt.Sprintf("%s %s %d", i.Change, i.State, i.Revision))
		}
	}
	return out
}

func wantChanges(t *testing.T, what string, d toldOfDay, want ...string) {
	t.Helper()
	if got := d.changes(); strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// A day's report says what was known at its end, and is made anew when late objects change what belongs to the day.
func TestDayIsToldAsOfItsEnd(t *testing.T) {
	s, n := newMonth(t)
	day := trail.DayOf(dayStart)
	hour := func(h int) time.Time { return dayStart.Add(time.Duration(h) * time.Hour) }
	for h := 9; h < 76; h++ {
		if h == 23 {
			s.burst(burstID, hour(h), hour(h).Add(59*time.Minute), 300)
			continue
		}
		s.quiet(n, hour(h), hour(h+1))
	}
	s.until(hour(23).Add(40 * time.Minute))
	if _, _, err := s.Lake.Get(context.Background(), "reports/"+report.DailyName(day)+"/report.txt", 0); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("the report of a day that is not over: %v", err)
	}
	s.until(hour(24).Add(40 * time.Minute))
	wantChanges(t, "at its end", s.day(day), "opened open 1")
	opened := ofAPI(t, found(t, s.Lake), insight.CallRate)
	s.mark(opened, insight.AsIncident, hour(30))
	s.until(hour(49))
	wantChanges(t, "the first day", s.day(day), "opened open 1")
	second := s.day(day + 1)
	wantChanges(t, "the second day", second, "closed closed 1")
	if len(second.Day.Marks) != 1 || second.Insights[0].Marked == nil || s.day(day).Insights[0].Marked != nil {
		t.Errorf("what was said: %+v, %+v", second.Day.Marks, second.Insights[0].Marked)
	}
	if told := second.Day.PerDay; len(told) != chartDays || told[chartDays-2].Told != len(s.day(day).Insights) || told[chartDays-1].Told != 0 || told[chartDays-3].Decided || !told[chartDays-2].Decided {
		t.Errorf("a day: %+v", told)
	}
	a := s.day(day).Day.Accounts
	if len(a) != 1 || a[0].Calls != 46+300 || a[0].Usual != 48 {
		t.Errorf("accounts: %+v", a)
	}

	before := s.day(day)
	want := before.Day.Delivered
	if want.Events != 346 || want.Records != 346 {
		t.Errorf("delivered: %+v", want)
	}
	s.put(key(hour(12).Add(time.Minute), "AGAIN"), rec(burstID, hour(23))) // nothing but what is known
	s.put(key(hour(12).Add(2*time.Minute), "ODD"), rec(burstID+700, hour(12), "eventTime", `"soon"`), rec(burstID+701, hour(12).Add(time.Minute), "recipientAccountId", `"222222222222"`, "readOnly", "true"))
	if err := s.Trail.Put(context.Background(), key(hour(12).Add(3*time.Minute), "BROKEN"), []byte("no gzip")); err != nil {
		t.Fatal(err)
	}
	s.until(hour(73)) // the next day: once a day all delivery days are listed
	after := s.day(day)
	want.Objects, want.ObjectsRejected, want.Bytes = want.Objects+3, 1, after.Day.Delivered.Bytes
	want.Records, want.RecordsRejected, want.Events = want.Records+3, 1, want.Events+1
	if d := cmp.Diff(want, after.Day.Delivered); d != "" {
		t.Errorf("after three late objects (-want +got):\n%s", d)
	}
	if len(after.Rejected) != 2 || !strings.Contains(after.Rejected[0].Reason, "1 of its 2 records") || !strings.HasSuffix(after.Rejected[1].Object, "BROKEN.json.gz") || !strings.Contains(after.Rejected[1].Reason, "no records here") {
		t.Errorf("rejected: %+v", after.Rejected)
	}
	wantChanges(t, "after three late objects", after, "opened open 1")

	s.burst(burstID+1000, hour(23), hour(73).Add(5*time.Minute), 200) // late calls make it more
	s.until(hour(74))
	wantChanges(t, "the first day, after late calls", s.day(day), "opened open 2")
	wantChanges(t, "the second day, after late calls", s.day(day+1), "closed closed 2")
}

// A delivery day whose objects are known gets one more, of nothing but repeats: no day's events change, but what was delivered does.
func TestDayCountsLateRepeats(t *testing.T) {
	s, n := newMonth(t)
	day := trail.DayOf(dayStart)
	s.quiet(n, dayStart.Add(9*time.Hour), dayStart.AddDate(0, 0, 4))
	s.until(dayStart.Add(50 * time.Hour))
	before := s.day(day).Day.Delivered
	s.put(key(dayStart.Add(12*time.Hour), "AGAIN"), rec(1, dayStart.AddDate(0, 0, -30).Add(10*time.Minute)))
	s.until(dayStart.Add(73 * time.Hour))
	after := s.day(day).Day.Delivered
	if after.Objects != before.Objects+1 || after.Records != before.Records+1 || after.Events != before.Events {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
