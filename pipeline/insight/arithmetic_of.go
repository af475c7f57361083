package insight

import (
	"slices"
	"time"

	"trailgauge/baseline"
	"trailgauge/models"
)

// attempt is a verdict that was weighed.
type attempt struct {
	Verdict
	cell     models.Cell
	material bool
}

// explain adds the arithmetic to the alarms of s.day: while the fit is at hand. hidden are the hours that it did not see.
func (e *evidence) explain(hidden []int32) {
	limit := e.s.Alarm.Of(e.s.day.Kind)
	for h := range e.s.day.Hours {
		if v := &e.s.day.Hours[h].Best; limit > 0 && v.Score >= limit {
			v.Arithmetic = e.arithmetic(h, v, hidden)
		}
	}
}

// again weighs hour h once more and returns everything that was weighed.
func (e *evidence) again(h int) []attempt {
	e.tried = []attempt{}
	defer func() { e.tried = nil }()
	best := silent(h)
	switch e.s.day.Kind {
	case Silence:
		e.silence(e.g.Fit+h, &best)
	case Novelty:
		e.novelty(h, &best)
	default:
		e.hour(h, &best)
	}
	return e.tried
}

func (e *evidence) arithmetic(h int, v *Verdict, hidden []int32) *Arithmetic {
	b := e.s.Budget
	a := &Arithmetic{
		To: e.at(int(v.End)), From: e.at(int(v.End) - v.Window), Tested: v.Count, Decided: v.Model,
		Level: e.p.Arithmetic(), Spread: e.fitter.Spread(e.g, 0), Hidden: slices.Clone(hidden),
		Promise: Promise{
			FalsePerDay: b.FalsePerDay, Series: b.SeriesPerDay, PerSeriesDay: b.PerSeriesDay(), Channel: e.ch.String(), Share: e.ch.Share(), Mistrust: b.Mistrust(),
		},
	}
	var cell models.Cell
	for _, w := range e.again(h) {
		a.Tried = append(a.Tried, Tried{w.Window, w.Model, w.Count, w.Mean, w.LnP, w.Cell, w.Score, w.material})
		if w.Cell == v.Cell && w.Score == v.Score {
			a.Null, cell = e.s.Nulls.Exceedance(w.cell, -v.LnP), w.cell
		}
	}
	t := e.g.Fit + h
	switch {
	case v.Model == "novelty":
		a.Hours = e.hours(t, t)
	case e.s.day.Kind == Silence:
		of := e.s.day.Unit
		a.Of = &of
		e.ofWindow(a, t, dayWindow, 24)
	case v.Model == "record":
		e.ofRecord(a, t, v)
	case v.Window > 60:
		i := slices.Index(baseline.LongWindows[:], v.Window/60)
		e.ofWindow(a, t, i, v.Window/60)
	default:
		e.ofBurst(a, t, v)
	}
	if e.errors != nil && v.Model != "record" {
		e.ofShare(a, v)
	}
	if v.Model == "attempts" {
		a.Calls = e.ofCalls(h)
	}
	a.Needed = e.needed(h, v, cell, a.Tested)
	return a
}

// at returns an instant by its minute since the start of the scored day.
func (e *evidence) at(minute int) time.Time {
	return time.Unix(60*(60*int64(e.g.Epoch(e.g.Fit))+int64(minute)), 0).UTC()
}

// hours explains the hours from..to of the grid.
func (e *evidence) hours(from, to int) (list []Used) {
	g := e.g
	for t := max(from, 0); t <= to; t++ {
		list = append(list, Used{
			Hour: e.at((t - g.Fit) * 60), Observed: g.Seen[t], Count: g.N[t], Brought: float64(g.N[t]), Usual: e.p.Slot(g.Slot(t)),
		})
	}
	return list
}

// ofBurst explains a window within an hour, of a newcomer's too.
func (e *evidence) ofBurst(a *Arithmetic, t int, v *Verdict) {
	window := (slices.Index(models.Windows[:], v.Window) + 1) % 3 // an hour, its busiest 5 or 15 minutes
	slot, share := e.g.Slot(t), 1.
	if window > 0 {
		part := e.p.Part(window)
		a.Part, share, a.Spread = &part, part.Share, e.fitter.Spread(e.g, window)
	}
	a.Hours = e.hours(t, t)
	sizing := e.p.Sizing(window, v.Count)
	a.Sizing = &sizing
	if v.Model == "newcomer" {
		return
	}
	nb, hurdle := e.nb(v, slot, share), e.hurdle(v, window, slot)
	a.NB, a.Hurdle, a.Decided = &nb, &hurdle, "nb"
	if hurdle.LnP > nb.LnP {
		a.Decided = "hurdle"
	}
}

// ofWindow explains a sum of hours.
func (e *evidence) ofWindow(a *Arithmetic, t, i, hours int) {
	v, capped := e.long(t, i, hours)
	a.Hours = e.hours(t+1-hours, t)
	w := &WindowSum{Mean: v.Mean, Size: v.Size, Inflation: e.p.VIF[i], LnP: v.LnP}
	silent := e.s.day.Kind == Silence
	for k := range a.Hours {
		u := &a.Hours[k]
		if !u.Observed {
			continue
		}
		w.Variance += e.p.Variance(u.Usual.Slot)
		if !silent {
			u.Brought = min(u.Brought, max(e.p.Cap(u.Usual.Slot), v.Mean/4))
		}
	}
	a.Window = w
	if silent {
		w.LnP = min(models.NBLogLower(v.Count, v.Mean, v.Size), 0)
		return
	}
	a.Tested, a.Decided = capped, "window"
}

// ofRecord explains how far the busiest past hour was exceeded. The 60 minutes may have begun in the hour before.
func (e *evidence) ofRecord(a *Arithmetic, t int, v *Verdict) {
	a.Hours = e.hours(t-1, t)
	a.Record = &Record{Busiest: e.p.Busiest, ActiveDays: e.p.ActiveDays, LnP: v.LnP}
}

// ofShare explains the second question of errors, and which of the two decided.
func (e *evidence) ofShare(a *Arithmetic, v *Verdict) {
	s := ErrorShare{Share: e.errors.Arithmetic(), Trials: v.Trials}
	s.A, s.B = e.errors.Beta(max(v.Window/60, 1))
	s.LnP = min(models.BetaBinomialLogUpper(min(a.Tested, s.Trials), s.Trials, s.A, s.B), 0)
	a.Share = &s
	if count := a.lnCount(); s.LnP > count {
		a.Decided = "share"
	}
}

// ofCalls explains what the calls of an hour add to its errors.
func (e *evidence) ofCalls(h int) *CallsTail {
	c := e.beside()
	v := c.whole(h)
	a := Arithmetic{Tested: v.Count, Spread: c.fitter.Spread(c.g, 0)}
	c.ofBurst(&a, c.g.Fit+h, &v)
	return &CallsTail{
		Tested: v.Count, Level: c.p.Arithmetic(), Spread: a.Spread, Hour: a.Hours[0], NB: a.NB, Hurdle: a.Hurdle, Sizing: a.Sizing, LnP: v.LnP,
	}
}

// lnCount is ln p of the count alone.
func (a *Arithmetic) lnCount() float64 {
	switch a.Decided {
	case "nb":
		return a.NB.LnP
	case "hurdle":
		return a.Hurdle.LnP
	case "window":
		return a.Window.LnP
	}
	return a.Sizing.Pooled
}
