package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// A backtest decides a past window again, from the counts alone and with the decider of a run, and writes nothing. It begins where the lake's own
// decisions can be followed: with what was kept of a day at or before the window, or, when that is gone, with the lake's first decision. Only
// where neither is within reach it begins as a new lake would.

// BacktestOptions say what a backtest works on.
type BacktestOptions struct {
	Lake     store.Store
	From, To time.Time // the window, whole hours, half-open
	Config   Config
	Against  *Config // decide the window with this one too, and tell the difference; nil: do not

	Trail     store.Store // to compare with CloudTrail's own Insight events in it; nil: do not
	TrailPath string      // path of Trail within its bucket or file system

	Workers  int      // series worked on at once; at least 1
	Progress Progress // nil: nobody watches
}

// maxRunUp bounds how many days before the window are decided again to follow the lake from its first decision.
const maxRunUp = 92

// WindowError is a window that the lake's counts do not hold. It wraps ErrUsage.
type WindowError struct {
	Text  string
	First trail.Day // first day with counts
	Upto  time.Time // hours that end by then can be decided; zero: none
}

func (e *WindowError) Error() string { return e.Text }
func (e *WindowError) Unwrap() error { return ErrUsage }

// Hint says what there is.
func (e *WindowError) Hint() string {
	if e.Upto.IsZero() {
		return "trailgauge run fills a lake"
	}
	return fmt.Sprintf("the lake holds counts from %s to %s", e.First, stamp(e.Upto))
}

// Backtest replays the window. It reads commits, manifests, counts and states of the lake, and writes nothing.
func Backtest(ctx context.Context, o BacktestOptions) (*report.Backtest, error) {
	if o.Progress == nil {
		o.Progress = noProgress{}
	}
	o.Workers = max(o.Workers, 1)
	for _, c := range []*Config{&o.Config, o.Against} {
		if c == nil {
			continue
		}
		if err := c.Validate(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUsage, err)
		}
	}
	c, err := lake.Current(ctx, o.Lake)
	if err != nil {
		return nil, err
	}
	if err := o.check(c); err != nil {
		return nil, err
	}
	names, err := o.Config.names()
	if err == nil && len(names.Accounts) == 0 {
		names, err = NamesOf(ctx, o.Lake)
	}
	if err != nil {
		return nil, err
	}
	past, start := o.past(c)
	tiles := newTileCache(o.Lake, c)
	r, err := o.replay(ctx, past, tiles, o.Config)
	if err != nil {
		return nil, fmt.Errorf("backtesting: %w", err)
	}
	out := &report.Backtest{
		SchemaVersion: report.SchemaVersion, Program: Program, Lake: o.Lake.URL(""), From: o.From, To: o.To, Start: start,
		Hours: r.made.hours, HoursUnknown: r.made.hours - r.made.observed, HistoryDays: r.made.history, Configured: r.report(&o), Names: names,
	}
	if o.Against != nil {
		b, err := o.replay(ctx, past, tiles, *o.Against)
		if err != nil {
			return nil, fmt.Errorf("backtesting the other configuration: %w", err)
		}
		against := b.report(&o)
		out.Against = &against
		out.Gained, out.Lost = report.Briefs(beside(o.opened(b.told), r.told)), report.Briefs(beside(o.opened(r.told), b.told))
	}
	if out.Stored, err = o.stored(ctx, c, r); err != nil {
		return nil, err
	}
	if o.Trail != nil {
		o.Progress.Stage("read CloudTrail's own insights", 0, 0)
		if out.AWS, err = o.aws(ctx, r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// check refuses windows that make no sense, or that the lake cannot decide.
func (o *BacktestOptions) check(c *lake.Commit) error {
	for _, t := range []time.Time{o.From, o.To} {
		if !t.Equal(t.Truncate(time.Hour)) {
			return fmt.Errorf("%w: %s is no whole hour: a decision is on an hour", ErrUsage, instant(t))
		}
	}
	if !o.From.Before(o.To) {
		return fmt.Errorf("%w: the window from %s to %s is empty", ErrUsage, stamp(o.From), stamp(o.To))
	}
	outside := &WindowError{Upto: settled(c, c.AsOf)}
	if len(c.Days) == 0 || outside.Upto.IsZero() {
		outside.Text, outside.Upto = fmt.Sprintf("the lake %s holds no counts", o.Lake.URL("")), time.Time{}
		return outside
	}
	outside.First = c.Days[0].Day
	switch {
	case o.From.Before(outside.First.Start()):
		outside.Text = fmt.Sprintf("the window begins %s, before the lake's first day", stamp(o.From))
	case o.To.After(outside.Upto):
		outside.Text = fmt.Sprintf("the window ends %s, after the last hour the lake can decide", stamp(o.To))
	default:
		return nil
	}
	return outside
}

// past returns the commit as a run would have found it that had just decided everything before the window, and what is known then.
func (o *BacktestOptions) past(c *lake.Commit) (*lake.Commit, report.Start) {
	past := *c
	past.Decided, past.Dirty, past.Redecide = o.From, false, 0
	past.States = nil
	first := trail.DayOf(o.From)
	for _, s := range c.States {
		if s.Day <= first {
			past.States = []lake.StateRef{s}
		}
	}
	began := trail.DayOf(c.ScoreFrom)
	switch {
	case len(past.States) > 0:
		return &past, report.Start{Kind: "state", At: past.States[0].Day.Start()}
	case !c.ScoreFrom.After(o.From) && first-began <= maxRunUp && c.Expired <= began-FitDays:
		return &past, report.Start{Kind: "beginning", At: c.ScoreFrom}
	}
	past.ScoreFrom = o.From
	return &past, report.Start{Kind: "new", At: o.From}
}

// opens tells whether an insight opened in the window: in the hour in which what raised it ended.
func (o *BacktestOptions) opens(i *insight.Insight) bool {
	return i.Detected.End.After(o.From) && !i.Detected.End.After(o.To)
}

// opened returns the insights of list that opened in the window.
func (o *BacktestOptions) opened(list []insight.Insight) []insight.Insight {
	var out []insight.Insight
	for k := range list {
		if o.opens(&list[k]) {
			out = append(out, list[k])
		}
	}
	return out
}

// beside returns the insights of list that none of others is of the same unit as, at overlapping times.
func beside(list, others []insight.Insight) []insight.Insight {
	var out []insight.Insight
	for _, i := range list {
		if !slices.ContainsFunc(others, func(j insight.Insight) bool { return i.Unit == j.Unit && share(i.Whole, j.Whole) }) {
			out = append(out, i)
		}
	}
	return out
}

// share tells whether two spans have a minute in common.
func share(a, b insight.Span) bool { return a.Start.Before(b.End) && b.Start.Before(a.End) }

// stored compares a replay with what the lake has, over the hours of the window that the lake itself has decided.
func (o *BacktestOptions) stored(ctx context.Context, c *lake.Commit, r *replayed) (*report.Stored, error) {
	decided := *o
	if c.ScoreFrom.After(o.From) {
		decided.From = c.ScoreFrom
	}
	if c.Decided.Before(o.To) {
		decided.To = c.Decided
	}
	if !decided.From.Before(decided.To) {
		return &report.Stored{OnlyLake: []report.Brief{}, OnlyReplay: []report.Brief{}}, nil
	}
	var all []insight.Insight
	for day := trail.DayOf(o.From) - lookback; day <= trail.DayOf(o.To); day++ {
		list, err := insightsOn(ctx, o.Lake, c, day)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	all = slices.DeleteFunc(all, func(i insight.Insight) bool { return i.State == insight.Retracted })
	mine := decided.opened(all)
	only := beside(mine, r.made.now)
	return &report.Stored{
		From: decided.From, To: decided.To,
		Insights: len(mine), Both: len(mine) - len(only), OnlyLake: report.Briefs(only), OnlyReplay: report.Briefs(beside(decided.opened(r.made.now), all)),
	}, nil
}
