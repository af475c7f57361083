package insight

import (
	"math"

	"trailgauge/baseline"
	"trailgauge/models"
)

const (
	// restlessDays is how many days before the scored one must all have calls for silence to mean something. Others pause: for a weekend, a
	// vacation, for good.
	restlessDays = 7
	// minWatched is how many of the 24 hours of a silence must be observed.
	minWatched = 20
	dayWindow  = len(baseline.LongWindows) - 1
)

// restless tells whether the unit, whose day is in s.day, has called on each of the last 7 days, often enough that a day without would matter.
// Days mostly unobserved say nothing; five must be left.
func (e *evidence) restless() bool {
	g := e.g
	if e.s.day.Fit.Undecided != "" || g.Birth > g.Fit-restlessDays*24 || g.Fit < restlessDays*24 || e.p.Level*24 < minCalls {
		return false
	}
	days := 0
	for d := g.Fit - restlessDays*24; d < g.Fit; d += 24 {
		calls := int64(0)
		for t := d; t < d+24; t++ {
			calls += g.N[t]
		}
		switch {
		case calls > 0:
			days++
		case g.Observed(d, d+24) >= 12:
			return false
		}
	}
	return days >= 5
}

// silences turns s.day into the unit's verdict on missing calls: what 24 hours brought against what was expected of them, uncapped.
func (e *evidence) silences() {
	e.ch = models.Silence
	if e.g.Upto == e.g.Hours {
		e.s.Tally.Units[models.Silence]++
	}
	d := &e.s.day
	d.Kind = Silence
	for h := range 24 {
		d.Hours[h].Best = silent(h)
		if t := e.g.Fit + h; e.g.Seen[t] && e.g.Observed(t-23, t+1) >= minWatched {
			e.silence(t, &d.Hours[h].Best)
		}
	}
}

// silence weighs the 24 hours up to and with t: P(as few or fewer) of the negative binomial. Of a job, which calls in the same hours each time, it
// is the probability that all the hours it should have run in stay empty.
func (e *evidence) silence(t int, best *Verdict) {
	v, _ := e.long(t, dayWindow, 24)
	if float64(v.Count) >= v.Mean {
		return
	}
	v.LnP, v.Model = min(models.NBLogLower(v.Count, v.Mean, v.Size), 0), "silence"
	if lnp, ok := e.missed(t); ok && v.Count == 0 {
		v.LnP, v.Model = lnp, "job"
	}
	if v.LnP < 0 {
		e.rank(&v, models.RegimeOf(e.p.Level*24), len(models.Windows)-1, material(Silence, float64(v.Count), v.Mean), best)
	}
}

// missed returns ln of the probability that hours which nearly always have calls (9 in 10) have none, over the 24 up to t. It tells false for units that
// also call in other hours: of those the number of calls tells more.
func (e *evidence) missed(t int) (lnp float64, ok bool) {
	var due, all float64
	for u := t - 23; u <= t; u++ {
		if !e.g.Seen[u] {
			continue
		}
		slot := e.g.Slot(u)
		mean := e.p.Mean(slot)
		all += mean
		if a := e.p.ActiveProb(slot); a >= .9 {
			due += mean
			lnp += math.Log1p(-min(a, .999))
		}
	}
	return lnp, due >= .8*all
}
