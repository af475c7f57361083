package insight

import (
	"slices"
	"testing"

	"trailgauge/models"
	"trailgauge/pipeline/counts"
)

// One count more than needed for nothing, one less and there is no alarm: the scorer itself is asked, with bursts of every size in one minute of the
// scored day.
func TestNeeded(t *testing.T) {
	limits := ThresholdsOf(models.Budget{FalsePerDay: 1, SeriesPerDay: 1000})
	add := func(tr counts.Track, n int64) counts.Track {
		return append(slices.Clone(tr), counts.Point{Minute: 14*1440 + 600, N: n})
	}
	calls := func(tr counts.Track) func(int64) *counts.History {
		return func(n int64) *counts.History { return simHistory(15, add(tr, n)) }
	}
	seen := map[string]bool{}
	for name, made := range map[string]func(int64) *counts.History{
		"steady":   calls(steady(14, 6)),
		"busy":     calls(steady(14, 40)),
		"rare":     calls(counts.Track{{Minute: 5, N: 1}, {Minute: 8 * 1440, N: 2}}),
		"no calls": calls(nil),
		"newcomer": func(n int64) *counts.History {
			h := simHistory(15, add(nil, n))
			h.Born = 14*1440 + 600
			return h
		},
		"errors": func(n int64) *counts.History { // in the usual calls
			h := simHistory(15, add(steady(14, 5000), 5000))
			h.Errors = []counts.CodeTrack{{Code: "AccessDenied", Track: add(steady(14, 40), n)}}
			return h
		},
		"attempts": func(n int64) *counts.History { // in twice as many
			h := simHistory(15, add(steady(14, 500), 1000))
			h.Errors = []counts.CodeTrack{{Code: "AccessDenied", Track: add(steady(14, 10), n)}}
			return h
		},
	} {
		t.Run(name, func(t *testing.T) {
			at := func(n int64) *Verdict {
				s := newScorer(observed(15))
				s.Alarm = limits
				all := scores(s, made(n), nil, 24)
				for k := range all {
					if d := &all[len(all)-1-k]; d.Kind == ErrorRate || d.Kind == CallRate && name != "errors" && name != "attempts" {
						return &d.Hours[10].Best
					}
				}
				t.Fatal("nothing was scored")
				return nil
			}
			least := int64(1)
			for ; at(least).Arithmetic == nil; least++ {
				if least == 5000 {
					t.Fatal("no burst is an alarm")
				}
			}
			first := at(least)
			seen[first.Model] = true
			if got := first.Arithmetic.Needed; got != least {
				t.Errorf("%d is the first alarm (%s), and needed %d", least, first.Model, got)
			}
			large := at(4 * least)
			seen[large.Model] = true
			if got := large.Arithmetic.Needed; got < least || got > 4*least {
				t.Errorf("%d needed %d (%s); %d is an alarm", 4*least, got, large.Model, least)
			}
		})
	}
	for _, want := range []string{"hurdle", "record", "newcomer", "error", "attempts"} {
		if !seen[want] {
			t.Errorf("no alarm of model %s in %v", want, seen)
		}
	}
}
