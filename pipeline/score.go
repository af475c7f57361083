package pipeline

import (
	"context"
	"slices"

	"trailgauge/baseline"
	"trailgauge/models"
	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/trail"
)

// fitted is what all series of a day share.
type fitted struct {
	priors *baseline.Priors
	series int64 // series that called in the fit window
	budget models.Budget
}

// fit pools the history of all series before a day.
func (d *decider) fit(ctx context.Context, day trail.Day, e *counts.Exposure, state *carried) (*fitted, error) {
	sketches := make([]baseline.Sketch, d.workers)
	series := make([]int64, d.workers)
	err := d.each(ctx, day, func(w, _ int, list []*counts.History) {
		for _, h := range list {
			sketches[w].Add(h, e, func(ch baseline.Channel, code string) []int32 {
				u := insight.Unit{Series: h.Series, Data: h.Data}
				switch ch {
				case baseline.Errors:
					u.Kind, u.ErrorCode = insight.ErrorRate, code
				case baseline.Novelty:
					u.Kind = insight.Novelty
				}
				return state.Life.Masked(u)
			})
			if len(h.All) > 0 && h.All[0].Minute < FitDays*trail.MinutesPerDay {
				series[w]++
			}
		}
	})
	if err != nil {
		return nil, err
	}
	f := &fitted{}
	for w := range sketches {
		f.series += series[w]
		if w > 0 {
			sketches[0].Merge(&sketches[w])
		}
	}
	f.priors = sketches[0].Priors()
	f.budget = models.Budget{FalsePerDay: d.config.FalseInsightsPerDay, SeriesPerDay: float64(f.series)}
	return f, nil
}

// scored is what scoring one day comes to.
type scored struct {
	candidates []insight.Candidate // ascending by unit
	watched    map[string]int      // by account, how many API × principal units would be missed
	tally      models.Tally
	units      int64 // scored
	baselines  []lake.BaselineRow
	accounts   map[string]report.AccountDay
}

// score compares a day's first upto hours with their baselines. keep says which units the decision needs; rows asks for the
// baselines table's.
func (d *decider) score(ctx context.Context, day trail.Day, f *fitted, e *counts.Exposure, state *carried, upto int, keep func(*insight.DayScore) bool, rows bool) (*scored, error) {
	scorers := make([]insight.Scorer, d.workers)
	for w := range scorers {
		scorers[w] = insight.Scorer{Priors: f.priors, Nulls: state.Nulls, Exposure: e, Alarm: insight.ThresholdsOf(f.budget), Budget: f.budget}
	}
	type result struct {
		candidates []insight.Candidate
		rows       []lake.BaselineRow
		units      int64
		watched    map[string]int
	}
	accounts := make([]map[string]report.AccountDay, d.workers)
	results := make([]map[int]*result, d.workers)
	for w := range results {
		results[w], accounts[w] = map[int]*result{}, map[string]report.AccountDay{}
	}
	err := d.each(ctx, day, func(w, batch int, list []*counts.History) {
		r := &result{watched: map[string]int{}}
		results[w][batch] = r
		for _, h := range list {
			account(accounts[w], h)
			scorers[w].Score(h, state.Life.Masked, upto, func(s *insight.DayScore) {
				r.units++
				if s.Kind == insight.Silence && s.Principal != "" && !s.IsTotal() {
					r.watched[s.Account]++
				}
				if rows && s.Kind.IsAWS() && !s.IsTotal() {
					r.rows = append(r.rows, baselineRow(s))
				}
				if keep(s) {
					r.candidates = append(r.candidates, insight.Candidate{DayScore: *s, Track: trackOf(h, s.Unit), First: h.First, Exposure: e})
				}
			})
		}
	})
	if err != nil {
		return nil, err
	}
	out := &scored{watched: map[string]int{}, accounts: map[string]report.AccountDay{}}
	byBatch := map[int]*result{}
	for w := range results {
		out.tally.Merge(&scorers[w].Tally)
		for name, a := range accounts[w] {
			out.accounts[name] = out.accounts[name].Plus(a)
		}
		for b, r := range results[w] {
			byBatch[b] = r
		}
	}
	for b := range len(byBatch) {
		out.candidates = append(out.candidates, byBatch[b].candidates...)
		out.baselines = append(out.baselines, byBatch[b].rows...)
		out.units += byBatch[b].units
		for account, n := range byBatch[b].watched {
			out.watched[account] += n
		}
	}
	slices.SortFunc(out.candidates, func(a, b insight.Candidate) int { return a.Unit.Compare(b.Unit) })
	return out, nil
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
		EventCategory: categoryOf(s.Data), Kind: s.Kind.String(), ErrorCode: s.ErrorCode,
		Level: s.Fit.Level, Dispersion: s.Fit.Dispersion, ExposureHours: s.Fit.Exposure, Total: s.Fit.Total,
		ActiveDays: int32(s.Fit.ActiveDays), Pooling: s.Fit.Pooling, Regime: s.Fit.Regime, Undecided: s.Fit.Undecided,
	}
}

func categoryOf(data bool) string {
	if data {
		return "Data"
	}
	return "Management"
}
