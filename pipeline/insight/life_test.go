package insight

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// A world is one unit over days 0 to days-1 of a track: its calls by minute and the score of each hour. The usual is 60 calls an hour (one a minute), sd 10.
type world struct {
	unit   Unit
	first  trail.Day
	days   int
	calls  map[int32]int64   // minute -> calls
	scores map[int32]Verdict // hour -> verdict
	blind  map[int32]bool    // hours not observed
	marks  *Marks
}

func newWorld() *world {
	return &world{unit: Unit{Series: counts.Series{Account: "111122223333", Region: "eu-central-1", Source: "ec2.amazonaws.com", Name: "RunInstances"}},
		first: 20000, days: 35, calls: map[int32]int64{}, scores: map[int32]Verdict{}, blind: map[int32]bool{}}
}

// usual puts one call into every minute.
func (w *world) usual() *world {
	for m := range int32(w.days * trail.MinutesPerDay) {
		w.calls[m] = 1
	}
	return w
}

// burst puts n calls into each minute of [from, to), and alarms every hour of it by a 5-minute window at its end.
func (w *world) burst(from, to int32, n int64, score float64) *world {
	for m := from; m < to; m++ {
		w.calls[m] = n
	}
	for h := from / 60; h <= (to-1)/60; h++ {
		end := min(to, (h+1)*60)
		w.scores[h] = Verdict{Score: score, Window: 5, End: end % trail.MinutesPerDay, Count: 5 * n, Mean: 5}
		if end%trail.MinutesPerDay == 0 {
			v := w.scores[h]
			v.End = trail.MinutesPerDay
			w.scores[h] = v
		}
	}
	return w
}

func (w *world) candidate(day int) Candidate {
	c := Candidate{First: w.first, Exposure: counts.NewExposure(w.first, w.days)}
	c.Unit = w.unit
	minutes := make([]int32, 0, len(w.calls))
	for m := range w.calls {
		minutes = append(minutes, m)
	}
	slices.Sort(minutes)
	for _, m := range minutes {
		if m < int32(day+1)*trail.MinutesPerDay && m >= int32(day-9)*trail.MinutesPerDay {
			c.Track = append(c.Track, counts.Point{Minute: m, N: w.calls[m]})
		}
	}
	for h := range w.days * 24 {
		if !w.blind[int32(h)] {
			c.Exposure.Mark(h)
		}
	}
	for h := range 24 {
		abs := int32(day*24 + h)
		hour := Hour{Observed: !w.blind[abs], Mean: 60, SD: 10, Upper: 95, Best: Verdict{Score: math.Inf(-1), End: int32(h+1) * 60}}
		for m := abs * 60; m < (abs+1)*60; m++ {
			hour.Count += w.calls[m]
		}
		if v, ok := w.scores[abs]; ok && hour.Observed {
			hour.Best = v
		}
		c.Hours[h] = hour
	}
	return c
}

var limits = Thresholds{7, 7, 7, 7}

// run decides days from..to as days of one step, or in steps hours apart.
func (w *world) run(t testing.TB, from, to, steps int) ([]Insight, *DayState) {
	t.Helper()
	state := NewDayState(w.first + trail.Day(from))
	found := map[string]Insight{}
	for d := from; d < to; d++ {
		c := w.candidate(d)
		day := w.first + trail.Day(d)
		state.Marks = w.marks
		var next *DayState
		for upto := steps; upto <= 24; upto += steps {
			var list []Insight
			var cands []Candidate
			if state.Needs(&c.DayScore, limits, upto) {
				cands = []Candidate{c}
			}
			before, _ := json.Marshal(state)
			list, next = Step(state, day, cands, 0, upto, limits)
			if after, _ := json.Marshal(state); string(before) != string(after) {
				t.Fatal("Step changed the state it was given")
			}
			for _, i := range list {
				found[i.ID] = i
			}
		}
		body, err := json.Marshal(next)
		if err != nil {
			t.Fatal(err)
		}
		state = &DayState{}
		if err := json.Unmarshal(body, state); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(state, next) {
			t.Fatalf("state does not survive JSON:\n%s", cmp.Diff(next, state))
		}
	}
	var out []Insight
	for _, i := range found {
		out = append(out, i)
	}
	slices.SortFunc(out, Compare)
	return out, state
}

func (w *world) instant(m int32) time.Time {
	return w.first.Start().Add(time.Duration(m) * time.Minute)
}

func minuteOf(day, hour, minute int32) int32 { return day*trail.MinutesPerDay + hour*60 + minute }

func TestLifeOfABurst(t *testing.T) {
	w := newWorld().usual().burst(minuteOf(10, 9, 42), minuteOf(10, 9, 59), 33, 12)
	got, _ := w.run(t, 10, 12, 24)
	if len(got) != 1 {
		t.Fatalf("%d insights, want 1", len(got))
	}
	i := got[0]
	start, end := w.instant(minuteOf(10, 9, 42)), w.instant(minuteOf(10, 9, 59))
	if i.State != Closed || !i.Whole.Start.Equal(start) || !i.Whole.End.Equal(end) || i.Whole.Count != 17*33 {
		t.Errorf("whole %+v, want %v to %v with %d", i.Whole, start, end, 17*33)
	}
	if !i.Detected.Start.Equal(start) || !i.Detected.End.Equal(end) {
		t.Errorf("detected %+v", i.Detected)
	}
	if n := i.Baseline.Minutes(); n != 10662 || i.Baseline.Count != 10662 { // since midnight a week before
		t.Errorf("baseline of %d minutes and %d calls, want 10662 of both", n, i.Baseline.Count)
	}
	if math.Abs(i.Expected-17) > 1e-9 {
		t.Errorf("expected %v, want 17", i.Expected)
	}
	if n := len(i.Hours); n != 25 || !i.Hours[0].Hour.Equal(w.instant(minuteOf(9, 9, 0))) {
		t.Errorf("%d hours from %v, want 25 from the hour a day before", n, i.Hours[0].Hour)
	}
	if !i.Peak.Equal(start) {
		t.Errorf("peak %v", i.Peak)
	}
}

func TestLifeOpenAndQuiet(t *testing.T) {
	loud := func(w *world, hours ...int32) *world {
		for _, h := range hours {
			w.burst(h*60+10, h*60+30, 20, 9)
		}
		return w
	}
	blind := func(w *world, hours ...int32) *world {
		for _, h := range hours {
			w.blind[h] = true
			for m := h * 60; m < h*60+60; m++ {
				delete(w.calls, m)
			}
		}
		return w
	}
	score := func(w *world, window int, hours ...int32) *world { // without more calls than usual
		for _, h := range hours {
			w.scores[h] = Verdict{Score: 4, Window: window, End: (h%24 + 1) * 60}
		}
		return w
	}
	for _, c := range []struct {
		name   string
		w      *world
		want   int
		ends   int32 // minute the first one ends
		closed State
	}{
		{"a gap of two hours continues", loud(newWorld().usual(), 250, 253), 1, 253*60 + 30, Closed},
		{"a gap of three hours ends it", loud(newWorld().usual(), 250, 254), 2, 250*60 + 30, Closed},
		{"unobserved hours do not end it", blind(loud(newWorld().usual(), 250, 256), 251, 252, 253), 1, 256*60 + 30, Closed},
		{"nor extend it", blind(loud(newWorld().usual(), 250), 251, 252), 1, 250*60 + 30, Closed},
		{"a score a little below the threshold continues", score(loud(newWorld().usual(), 250, 254), 60, 251, 252, 253), 1, 254*60 + 30, Closed},
		{"the echo in a long window does not", score(loud(newWorld().usual(), 250, 254), 1440, 251, 252, 253), 2, 250*60 + 30, Closed},
		{"quiet hours before midnight count after it", loud(newWorld().usual(), 262, 266), 2, 262*60 + 30, Closed},
		{"over midnight", loud(newWorld().usual(), 262, 264, 265), 1, 265*60 + 30, Closed},
		{"still open", loud(newWorld().usual(), 287), 1, 288 * 60, Open},
	} {
		got, _ := c.w.run(t, 10, 12, 24)
		if len(got) != c.want {
			t.Errorf("%s: %d insights, want %d", c.name, len(got), c.want)
			continue
		}
		if !got[0].Whole.End.Equal(c.w.instant(c.ends)) || got[0].State != c.closed {
			t.Errorf("%s: ends %v %s, want %v %s", c.name, got[0].Whole.End, got[0].State, c.w.instant(c.ends), c.closed)
		}
	}
}

// An hour that was not observed adds nothing to what was expected.
func TestLifeExpectsNothingUnobserved(t *testing.T) {
	w := newWorld().usual().burst(250*60+10, 250*60+60, 20, 9).burst(252*60, 252*60+30, 20, 9)
	w.blind[251] = true
	for m := int32(251 * 60); m < 252*60; m++ {
		delete(w.calls, m)
	}
	got, _ := w.run(t, 10, 11, 24)
	if len(got) != 1 || math.Abs(got[0].Expected-80) > 1e-9 || got[0].Whole.Minutes() != 140 {
		t.Errorf("got %+v, want 80 expected in 140 minutes", got)
	}
}

// An insight is not dated back into the one before, not even over midnight.
func TestLifeDoesNotOverlap(t *testing.T) {
	w := newWorld().usual().burst(260*60, 260*60+30, 20, 9)
	w.burst(269*60, 269*60+30, 20, 9)
	w.scores[269] = Verdict{Score: 9, Window: 1440, End: (269%24 + 1) * 60}
	got, _ := w.run(t, 10, 12, 24)
	if len(got) != 2 || got[1].Whole.Start.Before(w.instant(264*60)) {
		t.Errorf("got %+v, want the second to begin after the first was closed at midnight", got)
	}
}

func TestLifeForcedToClose(t *testing.T) {
	w := newWorld().usual().burst(minuteOf(10, 4, 30), minuteOf(20, 0, 0), 9, 9)
	got, _ := w.run(t, 10, 21, 24)
	if len(got) != 2 {
		t.Fatalf("%d insights, want 2: one a week", len(got))
	}
	if n := got[0].Whole.Minutes(); got[0].State != Closed || n < LongestHours*60 || n > LongestHours*60+60 {
		t.Errorf("first %s after %d minutes", got[0].State, n)
	}
	if got[1].Whole.Start.Before(got[0].Whole.End) {
		t.Errorf("the second begins %v, within the first, which ends %v", got[1].Whole.Start, got[0].Whole.End)
	}
}

// A long window is dated back to where the excess began, at most by its length.
func TestLifeBackdatesLongWindow(t *testing.T) {
	w := newWorld()
	for h := int32(240); h < 270; h++ {
		w.calls[h*60+7] = 200
	}
	w.scores[269] = Verdict{Score: 9, Window: 1440, End: (269%24 + 1) * 60}
	got, _ := w.run(t, 11, 12, 24)
	if len(got) != 1 || !got[0].Whole.Start.Equal(w.instant(246*60+7)) {
		t.Fatalf("got %+v, want a start in the first minute with calls of the window's 24 hours", got)
	}
}

// Whatever a unit does, deciding by the hour, by three hours and by the day gives the same insights and the same state.
func TestLifeDoesNotDependOnSchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.days = 16
		for range rapid.IntRange(0, 200).Draw(t, "calls") {
			w.calls[rapid.Int32Range(0, 16*1440-1).Draw(t, "minute")] = rapid.Int64Range(1, 500).Draw(t, "n")
		}
		for range rapid.IntRange(1, 60).Draw(t, "verdicts") {
			h := rapid.Int32Range(9*24, 16*24-1).Draw(t, "hour")
			window := rapid.SampledFrom([]int{5, 15, 60, 180, 360, 720, 1440}).Draw(t, "window")
			end := (h%24 + 1) * 60
			if window < 60 {
				end -= rapid.SampledFrom([]int32{0, 5, 30}).Draw(t, "early")
			}
			w.scores[h] = Verdict{Score: rapid.SampledFrom([]float64{3, 5.5, 7, 12}).Draw(t, "score"), Window: window, End: end}
		}
		for range rapid.IntRange(0, 20).Draw(t, "blind") {
			w.blind[rapid.Int32Range(9*24, 16*24-1).Draw(t, "unseen")] = true
		}
		day, state := w.run(tb(t), 9, 16, 24)
		for _, steps := range []int{1, 3} {
			again, after := w.run(tb(t), 9, 16, steps)
			if d := cmp.Diff(day, again); d != "" {
				t.Fatalf("steps of %d hours:\n%s", steps, d)
			}
			if d := cmp.Diff(state, after); d != "" {
				t.Fatalf("state after steps of %d hours:\n%s", steps, d)
			}
		}
		for k, i := range day {
			if i.Whole.Minutes() < 1 || i.Detected.Minutes() < 1 || i.Whole.Count < 1 || math.IsNaN(i.Expected) {
				t.Fatalf("impossible insight %+v", i)
			}
			if k > 0 && i.Whole.Start.Before(day[k-1].Whole.End) {
				t.Fatalf("insights of one unit overlap: %+v and %+v", day[k-1].Whole, i.Whole)
			}
			if w.calls[int32(i.Whole.Start.Sub(w.first.Start())/time.Minute)] == 0 {
				t.Fatalf("begins %v, in a minute without calls", i.Whole.Start)
			}
		}
	})
}

// tb lets run, which wants a testing.TB, fail a rapid check.
func tb(t *rapid.T) testing.TB { return rapidTB{TB: nil, t: t} }

type rapidTB struct {
	testing.TB
	t *rapid.T
}

func (r rapidTB) Helper()                   { r.t.Helper() }
func (r rapidTB) Fatal(a ...any)            { r.t.Fatal(a...) }
func (r rapidTB) Fatalf(f string, a ...any) { r.t.Fatalf(f, a...) }

func TestQuarantine(t *testing.T) {
	flag := func(w *world, days ...int32) *world {
		for _, d := range days {
			h := d*24 + 5
			w.scores[h] = Verdict{Score: 5.5, Window: 60, End: 360}
		}
		return w
	}
	hour := func(d int32) int32 { return (20000+d)*24 + 5 }
	for _, c := range []struct {
		name string
		w    *world
		upto int
		want []int32
	}{
		{"flagged", flag(newWorld(), 1, 8), 9, []int32{hour(1), hour(8)}},
		{"three days of 14 are usual", flag(newWorld(), 1, 8, 14), 15, nil},
		{"three days of 15 are not", flag(newWorld(), 1, 8, 15), 16, []int32{hour(1), hour(8), hour(15)}},
		{"three days that go on are usual", flag(newWorld(), 12, 13, 14), 15, nil},
		{"three days that are over are not", flag(newWorld(), 12, 13, 14), 17, []int32{hour(12), hour(13), hour(14)}},
		{"nor are six", flag(newWorld(), 9, 10, 11, 12, 13, 14), 17, []int32{hour(9), hour(10), hour(11), hour(12), hour(13), hour(14)}},
		{"a week is usual for good", flag(newWorld(), 8, 9, 10, 11, 12, 13, 14), 17, nil},
		{"nor when they come back once", flag(newWorld(), 12, 13, 14, 20), 22, []int32{hour(12), hour(13), hour(14), hour(20)}},
		{"but twice", flag(newWorld(), 12, 13, 14, 18, 22), 24, nil},
		{"two days with one between are one time and another", flag(newWorld(), 12, 13, 15), 17, []int32{hour(12), hour(13), hour(15)}},
		{"released for good", flag(newWorld(), 1, 8, 14), 29, nil},
		{"even when its first day is forgotten", flag(newWorld(), 1, 8, 14), 33, nil},
		{"hidden for 28 days", flag(newWorld(), 1), 29, []int32{hour(1)}},
		{"and no longer", flag(newWorld(), 1), 30, nil},
	} {
		_, state := c.w.run(t, 0, c.upto, 24)
		if d := cmp.Diff(c.want, state.Masked(c.w.unit)); d != "" {
			t.Errorf("%s:\n%s", c.name, d)
		}
	}
	other := newWorld().unit
	other.Principal = "someone else"
	if _, state := flag(newWorld(), 3).run(t, 0, 5, 24); state.Masked(other) != nil {
		t.Error("one unit's hours are hidden from another's fit")
	}
}

func TestNesting(t *testing.T) {
	api := newWorld().usual().burst(minuteOf(10, 9, 0), minuteOf(10, 9, 30), 30, 9)
	one := newWorld().burst(minuteOf(10, 9, 10), minuteOf(10, 9, 20), 30, 9)
	one.unit.Principal = "arn:aws:iam::111122223333:user/anna"
	cands := []Candidate{api.candidate(10), one.candidate(10)}
	found, _ := Step(NewDayState(20010), 20010, cands, 0, 24, limits)
	if len(found) != 2 || found[1].Parent != found[0].ID || found[0].Parent != "" {
		t.Fatalf("got %+v", found)
	}
}
