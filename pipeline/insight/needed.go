package insight

import (
	"math"
	"sort"

	"trailgauge/models"
)

// needed returns the smallest count that would have made v an alarm, all else being as it was: the count that Arithmetic.Tested is. At most is a count that
// does. 0 where that is no question of a count alone: silences, jobs, accounts.
func (e *evidence) needed(h int, v *Verdict, c models.Cell, most int64) int64 {
	lnp := e.rarity(h, v)
	if lnp == nil {
		return 0
	}
	limit, kind := e.s.Alarm.Of(e.s.day.Kind), e.s.day.Kind
	alarms := func(n int64) bool {
		return material(kind, float64(n), v.Mean) && float64(n) > v.Mean && e.s.Nulls.Score(c, -lnp(n)) >= limit
	}
	return 1 + int64(sort.Search(int(min(most, math.MaxInt32))-1, func(k int) bool { return alarms(int64(k) + 1) }))
}

// rarity returns how ln p of v's model depends on the count; nil where it depends on more.
func (e *evidence) rarity(h int, v *Verdict) func(n int64) float64 {
	p, slot := e.p, e.g.Slot(e.g.Fit+h)
	var of func(n int64) float64
	switch {
	case e.s.day.Kind == Silence:
		return nil
	case v.Model == "novelty":
		return func(n int64) float64 { return -float64(n) }
	case v.Model == "record":
		return func(n int64) float64 {
			ratio := float64(n) / float64(max(p.Busiest, 3))
			if n < 30 || ratio <= 1 {
				return 0
			}
			lnp := -4 * math.Log(ratio)
			if e.errors == nil {
				lnp -= math.Log(float64(p.ActiveDays + 1))
			}
			return lnp
		}
	case v.Model == "newcomer":
		of = func(n int64) float64 { return p.SizeTail(0, n).Pooled }
	case v.Window > 60:
		of = func(n int64) float64 { return models.NBLogUpper(n, v.Mean, v.Size) }
	default:
		window, share := 0, 1.
		for w := range p.Share {
			if models.Windows[w] == v.Window {
				window, share = w+1, p.Share[w]
			}
		}
		of = func(n int64) float64 {
			w := Verdict{Window: v.Window, Count: n, Mean: v.Mean, Size: v.Size}
			e.burst(&w, window, slot, share)
			return w.LnP
		}
	}
	if e.errors == nil {
		return of
	}
	a, b := e.errors.Beta(max(v.Window/60, 1))
	share := func(n int64) float64 { // with the share of errors; see evidence.share
		return min(max(of(n), models.BetaBinomialLogUpper(min(n, v.Trials), v.Trials, a, b)), 0)
	}
	if v.Model != "attempts" {
		return share
	}
	c := e.beside()
	calls := c.whole(h)
	return func(n int64) float64 { // see evidence.attempts; fewer than minErrors are not material
		lnp := share(n)
		if lnp < 0 {
			lnp += calls.LnP
		}
		return lnp
	}
}
