package insight

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/trail"
)

func TestReconcile(t *testing.T) {
	// As reported at noon of day 10: one burst that goes on, one that is over, one that late data will take back.
	burst := func(w *world) *world { return w.burst(minuteOf(10, 9, 0), minuteOf(10, 9, 20), 30, 9) }
	early := func(w *world) *world { return w.burst(minuteOf(10, 2, 0), minuteOf(10, 2, 5), 30, 9) }
	at := func(w *world, upto int) []Insight {
		found, _ := Step(NewDayState(20010), 20010, []Candidate{w.candidate(10)}, 0, upto, limits)
		return found
	}
	stored := at(burst(early(newWorld().usual())), 11)
	if len(stored) != 2 || stored[0].State != Closed || stored[1].State != Open {
		t.Fatalf("the scene is not as meant: %+v", stored)
	}
	stored[1].Attributions = []Attribution{{Attribute: "userAgent"}}

	t.Run("nothing changed", func(t *testing.T) {
		same := burst(early(newWorld().usual()))
		got := Reconcile(stored, at(same, 11), at(same, 20))
		want := at(same, 20)
		want[1].Attributions = stored[1].Attributions
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
	t.Run("more calls", func(t *testing.T) {
		more := burst(early(newWorld().usual()))
		more.calls[minuteOf(10, 8, 59)] = 40 // it began a minute earlier: another ID, were it new
		got := Reconcile(stored, at(more, 11), at(more, 20))
		if len(got) != 2 || got[0].Revision != 1 || got[1].Revision != 2 || got[1].ID != stored[1].ID || got[1].Attributions != nil {
			t.Errorf("got %+v", got)
		}
		if again := Reconcile(got, at(more, 20), at(more, 20)); !reflect.DeepEqual(again, got) {
			t.Errorf("once more is another:\n%s", cmp.Diff(got, again))
		}
	})
	t.Run("gone", func(t *testing.T) {
		less := early(newWorld().usual())
		got := Reconcile(stored, at(less, 11), at(less, 20))
		if len(got) != 2 || got[1].State != Retracted || got[1].Revision != 2 || got[1].ID != stored[1].ID {
			t.Fatalf("got %+v", got)
		}
		if again := Reconcile(got, at(less, 20), at(less, 20)); !reflect.DeepEqual(again, got) {
			t.Errorf("retracted twice:\n%s", cmp.Diff(got, again))
		}
		back := burst(early(newWorld().usual()))
		got = Reconcile(got, at(back, 20), at(back, 20))
		if got[1].State != Closed || got[1].Revision != 3 || got[1].ID != stored[1].ID {
			t.Errorf("it came back as %+v", got[1])
		}
	})
	t.Run("new and late", func(t *testing.T) {
		both := burst(early(newWorld().usual())).burst(minuteOf(10, 5, 30), minuteOf(10, 5, 50), 30, 9)
		got := Reconcile(stored, at(both, 11), at(both, 20))
		// 02:05 to 05:30 is one insight with the early one: only two quiet hours lie between.
		if len(got) != 2 || got[0].Revision != 2 || got[0].ID != stored[0].ID || got[1].Revision != 1 || got[1].Baseline != stored[1].Baseline {
			t.Errorf("got %+v", got)
		}
	})
}

// A child follows its parent when that keeps an ID that it would not be given today.
func TestReconcileKeepsParents(t *testing.T) {
	list := func(ids ...string) []Insight {
		w := newWorld().usual().burst(minuteOf(10, 9, 0), minuteOf(10, 9, 20), 30, 9)
		one := newWorld().burst(minuteOf(10, 9, 0), minuteOf(10, 9, 20), 30, 9)
		one.unit.Principal = "p"
		found, _ := Step(NewDayState(20010), 20010, []Candidate{w.candidate(10), one.candidate(10)}, 0, 24, limits)
		for k, id := range ids {
			found[k].ID = id
		}
		if len(ids) > 0 {
			found[1].Parent = ids[0]
		}
		return found
	}
	now := list()
	now[1].Whole.Count++
	got := Reconcile(list("old-parent", "old-child"), now, now)
	if got[0].ID != "old-parent" || got[1].ID != "old-child" || got[1].Parent != "old-parent" || got[1].Revision != 2 {
		t.Errorf("got %+v", got)
	}
}

// An insight that had ended before midnight, and was closed after it, is part of a replay of the day after.
func TestTouched(t *testing.T) {
	w := newWorld().usual().burst(240*60, 240*60+30, 20, 9).burst(262*60, 262*60+30, 20, 9)
	first, state := Step(NewDayState(20010), 20010, []Candidate{w.candidate(10)}, 0, 24, limits)
	second, _ := Step(state, 20011, []Candidate{w.candidate(11)}, 0, 24, limits)
	committed := []Insight{first[0], second[0]} // the one of 00:00 is closed for good, that of 22:00 was still waiting at midnight
	committed[1].Revision = 4
	got := Touched(committed, second, trail.Day(20011).Start())
	if len(got) != 1 || got[0].ID != second[0].ID {
		t.Fatalf("got %+v", got)
	}
	if again := Reconcile(got, second, second); len(again) != 1 || again[0].Revision != 4 {
		t.Errorf("got %+v", again)
	}
}
