package insight

import (
	"math"

	"trailgauge/baseline"
	"trailgauge/models"
)

// ln1000 is -ln of the share of usual hours outside the band that is drawn.
const ln1000 = 3 * math.Ln10

// evidence weighs one unit's day.
type evidence struct {
	s      *Scorer
	ch     models.Channel
	g      *baseline.Grid
	calls  *baseline.Grid // of errors: all calls
	p      *baseline.Params
	errors *baseline.ErrorParams // of errors
	fitter *baseline.Fitter      // that p comes from
	tried  []attempt             // what an hour is weighed by, while it is explained; nil otherwise
}

// score fills s.day.
func (e *evidence) score(u Unit) {
	e.begin(u)
	for h := range 24 {
		if t := e.g.Fit + h; e.s.day.Fit.Undecided == "" && e.g.Seen[t] && e.g.N[t] > 0 {
			e.hour(h, &e.s.day.Hours[h].Best)
		}
	}
}

// begin fills s.day with what is usual, and what was counted.
func (e *evidence) begin(u Unit) {
	g, p := e.g, e.p
	youngest := g.Fit - g.Birth // age in hours at the start of the day; negative when born later
	d := &e.s.day
	d.Unit = u
	d.Fit = fitOf(p, g, youngest < 24 && g.Birth > 0)
	for h := range 24 {
		t := g.Fit + h
		slot := g.Slot(t)
		mu := p.Mean(slot)
		size := 1 / p.Dispersion(slot)
		d.Hours[h] = Hour{
			Observed: g.Seen[t], Count: g.N[t], Mean: mu, SD: math.Sqrt(mu + mu*mu/size),
			Upper: upper(mu, size), Best: silent(h),
		}
	}
}

// upper is the largest count that 1 in 1,000 usual hours exceed at most. It is small in most hours of most units: the probabilities
// of 0, 1, 2, ... are added up then, which takes a tenth of the time of a search.
func upper(mu, size float64) float64 {
	p := math.Exp(-size * math.Log1p(mu/size))
	above := 1 - p
	for y := range 64 {
		if above <= 1e-3 {
			return float64(y)
		}
		p *= (float64(y) + size) / float64(y+1) * mu / (mu + size)
		above -= p
	}
	return float64(models.NBUpperQuantile(-ln1000, mu, size))
}

// hour scores the windows that end in hour h and keeps the best.
func (e *evidence) hour(h int, best *Verdict) {
	g, p := e.g, e.p
	t := g.Fit + h
	slot := g.Slot(t)
	age := t - g.Birth
	if g.Birth > 0 && age < 24 {
		e.newcomer(h, best)
		return
	}
	regime := models.RegimeOf(p.Level * 24)
	for w := range p.Share {
		v := Verdict{
			Window: models.Windows[w], End: g.PeakEnd(w, h), Count: g.Peak[w][t],
			Mean: p.Mean(slot) * p.Share[w], Size: 1 / p.PeakDispersion(w, slot),
		}
		e.burst(&v, w+1, slot, p.Share[w])
		e.weigh(&v, regime, w, v.Count, best)
	}
	v := e.whole(h)
	e.weigh(&v, regime, 2, v.Count, best)
	e.attempts(h, v, best)
	e.record(h, best)
	if age < minLongHours && (e.errors == nil || age < minLongErrors) {
		return
	}
	for i, hours := range baseline.LongWindows {
		v, capped := e.long(t, i, hours)
		e.weigh(&v, regime, i+3, capped, best)
	}
}

// whole weighs the count of hour h by itself; ln p is 0 where it is no more than expected.
func (e *evidence) whole(h int) Verdict {
	t := e.g.Fit + h
	slot := e.g.Slot(t)
	v := Verdict{Window: 60, End: int32(h+1) * 60, Count: e.g.N[t], Mean: e.p.Mean(slot), Size: 1 / e.p.Dispersion(slot)}
	e.burst(&v, 0, slot, 1)
	return v
}

// burst computes ln p of a count within one hour: the larger p of the negative binomial and of the hurdle (probability that the
// hour is active at all, times the size of active hours). Both must be surprised.
func (e *evidence) burst(v *Verdict, window, slot int, share float64) {
	if float64(v.Count) <= v.Mean {
		return
	}
	nb, hurdle := e.nb(v, slot, share), e.hurdle(v, window, slot)
	v.LnP, v.Model = min(nb.LnP, 0), "nb"
	if hurdle.LnP > nb.LnP {
		v.LnP, v.Model = min(hurdle.LnP, 0), "hurdle"
	}
}

func (e *evidence) nb(v *Verdict, slot int, share float64) NB {
	nb := NB{Mean: v.Mean, Size: v.Size, LnP: models.NBLogUpper(v.Count, v.Mean, v.Size)}
	if beside := e.p.Neighbour(slot) * share; beside > 3*v.Mean { // a job may slip into the next hour
		nb.Neighbour = beside
		nb.LnP = models.LogAdd(nb.LnP, math.Log(.03)+models.NBLogUpper(v.Count, beside, v.Size))
	}
	return nb
}

func (e *evidence) hurdle(v *Verdict, window, slot int) Hurdle {
	active := e.p.ActiveProb(slot)
	return Hurdle{active, math.Log(active) + sizeLogUpper(e.p.SizeTail(window, v.Count))}
}

// record compares the busiest 60 minutes that end in hour h, if they hold 30 or more, with the busiest 60 minutes of the fit window, at least 3,
// whatever the hour of the week and the regime: p = (count/busiest)^-4/(n+1), from a week of history on. 1/(n+1) is the chance that the
// last of n+1 exchangeable days holds the record; n are the days with calls. Error codes go without it: most are new on most days, and would be
// the weaker for it. Usual series rarely exceed their record several times over, so a cell of its own finds large bursts on series of
// every kind, and of errors without the question of their share. A burst does not keep to clock hours: the 60 minutes may begin in the hour before, of the day before too, and what
// was expected of them is made up of both hours.
func (e *evidence) record(h int, best *Verdict) {
	g, p := e.g, e.p
	t := g.Fit + h
	count := g.Peak[2][t]
	ratio := float64(count) / float64(max(p.Busiest, 3))
	if count < 30 || p.Exposure < 7*24 || ratio <= 1 {
		return
	}
	slot, end := g.Slot(t), g.PeakEnd(2, h)
	v := Verdict{Window: 60, End: end, Count: count, Size: 1 / p.Dispersion(slot), LnP: -4 * math.Log(ratio), Model: "record"}
	if e.errors == nil {
		v.LnP -= math.Log(float64(p.ActiveDays + 1))
	}
	inside := float64(end-int32(h)*60) / 60
	v.Mean = inside * p.Mean(slot)
	if t > 0 && g.Seen[t-1] {
		v.Mean += (1 - inside) * p.Mean(g.Slot(t-1))
	}
	e.keep(&v, models.Record, 2, count, best)
}

// sizeLogUpper is ln(w·pooled + (1-w)·own), where own is the smaller of the Student t's and the record's tail.
func sizeLogUpper(s baseline.SizeTail) float64 {
	own := min(models.StudentTLogUpper(s.T, s.DF), s.Record)
	return models.LogAdd(math.Log(s.Weight)+s.Pooled, math.Log1p(-min(s.Weight, 1-1e-9))+own)
}

// newcomer scores the first day of a series by the size of active hours of its API alone.
func (e *evidence) newcomer(h int, best *Verdict) {
	n := e.g.N[e.g.Fit+h]
	v := Verdict{
		Window: 60, End: int32(h+1) * 60, Count: n, Model: "newcomer",
		Mean: e.p.Mean(e.g.Slot(e.g.Fit + h)), Size: 1 / e.p.Dispersion(e.g.Slot(e.g.Fit+h)),
		LnP: e.p.SizeTail(0, n).Pooled,
	}
	e.weigh(&v, models.Newcomer, 2, n, best)
}

// long sums the hours hours up to and with t. An hour brings at most its cap, or a quarter of what is expected of the window; hours not
// observed bring nothing on either side. capped is what p was computed of.
func (e *evidence) long(t, i, hours int) (v Verdict, capped int64) {
	g, p := e.g, e.p
	from := max(t+1-hours, 0)
	v = Verdict{Window: hours * 60, End: int32(t+1-g.Fit) * 60, Model: "window"}
	variance := 0.
	for u := from; u <= t; u++ {
		if g.Seen[u] {
			slot := g.Slot(u)
			v.Mean += p.Mean(slot)
			variance += p.Variance(slot)
		}
	}
	sum := 0.
	for u := from; u <= t; u++ {
		if n := g.N[u]; n > 0 {
			v.Count += n
			sum += min(float64(n), max(p.Cap(g.Slot(u)), v.Mean/4))
		}
	}
	capped = int64(sum)
	// The variance of independent hours, inflated for their correlation, and the uncertainty of the level, which does not average out.
	extra := (variance-v.Mean)*p.VIF[i] + v.Mean*v.Mean/p.LevelSize
	v.Size = min(max(v.Mean*v.Mean/max(extra, 1e-9), 1e-3), 1e5)
	if float64(capped) > v.Mean {
		v.LnP = min(models.NBLogUpper(capped, v.Mean, v.Size), 0)
	}
	return v, capped
}

// weigh completes a verdict and keeps the better one in best. counted is the count behind LnP.
func (e *evidence) weigh(v *Verdict, r models.Regime, window int, counted int64, best *Verdict) {
	if v.LnP == 0 {
		return
	}
	if e.errors != nil {
		e.share(v, window, counted)
	}
	e.keep(v, r, window, counted, best)
}

// keep scores v in its cell and puts it into best when it is better.
func (e *evidence) keep(v *Verdict, r models.Regime, window int, counted int64, best *Verdict) {
	y := float64(counted)
	e.rank(v, r, window, material(e.s.day.Kind, y, v.Mean), best)
}

// material tells whether a count is so far from what was expected that it matters, as Immaterial has it.
func material(k Kind, n, expected float64) bool {
	switch k {
	case Silence:
		return expected-n >= minCalls && n <= expected/2
	case Novelty:
		return n >= minAPIs
	case ErrorRate:
		return n-expected >= minErrors && n >= 2*expected
	}
	return n-expected >= minCalls && n >= 2*expected
}

// rank scores v in its cell, no higher than Immaterial if it does not matter, and puts it into best when it is better.
func (e *evidence) rank(v *Verdict, r models.Regime, window int, material bool, best *Verdict) {
	kind := models.Principals
	switch {
	case e.s.day.Principal == "":
		kind = models.Rollups
	case e.s.day.IsTotal():
		kind = models.Totals
	}
	c := models.CellOf(e.ch, kind, r, window)
	if c.Share() == 0 {
		return
	}
	v.Cell = c.String()
	v.Score = e.s.Nulls.Score(c, -v.LnP)
	if !material {
		v.Score = min(v.Score, Immaterial)
	} else {
		e.s.peaks.add(c, -v.LnP)
	}
	if e.tried != nil {
		e.tried = append(e.tried, attempt{*v, c, material})
	}
	if v.Score > best.Score {
		*best = *v
	}
}

// share asks the second question of errors: is their share of the calls unusual too? The less surprising answer holds. Otherwise
// twice the traffic would alarm on twice the errors, and 3 errors of 3 calls would alarm alone.
func (e *evidence) share(v *Verdict, window int, counted int64) {
	v.Rate = e.errors.Rate
	v.Trials = e.trials(v, window)
	hours := max(v.Window/60, 1)
	a, b := e.errors.Beta(hours)
	lnp := models.BetaBinomialLogUpper(min(counted, v.Trials), v.Trials, a, b)
	if v.Model != "newcomer" {
		v.Model = "error"
	}
	v.LnP = min(max(v.LnP, lnp), 0)
}

// trials returns the calls in the window of v.
func (e *evidence) trials(v *Verdict, window int) int64 {
	if window < 2 {
		return max(e.calls.CallsBefore(window, v.End), v.Count)
	}
	end := e.g.Fit + int(v.End)/60
	n := int64(0)
	for u := max(end-v.Window/60, 0); u < end; u++ {
		n += e.calls.N[u]
	}
	return max(n, v.Count)
}
