package insight

import (
	"trailgauge/baseline"
	"trailgauge/models"
	"trailgauge/pipeline/counts"
)

// allCalls is what is usual for all calls of the history whose errors are scored.
type allCalls struct {
	of     *counts.History
	masked func(Unit) []int32
	fitter baseline.Fitter
	params *baseline.Params // nil until it is asked for: few hours have errors that need it
}

// attempts weighs the errors of hour h, whose verdict is v, together with all calls of the hour: ln p is the sum of both. When a client or a
// service goes wrong, the usual calls fail; who tries passwords or permissions makes calls of his own, and these fail. In usual series the two surprises
// come by themselves. The cell is one of its own, so nothing depends on how independent they really are.
func (e *evidence) attempts(h int, v Verdict, best *Verdict) {
	if e.errors == nil || v.LnP == 0 || v.Count < minErrors {
		return
	}
	c := e.beside()
	calls := c.whole(h)
	if calls.LnP == 0 {
		return
	}
	v.LnP, v.Model = v.LnP+calls.LnP, "attempts"
	e.keep(&v, models.Attempts, 2, v.Count, best)
}

// beside is the evidence of all calls behind the errors of e.
func (e *evidence) beside() evidence {
	s := e.s
	if b := &s.beside; b.params == nil {
		u := Unit{Series: b.of.Series, Data: b.of.Data, Kind: CallRate}
		b.params = b.fitter.Fit(e.calls, s.Priors.Of(b.of, baseline.Calls), b.masked(u))
	}
	return evidence{s: s, ch: models.Calls, g: e.calls, p: s.beside.params, fitter: &s.beside.fitter}
}
