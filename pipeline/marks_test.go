package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store/storetest"
)

// bursts is newMonth with bursts of 300 calls in the hour from 09:00, so many days after dayStart, and quiet hours up to the last of all; each is
// delivered within the hour.
func bursts(t *testing.T, last int, days ...int) *scenario {
	s, n := newMonth(t)
	for at := dayStart.Add(9 * time.Hour); at.Before(dayStart.AddDate(0, 0, last)); at = at.Add(time.Hour) {
		if d := int(at.Sub(dayStart) / (24 * time.Hour)); at.Hour() == 9 && slices.Contains(days, d) {
			s.burst(burstID+1000*d, at, at.Add(59*time.Minute), 300)
			continue
		}
		s.quiet(n, at, at.Add(time.Hour))
	}
	return s
}

// told lists the insights on the API over all principals, as "31 08:40 to 10:11 closed".
func (s *scenario) told() []string {
	s.Helper()
	var out []string
	for _, i := range found(s.T, s.Lake) {
		if i.Principal == "" && i.Name == "RunInstances" && i.Kind == insight.CallRate {
			out = append(out, i.Whole.Start.Format("02 15:04")+i.Whole.End.Format(" to 15:04 ")+string(i.State))
		}
	}
	return out
}

func (s *scenario) mark(i insight.Insight, as insight.As, at time.Time) *insight.Mark {
	s.Helper()
	m, err := Mark(context.Background(), MarkOptions{Lake: s.Lake, ID: i.ID, As: as, Undo: as == "", By: "anna", Note: "new job", Ticket: "OPS-1", At: at})
	if err != nil {
		s.Fatal(err)
	}
	return m.Mark
}

func (s *scenario) until(at time.Time) *Result {
	s.Helper()
	s.AsOf = at
	return s.run(0)
}

// first runs until the first burst's insight is open, and returns it.
func (s *scenario) first() insight.Insight {
	s.Helper()
	s.until(dayStart.Add(10*time.Hour + 40*time.Minute))
	return ofAPI(s.T, found(s.T, s.Lake), insight.CallRate)
}

// What is said of the first burst, at 10:45 on its day, and what becomes of those after it. The same hour of the week is 7 days later.
func TestVerdicts(t *testing.T) {
	first, third, fifth, seventh := "31 08:40 to 10:11 closed", "03 08:40 to 10:11 closed", "05 08:40 to 10:11 closed", "07 08:40 to 10:11 closed"
	soon := dayStart.Add(10*time.Hour + 45*time.Minute)
	for _, c := range []struct {
		name string
		days []int
		as   insight.As
		undo time.Duration // after dayStart; 0: never
		want []string
	}{
		{"a week later", []int{0, 7}, "", 0, []string{first, seventh}},
		{"benign", []int{0, 7}, insight.AsBenign, 0, []string{first}},
		{"benign, and again on another day: it excuses what was, not what may come", []int{0, 3}, insight.AsBenign, 0, []string{first, third}},
		{"benign, taken back the same day", []int{0, 7}, insight.AsBenign, 12 * time.Hour, []string{first, seventh}},
		{"benign, taken back in time", []int{0, 7}, insight.AsBenign, 7*24*time.Hour - time.Second, []string{first, seventh}},
		{"benign, taken back when it no longer matters", []int{0, 7}, insight.AsBenign, 7 * 24 * time.Hour, []string{first}},
		{"an incident", []int{0, 7}, insight.AsIncident, 0, []string{first, seventh}},
		{"three times in a week", []int{0, 3, 5, 7}, "", 0, []string{first, third, fifth}},
		{"three times in a week, once an incident", []int{0, 3, 5, 7}, insight.AsIncident, 0, []string{first, third, fifth, seventh}},
		{"three times in a week, closed", []int{0, 3, 5, 7}, insight.AsClosed, 0, []string{first, third, fifth}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := bursts(t, 8, c.days...)
			i := s.first()
			if c.as != "" {
				if m := s.mark(i, c.as, soon); len(m.Of) != 3 || !m.Of[1].Unit.IsTotal() || m.Of[2].Unit.Principal == "" {
					t.Errorf("of %+v, want the API, all that its principal calls, and both", m.Of)
				}
			}
			if c.undo > 0 {
				s.mark(i, "", dayStart.Add(c.undo))
			}
			r := s.until(dayStart.AddDate(0, 0, 8).Add(time.Hour))
			if d := cmp.Diff(c.want, s.told()); d != "" {
				t.Errorf("insights (-want +got):\n%s", d)
			}
			said := 0
			for _, i := range found(t, s.Lake) {
				if i.Seen != nil {
					said++
					if i.Seen.By != "anna" || i.Seen.Ticket != "OPS-1" || i.Seen.As != c.as || !i.Whole.Start.After(soon) {
						t.Errorf("seen before: %+v", i.Seen)
					}
				}
			}
			if wants := c.as != "" && c.undo != 12*time.Hour && len(c.want) > 1 && c.undo != 7*24*time.Hour-time.Second; wants != (said > 0) {
				t.Errorf("%d insights say what was said before", said)
			}
			if s.commit().Marks == 0 != (c.as == "") || r.Report.Marks[i.ID] == nil != (c.as == "" || c.undo > 0) {
				t.Errorf("heeded %d, told %+v", s.commit().Marks, r.Report.Marks)
			}
		})
	}
}

// A burst that goes on for days is closed as of the hour after the mark, and nothing else opens until it is over.
func TestClosedByHand(t *testing.T) {
	s, n := newMonth(t)
	for h := 9; h < 30; h++ {
		from := dayStart.Add(time.Duration(h) * time.Hour)
		s.burst(burstID+1000*h, from, from.Add(59*time.Minute), 300)
	}
	s.quiet(n, dayStart.Add(30*time.Hour), dayStart.Add(48*time.Hour))
	i := s.first()
	s.mark(i, insight.AsClosed, dayStart.Add(14*time.Hour+20*time.Minute))
	s.until(dayStart.Add(17 * time.Hour))
	want := []string{"31 08:40 to 15:00 closed"}
	if d := cmp.Diff(want, s.told()); d != "" {
		t.Errorf("at 17:00 (-want +got):\n%s", d)
	}
	s.until(dayStart.Add(32 * time.Hour))
	if d := cmp.Diff(want, s.told()); d != "" {
		t.Errorf("the day after, at its end (-want +got):\n%s", d)
	}
	if _, err := Mark(t.Context(), MarkOptions{Lake: s.Lake, ID: i.ID, As: insight.AsClosed, By: "anna", Note: "x", At: s.AsOf}); !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), "closed already") {
		t.Errorf("closing it again: %v", err)
	}
}

// The marks of one lake on a copy of its trail: whenever runs happen, and be they made late for hours that are decided, the same insights.
func TestWhenItRunsDoesNotMatterWithMarks(t *testing.T) {
	s := bursts(t, 8, 0, 3, 5, 7)
	i := s.first()
	at := func(d, h, m int) time.Time {
		return dayStart.AddDate(0, 0, d).Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute)
	}
	s.mark(i, insight.AsClosed, at(0, 10, 41))
	s.mark(i, insight.AsBenign, at(0, 11, 0))
	s.mark(i, "", at(3, 12, 0))
	s.mark(i, insight.AsIncident, at(4, 3, 0))
	last := at(8, 1, 0)
	every := func(step time.Duration, from int, late bool) []insight.Insight {
		o := s.Options
		o.Lake = folder(t)
		copyMarks := func() {
			for n := 1; n <= 4; n++ {
				body := s.markFile(n)
				if err := o.Lake.Put(t.Context(), markKey(n), body); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !late {
			copyMarks()
		}
		for o.AsOf = at(0, from, 40); step > 0 && o.AsOf.Before(last); o.AsOf = o.AsOf.Add(step) {
			if late && o.AsOf.After(at(5, 18, 0)) {
				late = false
				copyMarks()
			}
			mustRun(t, o)
		}
		o.AsOf = last
		mustRun(t, o)
		return found(t, o.Lake)
	}
	want := every(0, 0, false)
	if len(want) < 8 {
		t.Fatalf("%d insights", len(want))
	}
	for _, c := range []struct {
		name string
		step time.Duration
		from int
		late bool
	}{{"every 11 hours", 11 * time.Hour, 10, false}, {"daily", 24 * time.Hour, 14, false}, {"every 17 hours, marks made late", 17 * time.Hour, 10, true}} {
		got := every(c.step, c.from, c.late)
		if !c.late {
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-at once +got):\n%s", c.name, d)
			}
			continue
		}
		// What was told without the marks keeps its numbers where they change no finding.
		if d := cmp.Diff(findings(want), findings(got)); d != "" {
			t.Errorf("%s (-at once +got):\n%s", c.name, d)
		}
	}
}

// findings lists what insights say, without those that were taken back.
func findings(list []insight.Insight) (out []string) {
	for _, i := range list {
		if i.State != insight.Retracted {
			out = append(out, fmt.Sprintf("%s %s %q %q %s to %s: %d, %v", i.ID, i.Kind, i.Name, i.Principal, stamp(i.Whole.Start), stamp(i.Whole.End), i.Whole.Count, i.Seen))
		}
	}
	return out
}

// markFile reads a mark as it lies in the lake.
func (s *scenario) markFile(number int) []byte {
	s.Helper()
	body, _, err := s.Lake.Get(s.Context(), markKey(number), 0)
	if err != nil {
		s.Fatal(err)
	}
	return body
}

func TestMarksThatCannotBe(t *testing.T) {
	s := bursts(t, 1, 0)
	i := s.first()
	soon := dayStart.Add(11 * time.Hour)
	for _, c := range []struct {
		change func(*MarkOptions)
		want   string
	}{
		{func(o *MarkOptions) { o.ID = "00000000-0000-0000-0000-000000000000" }, "no such insight"},
		{func(o *MarkOptions) { o.ID = "../../state/lease" }, "no such insight"},
		{func(o *MarkOptions) { o.By = "\t" }, "by is empty"},
		{func(o *MarkOptions) { o.By = "an\x1b[2Jna" }, "cannot be seen"},
		{func(o *MarkOptions) { o.Note = "" }, "note is empty"},
		{func(o *MarkOptions) { o.As = "fine" }, "none of benign"},
		{func(o *MarkOptions) { o.As, o.Undo = "", true }, "no mark to take back"},
		{func(o *MarkOptions) { o.At = i.Whole.Start }, "before it began"},
	} {
		o := MarkOptions{Lake: s.Lake, ID: i.ID, As: insight.AsBenign, By: "anna", Note: "x", At: soon}
		c.change(&o)
		if _, err := Mark(t.Context(), o); !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	if list := must(readMarks(t.Context(), s.Lake))(t); len(list) > 0 {
		t.Errorf("recorded %+v", list)
	}
	m := s.mark(i, insight.AsBenign, soon)
	if _, err := Mark(t.Context(), MarkOptions{Lake: s.Lake, ID: i.ID, Undo: true, By: "ben", At: soon.Add(-time.Minute)}); !errors.Is(err, ErrUsage) {
		t.Errorf("taken back before it was made: %v", err)
	}
	if u := s.mark(i, "", soon); u.Undoes != m.Number || u.As != m.As {
		t.Errorf("%+v takes back %+v", u, m)
	}
	if _, err := Mark(t.Context(), MarkOptions{Lake: s.Lake, ID: i.ID, Undo: true, By: "ben", At: soon}); !errors.Is(err, ErrUsage) {
		t.Errorf("taken back twice: %v", err)
	}
}

// Marks made at once are all there, numbered without a gap; and one that is missing or damaged ends a run before it decides without it.
func TestMarksAtOnce(t *testing.T) {
	s := bursts(t, 1, 0)
	i := s.first()
	const many = 12
	var wg sync.WaitGroup
	for k := range many {
		wg.Go(func() {
			_, err := Mark(context.Background(), MarkOptions{Lake: s.Lake, ID: i.ID, As: insight.AsBenign, By: fmt.Sprint("analyst ", k), Note: "x", At: dayStart.Add(11 * time.Hour)})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	who := map[string]bool{}
	list := must(readMarks(t.Context(), s.Lake))(t)
	for _, m := range list {
		who[m.By] = true
	}
	if len(list) != many || len(who) != many {
		t.Fatalf("%d marks of %d people", len(list), len(who))
	}
	s.AsOf = dayStart.Add(16 * time.Hour)
	name := s.Lake.URL(markKey(5))
	whole := must(os.ReadFile(name))(t)
	for what, damage := range map[string]func() error{
		"missing": func() error { return os.Remove(name) },
		"cut":     func() error { return os.WriteFile(name, whole[:20], 0o666) },
		"other":   func() error { return os.WriteFile(name, []byte("{}\n"), 0o666) },
		"another": func() error {
			return os.WriteFile(name, []byte(strings.Replace(string(whole), `"number":5`, `"number":6`, 1)), 0o666)
		},
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(t.Context(), s.Options); !errors.Is(err, lake.ErrForeign) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", what, err)
		}
		if err := os.WriteFile(name, whole, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s.run(0)
	if c := s.commit(); c.Marks != many || c.Decided.Before(dayStart.Add(12*time.Hour)) {
		t.Errorf("%d marks heeded, decided up to %s", c.Marks, c.Decided)
	}
}

// A mark made while a run decides does not disturb it, and the next one heeds it.
func TestMarkDuringARun(t *testing.T) {
	s := bursts(t, 8, 0, 7)
	i := s.first()
	plain := s.Lake
	var once sync.Once
	s.Lake = storetest.Hooked(plain, func(op, key string) error {
		if op == "Put" && strings.HasPrefix(key, "state/insights/") {
			once.Do(func() {
				_, err := Mark(context.Background(), MarkOptions{Lake: plain, ID: i.ID, As: insight.AsBenign, By: "anna", Note: "x", At: dayStart.Add(15 * time.Hour)})
				if err != nil {
					t.Error(err)
				}
			})
		}
		return nil
	}, nil)
	s.until(dayStart.Add(15*time.Hour + 40*time.Minute))
	s.Lake = plain
	if n := s.commit().Marks; n != 0 {
		t.Errorf("%d marks heeded by the run that had begun", n)
	}
	s.mark(i, insight.AsIncident, dayStart.AddDate(0, 0, 30)) // later than the run's as-of
	s.until(dayStart.AddDate(0, 0, 8).Add(time.Hour))
	if d := cmp.Diff([]string{"31 08:40 to 10:11 closed"}, s.told()); d != "" || s.commit().Marks != 1 {
		t.Errorf("%d heeded; insights (-want +got):\n%s", s.commit().Marks, d)
	}
}

// Upkeep leaves marks alone.
func TestMarksOutliveUpkeep(t *testing.T) {
	s := bursts(t, 60, 0)
	i := s.first()
	s.mark(i, insight.AsIncident, dayStart.Add(11*time.Hour))
	before := s.markFile(1)
	s.until(dayStart.AddDate(0, 0, 60))
	u := UpkeepOptions{Lake: s.Lake}
	if _, err := Expire(t.Context(), ExpireOptions{UpkeepOptions: u, KeepDays: 52}); err != nil {
		t.Fatal(err)
	}
	if _, err := GC(t.Context(), GCOptions{UpkeepOptions: u, Now: time.Now().AddDate(3, 0, 0)}); err != nil {
		t.Fatal(err)
	}
	if _, err := FindInsight(t.Context(), s.Lake, i.ID); !errors.Is(err, ErrNoInsight) {
		t.Errorf("the insight is still there: %v", err)
	}
	if after := s.markFile(1); string(after) != string(before) {
		t.Errorf("mark %s, was %s", after, before)
	}
}
