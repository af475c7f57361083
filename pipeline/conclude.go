package pipeline

import (
	"context"
	"fmt"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// decides tells whether there is anything to decide as of a plan's as-of.
func decides(c *lake.Commit, p *Plan) bool {
	return c.Number != 0 && (c.Dirty || !settled(c, p.AsOf).Equal(c.Decided))
}

// decider returns who decides a plan.
func (o *Options) decider(c *lake.Commit, p *Plan) *decider {
	return &decider{
		lake: o.Lake, commit: c, config: p.Config, zones: p.Zones, workers: o.Workers, tiles: newTileCache(o.Lake, c),
		step: func(day trail.Day) { o.Progress.Add(0, 0, 0) },
	}
}

// conclude decides what can be decided as of a plan's as-of and makes the second commit. Without anything to decide it only says so. With mapped
// it takes what the steps fit and score came to, and errDayAhead is the error before a day that is to be mapped first.
func (o *Options) conclude(ctx context.Context, c *lake.Commit, p *Plan, mapped *mapping, result *Result) error {
	if !decides(c, p) {
		if result.Report == nil {
			result.Report = o.idle(c, p)
		}
		return nil
	}
	o.Progress.Stage("decide", 0, 0)
	d := o.decider(c, p)
	if mapped != nil {
		d.mapped, d.turn = mapped, mapped.turn
	}
	made, err := d.decide(ctx, p.AsOf)
	if err != nil {
		return fmt.Errorf("deciding: %w", err)
	}
	rules, err := insight.ParseRules(p.Config.rules())
	if err != nil {
		return err
	}
	w := &writer{
		lake: o.Lake, before: c, commit: next(c, p.AsOf), made: made, tiles: d.tiles, reads: p.Config.ScoreReads, dataNovelty: p.Config.ScoreDataNovelty, rules: rules,
	}
	if err := w.write(ctx); err != nil {
		return err
	}
	o.Progress.Stage("report", 0, 0)
	rep, err := o.report(ctx, p, w)
	if err != nil {
		return err
	}
	if err := o.daily(ctx, p, w); err != nil {
		return err
	}
	if w.commit.Told, err = w.tell(ctx, rep); err != nil {
		return err
	}
	if err := w.commit.Save(ctx, o.Lake); err != nil {
		return held(err)
	}
	result.Commit, result.Report = w.commit, rep
	result.Opened += len(rep.Opened)
	result.Refused = result.Refused || c.Dirty && c.Run.Rejected+c.Run.ObjectsRejected > 0
	if err := o.tidy(ctx, w.commit); err != nil {
		return err
	}
	return o.showLatest(ctx, w.commit)
}

// writer brings a decision into the lake.
type writer struct {
	lake   store.Store
	before *lake.Commit
	commit *lake.Commit // the next one
	made   *decision
	tiles  *tileCache // of before
	reads  bool       // call rates count read calls too

	dataNovelty bool // new APIs of data events count too
	rules       *insight.Rules

	stored map[trail.Day][]insight.Insight // by day of start, as committed
	was    map[string]insight.Insight      // the same by ID
	list   []insight.Insight               // what the replayed days' insights come to
	others []insight.Insight               // earlier ones that may share an incident with those of list
}

func (w *writer) write(ctx context.Context) error {
	c := w.commit
	c.Decided, c.Dirty, c.Redecide, c.Marks = w.made.cursor, false, 0, w.made.heeded
	if err := w.load(ctx); err != nil {
		return err
	}
	touched := insight.Touched(sorted(w.was), w.made.atCursor, w.made.first.Start())
	w.list = insight.Reconcile(touched, w.made.atCursor, w.made.now)
	pointers := make([]*insight.Insight, len(w.list))
	for k := range w.list {
		i := &w.list[k]
		pointers[k] = i
		i.Reads = w.reads && (i.Kind == insight.CallRate || i.Kind == insight.Silence) && !i.Data
		i.DataToo = w.dataNovelty && i.Kind == insight.Novelty
	}
	if err := insight.Attribute(ctx, &eventReader{w.lake, w.before}, pointers); err != nil {
		return err
	}
	if err := w.tiles.nameNew(ctx, pointers); err != nil {
		return err
	}
	w.judge()
	if err := w.link(ctx); err != nil {
		return err
	}
	if err := w.insightEvents(ctx); err != nil {
		return err
	}
	if err := w.days(ctx); err != nil {
		return err
	}
	return w.states(ctx)
}

// lookback is how many days before a replayed one an insight can have started: it is closed after a week at the latest.
const lookback = insight.LongestHours/24 + 1

// load reads the committed insights that the replay may have changed, and those that tell what the suppression rules
// are good for and how many opened on the days before.
func (w *writer) load(ctx context.Context) error {
	w.stored, w.was = map[trail.Day][]insight.Insight{}, map[string]insight.Insight{}
	first := w.made.first - lookback
	told := trail.DayOf(w.commit.Decided) // of the reports to write, the earliest day
	if len(w.made.ended) > 0 {
		told = min(told, w.made.ended[0].day)
		first = min(first, told-chartDays-1) // an insight can begin the day before it opens
	}
	if w.rules.Any() {
		first = min(first, told-ruleDays)
	}
	return w.loadFrom(ctx, first)
}

// loadFrom reads the committed insights that began on a day or later, as far as they have not been read yet.
func (w *writer) loadFrom(ctx context.Context, first trail.Day) error {
	for _, r := range w.before.Days {
		if _, known := w.stored[r.Day]; known || r.Day < first {
			continue
		}
		list, err := insightsOn(ctx, w.lake, w.before, r.Day)
		if err != nil {
			return err
		}
		if list == nil {
			continue
		}
		w.stored[r.Day] = list
		for _, i := range list {
			w.was[i.ID] = i
		}
	}
	return nil
}

// changed tells whether an insight differs from what was delivered of it: it is new, no longer suppressed, closed since, or revised.
func (w *writer) changed(i *insight.Insight) bool {
	old := w.was[i.ID]
	return w.opened(i) || old.State != i.State || old.Revision != i.Revision
}
