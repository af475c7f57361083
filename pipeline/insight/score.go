package insight

import (
	"fmt"
	"math"
	"slices"

	"trailgauge/baseline"
	"trailgauge/models"
	"trailgauge/pipeline/counts"
)

const (
	// MinExposure is how many observed hours before the scored day a history needs.
	MinExposure = 24
	// Immaterial is the highest score of a verdict that is too small to matter: fewer than 10 calls (5 errors) above what was
	// expected, or less than twice of it; fewer than 5 new APIs. It lies below every threshold that a Budget gives, so it never raises an alarm, and
	// still tells how unusual the count is.
	Immaterial = 3.5
	minCalls   = 10
	minErrors  = 5
	// The age in hours from which a series is scored over more than an hour: how many calls are usual by then takes each hour of a week, their share of
	// errors does not.
	minLongHours, minLongErrors = baseline.Slots, 48
)

// Scorer compares histories with their baselines. A Scorer is for one goroutine; several may share Priors, Nulls and Exposure.
type Scorer struct {
	Priors   *baseline.Priors
	Nulls    *models.Nulls
	Exposure *counts.Exposure // covers the days of every history; what it does not cover is missing
	// Alarm holds the scores from which an hour is an alarm; 0 and +Inf mean never. The empirical null learns alarmed days another way.
	Alarm  Thresholds
	Budget models.Budget // that Alarm comes from, for the arithmetic of alarms
	// Tally collects the day's maxima for the empirical null. It grows only with complete days (upto = 24): an
	// hourly run decides the day from its start each time, and the run that completes it closes it.
	Tally models.Tally

	fitter      baseline.Fitter
	beside      allCalls
	grid, calls baseline.Grid
	day         DayScore
	peaks       peaks
}

// Score decides the scored day of one history and hands its DayScores to emit: the call rate, if it is rated, and whether calls are missing, if
// it never pauses for a day; then one a code of h.Errors, in order; then, of a principal's roll-up, the APIs it had never used. masked returns the quarantined hours (since 1970) of a unit, hidden from its fit; nil hides nothing. upto
// is how many hours of the scored day are decidable (0 to 24); later ones have Score -Inf and touch nothing. The pointer is valid
// until emit returns.
func (s *Scorer) Score(h *counts.History, masked func(Unit) []int32, upto int, emit func(*DayScore)) {
	if masked == nil {
		masked = func(Unit) []int32 { return nil }
	}
	s.beside.of, s.beside.masked, s.beside.params = h, masked, nil
	s.calls.Begin(h, s.Exposure, upto)
	s.calls.Load(h.All)
	s.grid.Begin(h, s.Exposure, upto)
	u := Unit{Series: h.Series, Data: h.Data, Kind: CallRate}
	rated := false // the series had rated calls in the fit window
	if len(h.Rated) > 0 {
		g := &s.calls
		if !slices.Equal(h.Rated, h.All) { // most series are written to or read, not both
			g = &s.grid
			g.Since(max(h.Born, h.RatedBorn))
			g.Load(h.Rated)
		}
		p := s.fitter.Fit(g, s.Priors.Of(h, baseline.Calls), masked(u))
		rated = called(g)
		e := evidence{s: s, fitter: &s.fitter, ch: models.Calls, g: g, p: p}
		e.score(u)
		e.explain(masked(u))
		s.flush(upto)
		emit(&s.day)
		if e.restless() {
			e.silences()
			e.explain(masked(u))
			s.flush(upto)
			emit(&s.day)
		}
	}
	s.grid.Since(h.Born)
	for _, c := range h.Errors {
		u.Kind, u.ErrorCode = ErrorRate, c.Code
		s.grid.Load(c.Track)
		p := s.fitter.FitErrors(&s.grid, &s.calls, s.Priors.Of(h, baseline.Errors), masked(u))
		e := evidence{s: s, fitter: &s.fitter, ch: models.Errors, g: &s.grid, calls: &s.calls, p: p.Params, errors: &p}
		e.score(u)
		e.explain(masked(u))
		s.flush(upto)
		emit(&s.day)
	}
	if h.IsTotal() {
		u.Kind, u.ErrorCode = Novelty, ""
		s.grid.Load(h.New)
		p := s.fitter.Fit(&s.grid, s.Priors.Of(h, baseline.Novelty), masked(u))
		e := evidence{s: s, fitter: &s.fitter, ch: models.Novelty, g: &s.grid, p: p}
		e.novelties(u)
		e.explain(masked(u))
		s.flush(upto)
		emit(&s.day)
	}
	if upto == 24 && s.grid.Observed(s.grid.Fit, s.grid.Hours) > 0 {
		s.tally(h, rated)
	}
}

// called tells whether the loaded track has calls in the fit window.
func called(g *baseline.Grid) bool { return len(g.Active) > 0 && int(g.Active[0]) < g.Fit }

// tally counts the series-day. A series counts when it had called in the fit window; the maxima of one that had not count all the same.
func (s *Scorer) tally(h *counts.History, rated bool) {
	if rated {
		s.Tally.Series[models.Calls]++
		s.Tally.Series[models.Silence]++
	}
	if called(&s.calls) {
		s.Tally.Series[models.Errors]++
		s.Tally.Series[models.Novelty]++
	}
	if len(h.Rated) > 0 {
		s.Tally.Units[models.Calls]++
	}
	s.Tally.Units[models.Errors] += int64(len(h.Errors))
	if h.IsTotal() {
		s.Tally.Units[models.Novelty]++
	}
}

// peaks holds the highest material evidence of each cell in one unit's day.
type peaks struct {
	most    [models.Cells]float64
	touched []models.Cell
}

func (p *peaks) add(c models.Cell, l float64) {
	if l <= 0 {
		return
	}
	if p.most[c] == 0 {
		p.touched = append(p.touched, c)
	}
	p.most[c] = max(p.most[c], l)
}

// flush tallies the unit's maxima, if its day is complete, and forgets them. Of an alarmed unit the cells count that raised the alarm.
func (s *Scorer) flush(upto int) {
	p, limit := &s.peaks, s.Alarm.Of(s.day.Kind)
	loud := func(c models.Cell) bool { return limit > 0 && s.Nulls.Score(c, p.most[c]) >= limit }
	alarmed := slices.ContainsFunc(p.touched, loud)
	for _, c := range p.touched {
		switch {
		case upto < 24:
		case !alarmed:
			s.Tally.Add(c, p.most[c])
		case loud(c):
			s.Tally.AddAlarm(c, p.most[c])
		}
		p.most[c] = 0
	}
	p.touched = p.touched[:0]
}

// fitOf describes params for people.
func fitOf(p *baseline.Params, g *baseline.Grid, young bool) Fit {
	f := Fit{
		Level: p.Level, Dispersion: p.Alpha, Exposure: float64(p.Exposure), Total: p.Total,
		ActiveDays: p.ActiveDays, Pooling: p.Pool, Regime: models.RegimeOf(p.Level * 24).String(),
	}
	if young {
		f.Regime = models.Newcomer.String()
	}
	if n := g.Observed(0, g.Fit); n < MinExposure {
		f.Undecided = fmt.Sprintf("%d observed hours before this day; %d would be enough", n, MinExposure)
	}
	return f
}

// silent is the verdict on an hour in which nothing was scored.
func silent(h int) Verdict { return Verdict{Score: math.Inf(-1), End: int32(h+1) * 60} }
