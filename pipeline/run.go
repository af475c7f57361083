package pipeline

import (
	"context"
	"fmt"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
)

// Result is what a run came to.
type Result struct {
	Report  *report.Run // nil when there was nothing to do
	Commit  *lake.Commit
	Opened  int  // insights that opened in this run
	Refused bool // some input was rejected
	// Warnings are for a person who waits: nothing to read, and what to do about it.
	Warnings []string
}

// Run does the whole job: it finishes what an interrupted run left, reads what is new in the trail, decides the hours that can be
// decided, and reports. A run that finds nothing new and nothing to decide writes nothing. The same lake, trail and options give the
// same bytes, whatever the number of workers.
func Run(ctx context.Context, o Options) (*Result, error) {
	c, err := lake.Current(ctx, o.Lake)
	if err != nil {
		return nil, err
	}
	if err := o.check(c); err != nil {
		return nil, err
	}
	release, err := hold(ctx, o.Lake)
	if err != nil {
		return nil, err
	}
	defer release()
	if c, err = lake.Current(ctx, o.Lake); err != nil { // as it is now that nobody else changes it
		return nil, err
	}
	if err := o.tidy(ctx, c); err != nil {
		return nil, err
	}
	if err := o.showLatest(ctx, c); err != nil {
		return nil, err
	}
	result := &Result{Commit: c}
	if c, err = o.recover(ctx, c, result); err != nil {
		return nil, err
	}
	if err := o.check(c); err != nil { // what was finished may be newer
		return nil, err
	}
	p, l, err := o.plan(ctx, c)
	if err != nil {
		return nil, err
	}
	if hint := emptyHint(l, p); hint != "" && c.Number == 0 {
		result.Warnings = append(result.Warnings, hint)
	}
	if len(p.Shards)+len(p.Alive) > 0 {
		if err := o.sound(ctx, c); err != nil {
			return nil, err
		}
		if err := p.save(ctx, o.Lake); err != nil {
			return nil, err
		}
		if c, err = o.takeIn(ctx, c, p); err != nil {
			return nil, err
		}
	}
	err = o.conclude(ctx, c, p, result)
	return result, err
}

// recover finishes a run that was interrupted: its plan, its decisions, or both.
func (o *Options) recover(ctx context.Context, c *lake.Commit, result *Result) (*lake.Commit, error) {
	p, err := loadPlan(ctx, o.Lake, c.Number+1)
	if err != nil {
		return nil, err
	}
	if p != nil {
		o.Log.Info("finishing an interrupted run", "run", p.Run)
		if p.Trail != o.Trail.URL("") {
			return nil, fmt.Errorf("%w: an interrupted run on this lake was reading %s; run on that trail first", ErrUsage, p.Trail)
		}
		if c, err = o.takeIn(ctx, c, p); err != nil {
			return nil, err
		}
	} else if c.Dirty {
		if p, err = loadPlan(ctx, o.Lake, c.Number); err != nil {
			return nil, err
		}
	}
	if !c.Dirty {
		return c, nil
	}
	if p == nil {
		return nil, fmt.Errorf("commit %d has no plan: %w", c.Number, lake.ErrForeign)
	}
	if err := o.conclude(ctx, c, p, result); err != nil {
		return nil, err
	}
	return result.Commit, nil
}

// takeIn executes a plan and makes its commit visible.
func (o *Options) takeIn(ctx context.Context, before *lake.Commit, p *Plan) (*lake.Commit, error) {
	c, err := o.ingest(ctx, before, p)
	if err != nil {
		return nil, err
	}
	return c, o.tidy(ctx, c)
}
