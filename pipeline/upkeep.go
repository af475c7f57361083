package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
)

// ErrUnfinished says that a run was interrupted, and has to be finished first.
var ErrUnfinished = errors.New("the last run was interrupted")

// UpkeepOptions say on which lake Compact, GC, Expire and Deliver work. None of them reads the trail.
type UpkeepOptions struct {
	Lake     store.Store
	DryRun   bool         // say what would be done and change nothing
	Progress Progress     // nil: nobody watches
	Log      *slog.Logger // nil: nothing is logged
}

func (o *UpkeepOptions) fill() {
	if o.Progress == nil {
		o.Progress = noProgress{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// begin takes the lake and returns its current commit, with what a crash left undone finished. A dry run takes nothing and changes nothing.
func (o *UpkeepOptions) begin(ctx context.Context) (c *lake.Commit, release func(), err error) {
	o.fill()
	release = func() {}
	if !o.DryRun {
		lease, err := hold(ctx, o.Lake, 0)
		if err != nil {
			return nil, nil, err
		}
		release = lease.end
	}
	if c, err = lake.Current(ctx, o.Lake); err == nil && !o.DryRun {
		err = (&Options{Lake: o.Lake}).tidy(ctx, c)
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return c, release, nil
}

// settledLake refuses a lake with a run that is not finished: a commit between its steps would part them.
func settledLake(ctx context.Context, s store.Store, c *lake.Commit) error {
	p, err := loadPlan(ctx, s, c.Number+1)
	if err != nil {
		return err
	}
	if p != nil || c.Dirty {
		return fmt.Errorf("%w: trailgauge run finishes it, then try again", ErrUnfinished)
	}
	return nil
}
