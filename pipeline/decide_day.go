package pipeline

import (
	"context"
	"maps"
	"slices"
	"time"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// dayAtHand is a day that is about to be fitted and scored.
type dayAtHand struct {
	day        trail.Day
	from, upto int              // the hours to decide; of a day that only teaches all
	rows       bool             // the baselines table wants its rows
	known      int              // hours of it that were decided before
	exposure   *counts.Exposure // of the fit window and the day
	state      *carried
	fitted     *fitted                      // nil before
	also       func(*insight.DayScore) bool // wants more candidates than the decision needs; nil: none
}

// needs tells which units the decision must see.
func (x *dayAtHand) needs(s *insight.DayScore) bool { return x.state.Life.Needs(s, x.limits(), x.upto) }

func (x *dayAtHand) limits() insight.Thresholds { return insight.ThresholdsOf(x.fitted.budget) }

// day decides one day as far as the cursor goes and returns the state of the next.
func (d *decider) day(ctx context.Context, day trail.Day, state *carried, out *decision, found map[string]insight.Insight) (*carried, error) {
	x, err := d.take(ctx, day, state, out.cursor)
	if err != nil {
		return nil, err
	}
	if err := d.fit(ctx, x); err != nil {
		return nil, err
	}
	s, err := d.weigh(ctx, x)
	if err != nil {
		return nil, err
	}
	out.count(x, s)
	cands := insight.Together(state.Life, s.Candidates, s.Watched, x.limits())
	if day.Start().Before(d.commit.Decided) {
		part, _ := insight.Step(state.Life, day, cands, x.from, x.known, x.limits())
		snapshot := maps.Clone(found)
		merge(snapshot, part)
		out.atCursor = sorted(snapshot)
	}
	part, next := insight.Step(state.Life, day, cands, x.from, x.upto, x.limits())
	merge(found, part)
	if x.upto < 24 {
		return state, nil
	}
	if !d.dry {
		out.ended = append(out.ended, d.end(x, s, part))
	}
	after := &carried{Day: day + 1, Life: next, Nulls: state.Nulls.After(&s.Tally, x.fitted.budget.PerSeriesDay())}
	out.states = append(out.states, after)
	return after, nil
}

// take takes a day in hand, to be decided up to the cursor.
func (d *decider) take(ctx context.Context, day trail.Day, state *carried, cursor time.Time) (*dayAtHand, error) {
	state.Life.Marks = d.marks
	man, err := lake.LoadManifest(ctx, d.lake, d.commit, day)
	if err != nil {
		return nil, err
	}
	hour := func(t time.Time) int { return int(min(max(t.Sub(day.Start())/time.Hour, 0), 24)) }
	return &dayAtHand{
		day: day, from: hour(d.commit.ScoreFrom), known: hour(d.commit.Decided), upto: hour(cursor),
		exposure: exposure(d.commit, day-FitDays, FitDays+1), state: state,
		rows: !d.dry && (len(man.Files[lake.Baselines]) == 0 || d.since != 0 && d.since < day),
	}, nil
}

// weigh scores a day, lets the year before speak, and shows it to whoever else is to see it.
func (d *decider) weigh(ctx context.Context, x *dayAtHand) (*scored, error) {
	then := func(*scored) error { return nil }
	if d.also != nil {
		x.also, then = d.also(x)
	}
	s, err := d.score(ctx, x)
	if err != nil {
		return nil, err
	}
	if err := d.recall(ctx, x.day, s.Candidates, x.limits()); err != nil {
		return nil, err
	}
	if err := then(s); err != nil {
		return nil, err
	}
	if d.also != nil { // what others wanted is none of this decision's
		s.Candidates = slices.DeleteFunc(s.Candidates, func(c insight.Candidate) bool { return !x.needs(&c.DayScore) })
	}
	return s, nil
}

// count adds a day to what the decision covers.
func (out *decision) count(x *dayAtHand, s *scored) {
	fresh := 0
	for h := max(x.from, x.known); h < x.upto; h++ {
		out.hours++
		if x.exposure.Observed(FitDays*24 + h) {
			fresh++
		}
	}
	out.observed += fresh
	out.days = append(out.days, scoredDay{x.fitted.series, s.Units, fresh})
	out.last, out.history, out.budget = x.state, x.exposure.Count(0, FitDays*24)/24, x.fitted.budget
	if x.rows {
		out.rows[x.day] = s.Baselines
	}
}
