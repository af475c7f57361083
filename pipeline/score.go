package pipeline

import (
	"context"
	"maps"
	"slices"

	"trailgauge/baseline"
	"trailgauge/models"
	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// fitted is what all series of a day share.
type fitted struct {
	priors *baseline.Priors
	series int64 // series that called in the fit window
	budget models.Budget
}

// fit pools the history of all series before a day.
func (d *decider) fit(ctx context.Context, x *dayAtHand) error {
	if d.turn != nil {
		if err := d.turn(x); err != nil {
			return err
		}
	}
	sum := &votes{}
	for k := range d.mapped.shards() {
		v, err := d.mapped.votes(ctx, x.day, k)
		if v == nil && err == nil {
			v, err = d.votes(ctx, x, d.mapped.accounts(k))
		}
		if err != nil {
			return err
		}
		sum.merge(v)
	}
	x.fitted = &fitted{
		priors: sum.sketch.Priors(), series: sum.series,
		budget: models.Budget{FalsePerDay: d.config.FalseInsightsPerDay, SeriesPerDay: float64(sum.series)},
	}
	return nil
}

// votes are what some series say of what is usual: integer sums.
type votes struct {
	sketch baseline.Sketch
	series int64 // that called in the fit window
}

func (v *votes) merge(o *votes) {
	v.series += o.series
	v.sketch.Merge(&o.sketch)
}

// votes counts those of some accounts.
func (d *decider) votes(ctx context.Context, x *dayAtHand, of accounts) (*votes, error) {
	mine := make([]votes, d.workers)
	err := d.each(ctx, x.day, of, func(w, _ int, list []*counts.History) {
		for _, h := range list {
			mine[w].sketch.Add(h, x.exposure, func(ch baseline.Channel, code string) []int32 {
				u := insight.Unit{Series: h.Series, Data: h.Data}
				switch ch {
				case baseline.Errors:
					u.Kind, u.ErrorCode = insight.ErrorRate, code
				case baseline.Novelty:
					u.Kind = insight.Novelty
				}
				return x.state.Life.Masked(u)
			})
			if len(h.All) > 0 && h.All[0].Minute < FitDays*trail.MinutesPerDay {
				mine[w].series++
			}
		}
	})
	for w := range mine[1:] {
		mine[0].merge(&mine[1+w])
	}
	return &mine[0], err
}

// scored is what scoring a day, or some accounts of it, comes to.
type scored struct {
	Candidates []insight.Candidate     `json:"candidates"` // ascending by unit
	Watched    map[string]int          `json:"watched"`    // by account, how many API × principal units would be missed
	Tally      models.Tally            `json:"tally"`
	Units      int64                   `json:"units"` // scored
	Baselines  []lake.BaselineRow      `json:"baselines,omitempty"`
	Accounts   map[string]accountCalls `json:"accounts"`
}

// merge adds what follows on s in the order of accounts.
func (s *scored) merge(o *scored) {
	s.Candidates = append(s.Candidates, o.Candidates...)
	s.Baselines = append(s.Baselines, o.Baselines...)
	s.Units += o.Units
	for account, n := range o.Watched {
		s.Watched[account] += n
	}
	for name, a := range o.Accounts {
		s.Accounts[name] = s.Accounts[name].plus(a)
	}
	s.Tally.Merge(&o.Tally)
}

func newScored() *scored {
	return &scored{Watched: map[string]int{}, Accounts: map[string]accountCalls{}}
}

// score compares a day's first upto hours with their baselines.
func (d *decider) score(ctx context.Context, x *dayAtHand) (*scored, error) {
	sum := newScored()
	for k := range d.mapped.shards() {
		s, err := d.mapped.scored(ctx, x, k)
		if s == nil && err == nil {
			s, err = d.scoreOf(ctx, x, d.mapped.accounts(k))
		}
		if err != nil {
			return nil, err
		}
		sum.merge(s)
	}
	slices.SortFunc(sum.Candidates, func(a, b insight.Candidate) int { return a.Unit.Compare(b.Unit) })
	return sum, nil
}

// scoreOf scores some accounts.
func (d *decider) scoreOf(ctx context.Context, x *dayAtHand, of accounts) (*scored, error) {
	f := x.fitted
	scorers := make([]insight.Scorer, d.workers)
	results := make([]map[int]*scored, d.workers)
	for w := range scorers {
		scorers[w] = insight.Scorer{Priors: f.priors, Nulls: x.state.Nulls, Exposure: x.exposure, Alarm: x.limits(), Budget: f.budget}
		results[w] = map[int]*scored{}
	}
	err := d.each(ctx, x.day, of, func(w, batch int, list []*counts.History) {
		r := newScored()
		results[w][batch] = r
		for _, h := range list {
			addCalls(r.Accounts, h)
			scorers[w].Score(h, x.state.Life.Masked, x.upto, func(s *insight.DayScore) {
				r.Units++
				if s.Kind == insight.Silence && s.Principal != "" && !s.IsTotal() {
					r.Watched[s.Account]++
				}
				if x.rows && s.Kind.IsAWS() && !s.IsTotal() {
					r.Baselines = append(r.Baselines, baselineRow(s))
				}
				if x.needs(s) || x.also != nil && x.also(s) {
					r.Candidates = append(r.Candidates, insight.Candidate{DayScore: *s, Track: trackOf(h, s.Unit), First: h.First, Exposure: x.exposure})
				}
			})
		}
	})
	if err != nil {
		return nil, err
	}
	sum := newScored()
	byBatch := map[int]*scored{}
	for w := range results {
		sum.Tally.Merge(&scorers[w].Tally)
		maps.Copy(byBatch, results[w])
	}
	for b := range len(byBatch) {
		sum.merge(byBatch[b])
	}
	return sum, nil
}

// trackOf returns what a unit counts.
func trackOf(h *counts.History, u insight.Unit) counts.Track {
	switch u.Kind {
	case insight.CallRate, insight.Silence:
		return h.Rated
	case insight.Novelty:
		return h.New
	}
	for _, c := range h.Errors {
		if c.Code == u.ErrorCode {
			return c.Track
		}
	}
	return nil
}

func baselineRow(s *insight.DayScore) lake.BaselineRow {
	return lake.BaselineRow{
		Account: s.Account, Region: s.Region, EventSource: s.Source, EventName: s.Name, Principal: s.Principal,
		EventCategory: trail.Category(s.Data), Kind: s.Kind.String(), ErrorCode: s.ErrorCode,
		Level: s.Fit.Level, Dispersion: s.Fit.Dispersion, ExposureHours: s.Fit.Exposure, Total: s.Fit.Total,
		ActiveDays: int32(s.Fit.ActiveDays), Pooling: s.Fit.Pooling, Regime: s.Fit.Regime, Undecided: s.Fit.Undecided,
	}
}
