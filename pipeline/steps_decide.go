package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"trailgauge/models"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Fit counts what the series of some accounts say of what is usual, for the day that is to be decided next.
func Fit(ctx context.Context, o StepOptions) (*Outcome, error) {
	return o.byAccount(ctx, "fit", func(d *decider, x *dayAtHand, k int) error {
		v, err := d.votes(ctx, x, d.mapped.accounts(k))
		if err != nil {
			return err
		}
		return d.mapped.saveVotes(ctx, x.day, k, v)
	})
}

// Score compares some accounts' hours of that day with what is usual, which it pools from all that Fit has counted.
func Score(ctx context.Context, o StepOptions) (*Outcome, error) {
	return o.byAccount(ctx, "score", func(d *decider, x *dayAtHand, k int) error {
		if x.fitted == nil {
			if err := d.fit(ctx, x); err != nil {
				return err
			}
		}
		s, err := d.scoreOf(ctx, x, d.mapped.accounts(k))
		if err != nil {
			return err
		}
		return d.mapped.saveScored(ctx, x.day, k, s)
	})
}

// byAccount does a step for the shards of the day at hand that are not done yet.
func (o *StepOptions) byAccount(ctx context.Context, step string, do func(d *decider, x *dayAtHand, k int) error) (*Outcome, error) {
	if err := o.cut(); err != nil {
		return nil, err
	}
	if o.Of == 0 {
		return nil, fmt.Errorf("%w: of how many shards this is one is not said", ErrUsage)
	}
	c, p, note, err := o.deciding(ctx)
	if err != nil {
		return nil, err
	}
	out := &Outcome{Step: step, Done: true, Note: note}
	if p == nil {
		return out, nil
	}
	out.Run = p.Run
	lease, err := hold(ctx, o.Lake, p.Run)
	if err != nil {
		return nil, err
	}
	defer lease.leave(p.Run)
	o.Progress.Stage(step, 0, 0)
	d, x, err := o.atHand(ctx, c, p)
	if err != nil {
		return nil, err
	}
	if x == nil {
		out.Note = "no day is to be scored"
		return out, nil
	}
	out.Day = x.day.String()
	for _, k := range o.Shards {
		there, err := d.mapped.has(ctx, step, x.day, k)
		if err == nil && !there {
			err = do(d, x, k)
		}
		if err != nil {
			return nil, err
		}
		out.Shards++
	}
	return out, nil
}

// deciding is under, for the steps that come after the records are in the lake.
func (o *StepOptions) deciding(ctx context.Context) (c *lake.Commit, p *Plan, note string, err error) {
	c, p, note, err = o.under(ctx)
	switch {
	case err != nil || p == nil:
	case p.takes() && c.Number < p.Run:
		err = fmt.Errorf("%w: %w: the records of run %d are not merged", ErrUsage, ErrOrder, p.Run)
	case !decides(c, p):
		p, note = nil, "nothing is to be decided"
	}
	return c, p, note, err
}

// atHand returns the day that is to be fitted and scored next, nil when there is none, and who decides it.
func (o *StepOptions) atHand(ctx context.Context, c *lake.Commit, p *Plan) (d *decider, x *dayAtHand, err error) {
	d = o.decider(c, p)
	var made decision
	if err := d.again(ctx, p.AsOf, &made); err != nil {
		return nil, nil, err
	}
	d.mapped = &mapping{lake: o.Lake, run: p.deciding(), of: o.Of, marks: made.heeded}
	if x, err = d.marked(ctx); x != nil || err != nil {
		return d, x, err
	}
	found := errors.New("here it is")
	d.turn = func(first *dayAtHand) error {
		x = first
		return found
	}
	step := d.step
	d.step = func(trail.Day) {}
	_, err = d.decide(ctx, p.AsOf)
	d.turn, d.step = nil, step
	if errors.Is(err, found) {
		err = nil
	}
	return d, x, err
}

// waiting is the day at hand as the step decide leaves it for those before it.
type waiting struct {
	Day   trail.Day `json:"day"`
	From  int       `json:"from"`
	Upto  int       `json:"upto"`
	Rows  bool      `json:"rows"`
	Warm  bool      `json:"warm"` // it only teaches: marks are not heeded
	State *carried  `json:"state"`
}

// marked returns the day at hand that was left, nil when none was.
func (d *decider) marked(ctx context.Context) (*dayAtHand, error) {
	w := waiting{State: &carried{Nulls: models.NewNulls()}}
	if there, err := d.mapped.load(ctx, d.mapped.dayKey(), &w); !there || err != nil {
		return nil, err
	}
	if w.State.Life == nil {
		return nil, fmt.Errorf("reading %s: %w", d.lake.URL(d.mapped.dayKey()), lake.ErrForeign)
	}
	if !w.Warm {
		w.State.Life.Marks = d.marks
	}
	return &dayAtHand{day: w.Day, from: w.From, upto: w.Upto, rows: w.Rows, state: w.State, exposure: exposure(d.commit, w.Day-FitDays, FitDays+1)}, nil
}

// errDayAhead says that the next day is to be fitted and scored first.
var errDayAhead = errors.New("a day is to be fitted and scored first")

// stopAfter lets a decider stop before the day after the one given, and leave that as the day at hand.
func (m *mapping) stopAfter(ctx context.Context, day trail.Day) func(*dayAtHand) error {
	return func(x *dayAtHand) error {
		if x.day <= day {
			return nil
		}
		w := waiting{Day: x.day, From: x.from, Upto: x.upto, Rows: x.rows, Warm: x.state.Life.Marks == nil, State: x.state}
		if err := m.save(ctx, m.dayKey(), &w); err != nil {
			return err
		}
		m.next = x.day
		return errDayAhead
	}
}

// Decide makes the decisions, and the report. With Of it takes what Fit and Score came to, and answers that it is not done where another day
// is to be fitted and scored.
func Decide(ctx context.Context, o StepOptions) (*Outcome, error) {
	if err := o.bounded(); err != nil {
		return nil, err
	}
	_, p, _, err := o.deciding(ctx)
	if err != nil {
		return nil, err
	}
	run := 0
	if p != nil {
		run = p.Run
	}
	_, lease, err := o.begin(ctx, run) // without a plan too: what a crash after the last commit left undone is done
	if err != nil {
		return nil, err
	}
	c, p, note, err := o.deciding(ctx) // as it is now that nobody else changes it
	if err != nil || p == nil {
		if lease.end(); err != nil {
			return nil, err
		}
		return &Outcome{Step: "decide", Done: true, Note: note, Commit: c.Number}, nil
	}
	out := &Outcome{Step: "decide", Done: true, Commit: c.Number}
	out.Run = p.Run
	mapped, err := o.ready(ctx, c, p, out)
	if err == nil && out.Done {
		result := &Result{Commit: c}
		if err = o.conclude(ctx, c, p, mapped, result); errors.Is(err, errDayAhead) {
			err, out.Done, out.Day = nil, false, mapped.next.String()
		} else if err == nil {
			out.tell(o.Lake, result)
		}
	}
	if err == nil && out.Done {
		lease.end()
	} else {
		lease.leave(p.Run)
	}
	return out, err
}

// Outcome tells of a run as of a step.
func (r *Result) Outcome(l store.Store) *Outcome {
	out := &Outcome{Step: "run", Done: true}
	out.tell(l, r)
	return out
}

// tell takes over what a run came to in the lake.
func (out *Outcome) tell(l store.Store, r *Result) {
	out.Commit, out.Opened, out.Rejected = r.Commit.Number, r.Opened, r.Refused
	if !r.Commit.Decided.IsZero() {
		out.Until, out.Report = &r.Commit.Decided, l.URL(LatestReport+"index.html")
	}
	if r.Finished != nil {
		out.Finished = l.URL(reportFolder(r.Finished.ID) + "index.html")
	}
}

// ready says whether the day at hand has been scored, by whomever; of what is missing besides, Decide makes up.
func (o *StepOptions) ready(ctx context.Context, c *lake.Commit, p *Plan, out *Outcome) (*mapping, error) {
	if o.Of == 0 {
		return nil, nil
	}
	d, x, err := o.atHand(ctx, c, p)
	if err != nil || x == nil {
		return nil, err
	}
	m := d.mapped
	m.turn = m.stopAfter(ctx, x.day)
	for k := range o.Of {
		if there, err := m.has(ctx, "score", x.day, k); there || err != nil {
			return m, err
		}
	}
	out.Done, out.Day = false, x.day.String()
	return m, nil
}

// Newest tells of the newest report, as a step. The error is store.ErrNotExist where there is none.
func Newest(ctx context.Context, s store.Store) (*Outcome, error) {
	const key = LatestReport + "report.json"
	var rep struct {
		Commit      int
		DecidedUpto *time.Time
		Insights    []struct{ Change string }
	}
	if err := lake.ReadJSON(ctx, s, key, &rep); err != nil {
		return nil, err
	}
	out := &Outcome{Step: "report", Done: true, Commit: rep.Commit, Until: rep.DecidedUpto, Report: s.URL(LatestReport + "index.html")}
	for _, i := range rep.Insights {
		if i.Change == "opened" {
			out.Opened++
		}
	}
	return out, nil
}
