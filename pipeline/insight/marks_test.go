package insight

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// mark is a mark on the unit's insight in the given minutes, made some time after the world's first day began.
func (w *world) mark(number int, as As, from, to int32, after time.Duration) Mark {
	other := w.unit
	other.Name = "StopInstances"
	return Mark{Number: number, Insight: "i", As: as, By: "anna", Note: "n", At: w.first.Start().Add(after),
		Of: []Marked{{"i", w.unit, w.instant(from), w.instant(to)}, {"below", other, w.instant(from), w.instant(to)}}}
}

func undo(number, of int, after time.Duration, w *world) Mark {
	return Mark{Number: number, Insight: "i", Undoes: of, By: "ben", At: w.first.Start().Add(after)}
}

const aDay = 24 * time.Hour

func TestMarkedHours(t *testing.T) {
	hours := func(days ...int32) (out []int32) {
		for _, d := range days {
			out = append(out, (20000+d)*24+9)
		}
		return out
	}
	bursts := func(days ...int32) *world {
		w := newWorld().usual()
		for _, d := range days {
			w.burst(minuteOf(d, 9, 5), minuteOf(d, 9, 50), 30, 9)
		}
		return w
	}
	of := func(w *world, number int, as As, day int32, after time.Duration) Mark {
		return w.mark(number, as, minuteOf(day, 9, 5), minuteOf(day, 9, 50), after)
	}
	two, four := bursts(10, 12), bursts(10, 12, 14, 16)
	long := newWorld().usual().burst(minuteOf(10, 20, 30), minuteOf(11, 2, 30), 30, 9)
	lateHours := []int32{}
	for h := int32(20); h < 27; h++ {
		lateHours = append(lateHours, (20010)*24+h)
	}
	for _, c := range []struct {
		name  string
		w     *world
		marks []Mark
		upto  int
		want  []int32
	}{
		{"no mark", two, nil, 13, hours(10, 12)},
		{"benign is released", two, []Mark{of(two, 1, AsBenign, 10, 10*aDay+12*time.Hour)}, 13, hours(12)},
		{"from the day after", two, []Mark{of(two, 1, AsBenign, 10, 13*aDay)}, 13, hours(10, 12)},
		{"the last moment of the day", two, []Mark{of(two, 1, AsBenign, 10, 13*aDay-time.Second)}, 13, hours(12)},
		{"taken back", two, []Mark{of(two, 1, AsBenign, 10, 10*aDay+12*time.Hour), undo(2, 1, 11*aDay, two)}, 13, hours(10, 12)},
		{"not taken back yet", two, []Mark{of(two, 1, AsBenign, 10, 10*aDay+12*time.Hour), undo(2, 1, 13*aDay, two)}, 13, hours(12)},
		{"marked again", two, []Mark{of(two, 1, AsBenign, 10, 10*aDay+12*time.Hour), undo(2, 1, 11*aDay, two), of(two, 3, AsBenign, 10, 12*aDay)}, 13, hours(12)},
		{"three days in two weeks are usual", four, nil, 17, nil},
		{"but not an incident's", four, []Mark{of(four, 1, AsIncident, 16, 16*aDay+12*time.Hour)}, 17, hours(16)},
		{"which makes no other hour usual", bursts(10, 12, 14), []Mark{of(four, 1, AsIncident, 10, 10*aDay+12*time.Hour)}, 15, hours(10, 12, 14)},
		{"the newer mark holds", two, []Mark{of(two, 1, AsIncident, 10, 10*aDay+12*time.Hour), of(two, 2, AsBenign, 10, 11*aDay)}, 13, hours(12)},
		{"and when it is taken back the older", two, []Mark{of(two, 1, AsBenign, 10, 10*aDay+12*time.Hour), of(two, 2, AsIncident, 10, 11*aDay), undo(3, 2, 12*aDay, two)}, 13, hours(12)},
		{"closed teaches nothing", two, []Mark{of(two, 1, AsClosed, 10, 10*aDay+12*time.Hour)}, 13, hours(10, 12)},
		{"an incident out of sight", bursts(2, 4), []Mark{of(two, 1, AsIncident, 2, 2*aDay+12*time.Hour), of(two, 2, AsIncident, 4, 5*aDay)}, 31, hours(4)},
		{"open over midnight, unmarked", long, nil, 12, lateHours},
		{"marked while it was open", long, []Mark{long.mark(1, AsBenign, minuteOf(10, 20, 30), minuteOf(10, 21, 0), 10*aDay+23*time.Hour)}, 12, nil},
		{"and in the state of that midnight", long, []Mark{long.mark(1, AsBenign, minuteOf(10, 20, 30), minuteOf(10, 21, 0), 10*aDay+23*time.Hour)}, 11, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := *c.w
			w.marks = NewMarks(c.marks)
			_, state := w.run(t, 1, c.upto, 24)
			state.Marks = w.marks
			got := state.Masked(w.unit)
			if len(got)+len(c.want) > 0 && !slices.Equal(got, c.want) {
				t.Errorf("hidden %v, want %v", got, c.want)
			}
			other := w.unit
			other.Principal = "arn:aws:iam::111122223333:user/anna"
			if hidden := state.Masked(other); hidden != nil {
				t.Errorf("of another unit %v", hidden)
			}
		})
	}
}

// A burst from day 10, 09:10 on, for three days.
func TestMarkedClosed(t *testing.T) {
	w := newWorld().usual().burst(minuteOf(10, 9, 10), minuteOf(13, 9, 10), 30, 9)
	closed := w.mark(1, AsClosed, minuteOf(10, 9, 10), minuteOf(10, 14, 0), 10*aDay+14*time.Hour+20*time.Minute)
	spans := func(list []Insight) (out []string) {
		for _, i := range list {
			out = append(out, i.Whole.Start.Format("02T15:04")+" "+i.Whole.End.Format("02T15:04")+" "+string(i.State))
		}
		return out
	}
	day := func(d, hour, minute int32) string { return w.instant(minuteOf(d, hour, minute)).Format("02T15:04") }
	first := day(10, 9, 10) + " " + day(10, 15, 0) + " closed"
	rises := newWorld().usual().burst(minuteOf(10, 9, 10), minuteOf(13, 9, 10), 30, 9).burst(minuteOf(11, 3, 0), minuteOf(11, 9, 0), 59, 99)
	louder := newWorld().usual().burst(minuteOf(10, 9, 10), minuteOf(13, 9, 10), 30, 9).burst(minuteOf(11, 3, 0), minuteOf(11, 9, 0), 61, 9)
	again := newWorld().usual().burst(minuteOf(10, 9, 10), minuteOf(10, 18, 0), 30, 9)
	again.burst(minuteOf(10, 22, 0), minuteOf(10, 22, 30), 30, 9)
	for _, c := range []struct {
		name  string
		w     *world
		marks []Mark
		want  []string
	}{
		{"no mark", w, nil, []string{day(10, 9, 10) + " " + day(13, 9, 10) + " closed"}},
		{"closed as of the next full hour", w, []Mark{closed}, []string{first}},
		{"on the hour", w, []Mark{w.mark(1, AsClosed, minuteOf(10, 9, 10), minuteOf(10, 14, 0), 10*aDay+15*time.Hour-time.Second)}, []string{first}},
		{"at midnight", w, []Mark{w.mark(1, AsClosed, minuteOf(10, 9, 10), minuteOf(10, 14, 0), 11*aDay-time.Minute)}, []string{day(10, 9, 10) + " " + day(11, 0, 0) + " closed"}},
		{"taken back in time", w, []Mark{closed, undo(2, 1, 10*aDay+14*time.Hour+40*time.Minute, w)}, []string{day(10, 9, 10) + " " + day(13, 9, 10) + " closed"}},
		{"taken back late: the rest opens again", w, []Mark{closed, undo(2, 1, 11*aDay+6*time.Hour+30*time.Minute, w)},
			[]string{first, day(11, 6, 55) + " " + day(13, 9, 10) + " closed"}},
		{"up to twice as many calls are no news, whatever their score", rises, []Mark{closed}, []string{first}},
		{"more are", louder, []Mark{closed}, []string{first, day(11, 2, 55) + " " + day(13, 9, 10) + " closed"}},
		{"another one after it is over", again, []Mark{closed}, []string{first, day(10, 22, 0) + " " + day(10, 22, 30) + " closed"}},
		{"not another insight's", again, []Mark{w.mark(1, AsClosed, minuteOf(9, 9, 10), minuteOf(9, 10, 0), 9*aDay+10*time.Hour)},
			[]string{day(10, 9, 10) + " " + day(10, 18, 0) + " closed", day(10, 22, 0) + " " + day(10, 22, 30) + " closed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := *c.w
			w.marks = NewMarks(c.marks)
			for _, steps := range []int{24, 1} {
				got, _ := w.run(t, 10, 15, steps)
				if d := cmp.Diff(c.want, spans(got)); d != "" {
					t.Errorf("steps of %d hours (-want +got):\n%s", steps, d)
				}
			}
		})
	}
}

// Whatever is marked, deciding by the hour and by the day gives the same insights and the same state; and no insight's extent ever shrinks.
func TestMarksDoNotDependOnSchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.days = 16
		for range rapid.IntRange(0, 200).Draw(t, "calls") {
			w.calls[rapid.Int32Range(9*1440, 16*1440-1).Draw(t, "minute")] = rapid.Int64Range(1, 500).Draw(t, "n")
		}
		for range rapid.IntRange(1, 60).Draw(t, "verdicts") {
			h := rapid.Int32Range(9*24, 16*24-1).Draw(t, "hour")
			w.scores[h] = Verdict{Score: rapid.SampledFrom([]float64{3, 5.5, 7, 12}).Draw(t, "score"), Window: 60, End: (h%24 + 1) * 60}
		}
		unmarked, _ := w.run(tb(t), 9, 16, 24)
		var marks []Mark
		for n := range rapid.IntRange(0, 6).Draw(t, "marks") {
			if len(unmarked) == 0 {
				break
			}
			i := rapid.SampledFrom(unmarked).Draw(t, "insight")
			m := Mark{Number: n + 1, Insight: i.ID, Of: []Marked{{i.ID, i.Unit, i.Whole.Start, i.Whole.End}}, By: "x", Note: "x",
				As: rapid.SampledFrom([]As{AsBenign, AsIncident, AsClosed}).Draw(t, "as"),
				At: i.Whole.Start.Add(time.Duration(rapid.IntRange(1, 3000).Draw(t, "after")) * time.Minute)}
			if m.Of[0].End.After(m.At) { // it was open
				m.Of[0].End = m.At.Truncate(time.Minute)
			}
			if n > 0 && rapid.Bool().Draw(t, "undo") {
				m.Undoes = rapid.IntRange(1, n).Draw(t, "undoes")
			}
			marks = append(marks, m)
		}
		w.marks = NewMarks(marks)
		day, state := w.run(tb(t), 9, 16, 24)
		hour, after := w.run(tb(t), 9, 16, 1)
		if d := cmp.Diff(day, hour); d != "" {
			t.Fatal(d)
		}
		if d := cmp.Diff(state, after, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Marks" }, cmp.Ignore())); d != "" {
			t.Fatal(d)
		}
		extent := map[string]int64{}
		for upto := 1; upto <= 24; upto++ {
			list, _ := Step(NewDayState(w.first+10), w.first+10, []Candidate{w.candidate(10)}, 0, upto, limits)
			for _, i := range list {
				if i.Extent < extent[i.ID] || i.Extent < 1 || i.Extent > i.Whole.Count {
					t.Fatalf("extent %d at %d:00, was %d, of %d", i.Extent, upto, extent[i.ID], i.Whole.Count)
				}
				extent[i.ID] = i.Extent
				if i.State == Closed && i.Extent != i.Whole.Count {
					t.Fatalf("closed with extent %d of %d", i.Extent, i.Whole.Count)
				}
			}
		}
	})
}

func TestSaidBefore(t *testing.T) {
	w := newWorld()
	m := w.mark(1, AsBenign, 0, 60, time.Hour)
	i := Insight{ID: "j", Unit: w.unit, Whole: Span{Start: m.At.Add(time.Minute)}}
	anna := "arn:aws:iam::111122223333:user/anna"
	for _, c := range []struct {
		name   string
		change func(*Mark, *Insight)
		want   bool
	}{
		{"the same unit", func(*Mark, *Insight) {}, true},
		{"itself", func(m *Mark, i *Insight) { i.ID = m.Insight }, false},
		{"what is below it", func(m *Mark, i *Insight) { i.ID = "below" }, false},
		{"one like what is below it", func(m *Mark, i *Insight) { i.Unit = m.Of[1].Unit }, true},
		{"one that began before the mark", func(m *Mark, i *Insight) { i.Whole.Start = m.At }, false},
		{"another region", func(_ *Mark, i *Insight) { i.Region = "us-east-1" }, true},
		{"another account", func(_ *Mark, i *Insight) { i.Account = "222233334444" }, true},
		{"another API", func(_ *Mark, i *Insight) { i.Name = "StartInstances" }, false},
		{"another kind", func(_ *Mark, i *Insight) { i.Kind = ErrorRate }, false},
		{"another principal", func(_ *Mark, i *Insight) { i.Principal = anna }, false},
		{"all that a principal calls", func(m *Mark, i *Insight) {
			i.Source, i.Name, i.Principal = "", "", anna
			m.Of[0].Unit = i.Unit
			i.Account = "222233334444"
		}, true},
		{"an account that fell silent, and another", func(m *Mark, i *Insight) {
			m.Of[0].Unit = accountUnit("111122223333")
			i.Unit = accountUnit("222233334444")
		}, false},
	} {
		mark, next := m, i
		mark.Of = slices.Clone(m.Of)
		c.change(&mark, &next)
		if got := NewMarks([]Mark{mark}).Before(&next); (got != nil) != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	other := w.mark(2, AsIncident, 0, 60, 2*time.Hour)
	i.Whole.Start = other.At.Add(time.Minute)
	if got := NewMarks([]Mark{other, m}).Before(&i); got == nil || got.As != AsIncident {
		t.Errorf("of two %+v, want the newer", got)
	}
	if got := NewMarks([]Mark{m, other, undo(3, 2, 2*time.Hour, w)}).Before(&i); got == nil || got.As != AsBenign {
		t.Errorf("of two, the newer taken back: %+v", got)
	}
	if got := (*Marks)(nil).Before(&i); got != nil {
		t.Errorf("without marks %+v", got)
	}
}

func TestMarkCheck(t *testing.T) {
	for _, c := range []struct{ as, by, note, ticket, want string }{
		{"benign", "anna", "a new job\nsee there", "OPS-1", ""},
		{"benign", " ", "x", "", "by is empty"},
		{"benign", "an\x1b[31mna", "x", "", "cannot be seen"},
		{"benign", "an\u202ena", "x", "", "cannot be seen"},
		{"benign", "anna\nben", "x", "", "cannot be seen"},
		{"benign", "anna\xff", "x", "", "UTF-8"},
		{"benign", strings.Repeat("a", 201), "x", "", "201 bytes"},
		{"benign", "anna", "", "", "note is empty"},
		{"benign", "anna", strings.Repeat("a", 2001), "", "2001 bytes"},
		{"benign", "anna", "x", "a\tb", "ticket holds"},
		{"harmless", "anna", "x", "", "none of benign"},
		{"", "anna", "x", "", "none of benign"},
	} {
		m := Mark{As: As(c.as), By: c.by, Note: c.note, Ticket: c.ticket}
		err := m.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", m, err, c.want)
		}
	}
}
