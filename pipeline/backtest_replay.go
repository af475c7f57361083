package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"trailgauge/models"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/trail"
)

// budgets are tried beside the configured one, in false insights a day.
var budgets = []float64{.1, .3, 1, 3, 10}

// replayed is a window decided with one configuration.
type replayed struct {
	config Config
	rules  *insight.Rules
	made   *decision
	told   []insight.Insight // of made.now, those that no rule suppresses
	others []*otherBudget
	trials trials
}

// otherBudget decides with another budget what the configured one has scored. That is exact but for one thing: which days count as alarmed in what the
// empirical null learns follows the configured budget. What is quarantined depends on no budget.
type otherBudget struct {
	falsePerDay float64
	life        *insight.DayState // nil before the first day
	limits      insight.Thresholds
	found       map[string]insight.Insight
	granted     float64 // a day, by the last day's thresholds
}

// replay decides the window, and whatever lies between its start and what is known before.
func (o *BacktestOptions) replay(ctx context.Context, past *lake.Commit, tiles *tileCache, config Config) (*replayed, error) {
	rules, err := insight.ParseRules(config.Suppress)
	if err != nil {
		return nil, err
	}
	r := &replayed{rules: rules, config: config, trials: trials{days: o.trialDays()}}
	for _, b := range budgets {
		if b != config.FalseInsightsPerDay {
			r.others = append(r.others, &otherBudget{falsePerDay: b, found: map[string]insight.Insight{}})
		}
	}
	zones, err := config.zones(past, past.ScoreFrom, o.To)
	if err != nil {
		return nil, err
	}
	d := &decider{
		lake: o.Lake, commit: past, config: config, zones: zones, workers: o.Workers, tiles: tiles, dry: true,
		step: func(day trail.Day) { o.Progress.Stage(fmt.Sprintf("replay %s", day), 0, 0) },
	}
	d.also = func(x *dayAtHand) (func(*insight.DayScore) bool, func(*scored) error) {
		for _, b := range r.others {
			b.begin(x)
		}
		needs := func(s *insight.DayScore) bool {
			return slices.ContainsFunc(r.others, func(b *otherBudget) bool { return b.life.Needs(s, b.limits, x.upto) })
		}
		return needs, func(s *scored) error {
			for _, b := range r.others {
				b.step(x, s)
			}
			return r.trials.day(ctx, d, x)
		}
	}
	r.made = &decision{cursor: o.To, rows: map[trail.Day][]lake.BaselineRow{}}
	if d.marks, _, _, err = heed(ctx, o.Lake, past, past.AsOf); err != nil {
		return nil, err
	}
	if err := d.replay(ctx, r.made); err != nil {
		return nil, err
	}
	r.told = r.unsuppressed(r.made.now)
	return r, nil
}

func (b *otherBudget) begin(x *dayAtHand) {
	if b.life == nil {
		b.life = x.state.Life
	}
	budget := models.Budget{FalsePerDay: b.falsePerDay, SeriesPerDay: x.fitted.budget.SeriesPerDay}
	b.life.Marks = x.state.Life.Marks
	b.limits, b.granted = insight.ThresholdsOf(budget), budget.PerDay()
}

func (b *otherBudget) step(x *dayAtHand, s *scored) {
	var mine []insight.Candidate
	for _, c := range s.Candidates {
		if b.life.Needs(&c.DayScore, b.limits, x.upto) {
			mine = append(mine, c)
		}
	}
	mine = insight.Together(b.life, mine, s.Watched, b.limits)
	list, next := insight.Step(b.life, x.day, mine, x.from, x.upto, b.limits)
	merge(b.found, list)
	if next != nil {
		b.life = next
	}
}

// unsuppressed returns the insights that people would be told of. A rule for principals is asked about insights on principals alone: who called an API
// only the events tell.
func (r *replayed) unsuppressed(list []insight.Insight) []insight.Insight {
	return slices.DeleteFunc(slices.Clone(list), func(i insight.Insight) bool { return r.rules.Of(&i) != "" })
}

// report tells what the window came to.
func (r *replayed) report(o *BacktestOptions) report.Replay {
	out := report.Replay{
		FalsePerDay: r.config.FalseInsightsPerDay, Insights: report.Briefs(o.opened(r.told)), Suppressed: len(o.opened(r.made.now)) - len(o.opened(r.told)),
		DetectionDays: []string{}, Detection: r.trials.report(),
	}
	for _, d := range r.trials.days {
		out.DetectionDays = append(out.DetectionDays, d.String())
	}
	for _, day := range r.made.days {
		out.Series = day.series
		out.SeriesDays += float64(day.series) * float64(day.fresh) / 24
	}
	days := o.To.Sub(o.From).Hours() / 24
	add := func(asked, granted float64, found []insight.Insight, configured bool) {
		b := report.Budgeted{FalsePerDay: asked, Granted: granted, Insights: len(found), PerDay: float64(len(found)) / days, Configured: configured}
		for k := range found {
			if found[k].Parent == "" {
				b.Apart++
			}
		}
		out.Budgets = append(out.Budgets, b)
	}
	for _, b := range r.others {
		add(b.falsePerDay, b.granted, r.unsuppressed(o.opened(sorted(b.found))), false)
	}
	add(r.config.FalseInsightsPerDay, r.made.budget.PerDay(), o.opened(r.told), true)
	slices.SortFunc(out.Budgets, func(a, b report.Budgeted) int { return cmp.Compare(a.FalsePerDay, b.FalsePerDay) })
	return out
}
