package pipeline

import (
	"context"
	"fmt"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
)

// Result is what a run came to.
type Result struct {
	Report *report.Run // nil when there was nothing to do
	// Finished is the report of an interrupted run that was finished first, where Report is that of another run after it; else nil.
	Finished *report.Run
	Commit   *lake.Commit
	Opened   int  // insights that opened in this run
	Refused  bool // some input was rejected
	// Warnings are for a person who waits: nothing to read, and what to do about it.
	Warnings []string
}

// Run does the whole job: it finishes what an interrupted run left, reads what is new in the trail, decides the hours that can be
// decided, and reports. A run that finds nothing new and nothing to decide writes nothing, but that a new lake has begun. The same lake, trail and options give the
// same bytes, whatever the number of workers; and whether one process runs or many do the steps (steps.go).
func Run(ctx context.Context, o Options) (*Result, error) {
	c, lease, err := o.begin(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer lease.end()
	result := &Result{Commit: c}
	p, err := pending(ctx, o.Lake, c)
	if err != nil {
		return nil, err
	}
	if p != nil {
		o.Log.Info("finishing an interrupted run", "run", p.Run)
		if c, err = o.finish(ctx, c, p, result); err != nil {
			return nil, err
		}
		if result.Opened > 0 { // what is reported in the end is the run after it
			result.Warnings = append(result.Warnings, fmt.Sprintf("run %d was interrupted and was finished first: insights opened in it: %d, see %s",
				p.Run, result.Opened, o.Lake.URL(reportFolder(result.Report.ID)+"index.html")))
		}
	}
	if err := o.check(c); err != nil { // what was finished may be newer
		return nil, err
	}
	p, hint, err := o.prepare(ctx, c)
	if err != nil {
		return nil, err
	}
	if hint != "" {
		result.Warnings = append(result.Warnings, hint)
	}
	before := result.Report
	if _, err = o.finish(ctx, c, p, result); result.Report != before {
		result.Finished = before
	}
	return result, err
}

// begin takes the lease, for the steps of a plan or alone, and returns the current commit with what a crash after it left undone finished.
func (o *Options) begin(ctx context.Context, plan int) (*lake.Commit, *holding, error) {
	c, err := lake.Current(ctx, o.Lake)
	if err != nil {
		return nil, nil, err
	}
	if err := o.check(c); err != nil {
		return nil, nil, err
	}
	lease, err := hold(ctx, o.Lake, plan)
	if err != nil {
		return nil, nil, err
	}
	if c, err = lake.Current(ctx, o.Lake); err == nil { // as it is now that nobody else changes it
		err = o.tidy(ctx, c)
	}
	if err == nil && c.Number == 0 {
		err = lake.Begin(ctx, o.Lake)
	}
	if err == nil {
		err = o.showLatest(ctx, c)
	}
	if err != nil && plan == 0 {
		lease.end()
	} else if err != nil {
		lease.leave(plan)
	}
	return c, lease, err
}

// pending returns the plan of a run that is not finished: its records are not taken in, or not decided. Nil: there is none.
func pending(ctx context.Context, s store.Store, c *lake.Commit) (*Plan, error) {
	p, err := loadPlan(ctx, s, c.Number+1)
	if p != nil || err != nil || !c.Dirty {
		return p, err
	}
	if p, err = loadPlan(ctx, s, c.Number); err == nil && p == nil {
		err = fmt.Errorf("commit %d has no plan: %w", c.Number, lake.ErrForeign)
	}
	return p, err
}

// prepare plans a run, and saves the plan where there is anything to do. hint says what may be wrong when a new lake finds nothing.
func (o *Options) prepare(ctx context.Context, c *lake.Commit) (p *Plan, hint string, err error) {
	p, l, err := o.plan(ctx, c)
	if err != nil {
		return nil, "", err
	}
	if c.Number == 0 {
		hint = emptyHint(l, p)
	}
	if p.takes() {
		if err := o.sound(ctx, c); err != nil {
			return nil, "", err
		}
	} else if !decides(c, p) {
		return p, hint, nil
	}
	return p, hint, p.save(ctx, o.Lake)
}

// finish does what is left of a plan.
func (o *Options) finish(ctx context.Context, c *lake.Commit, p *Plan, result *Result) (*lake.Commit, error) {
	if p.takes() && c.Number < p.Run {
		if o.Trail.URL("") != p.Trail {
			return nil, fmt.Errorf("%w: an interrupted run on this lake was reading %s; run on that trail first", ErrUsage, p.Trail)
		}
		var err error
		o.memory = new(memory)
		if c, err = o.takeIn(ctx, c, p); err != nil {
			return nil, err
		}
	}
	err := o.conclude(ctx, c, p, nil, result)
	return result.Commit, err
}

// takeIn executes a plan and makes its commit visible.
func (o *Options) takeIn(ctx context.Context, before *lake.Commit, p *Plan) (*lake.Commit, error) {
	c, err := o.ingest(ctx, before, p)
	if err != nil {
		return nil, err
	}
	return c, o.tidy(ctx, c)
}
