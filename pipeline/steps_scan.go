package pipeline

import (
	"context"
	"errors"
	"fmt"

	"trailgauge/pipeline/lake"
)

// Scan works through shards of the plan. What is scanned already stays. When ctx runs out of time before all is done, what was finished is kept, and the
// Outcome says that the step is to be called again; it is context.DeadlineExceeded where the time was not enough for a single shard.
func Scan(ctx context.Context, o StepOptions) (*Outcome, error) {
	if err := o.cut(); err != nil {
		return nil, err
	}
	c, p, note, err := o.under(ctx)
	if err != nil {
		return nil, err
	}
	out := &Outcome{Step: "scan", Done: true, Note: note}
	if p == nil {
		return out, nil
	}
	out.Run = p.Run
	if c.Number >= p.Run {
		out.Note = "the records are in the lake"
		return out, nil
	}
	if err := o.reads(p); err != nil {
		return nil, err
	}
	wanted, n := o.wanted(len(p.Shards))
	if n == 0 {
		out.Note = fmt.Sprintf("the plan has %d shards", len(p.Shards))
		return out, nil
	}
	lease, err := hold(ctx, o.Lake, p.Run)
	if err != nil {
		return nil, err
	}
	defer lease.leave(p.Run)
	var objects, bytes int64
	for i, s := range p.Shards {
		for _, x := range s.Objects {
			if wanted(i) {
				objects, bytes = objects+1, bytes+x.Size
			}
		}
	}
	o.Progress.Stage("scan", objects, bytes)
	parts, err := o.scanSome(ctx, c, p, wanted)
	fresh := out.take(parts)
	out.Left = n - out.Shards
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(ctx.Err(), context.DeadlineExceeded) && fresh > 0 {
		out.Done = false
		return out, nil
	}
	return out, err
}

// take sums parts up, and returns how many were scanned just now.
func (out *Outcome) take(parts []*part) (fresh int) {
	out.Records = &lake.Ledger{}
	for _, p := range parts {
		if p == nil {
			continue
		}
		out.Shards++
		if p.fresh {
			fresh++
		}
		*out.Records = out.Records.Plus(p.Ledger)
	}
	out.Objects, out.Bytes = out.Records.Objects, out.Records.Bytes
	return fresh
}

// cut refuses shards that cannot be.
func (o *StepOptions) cut() error {
	if len(o.Shards) == 0 {
		return fmt.Errorf("%w: no shard is named", ErrUsage)
	}
	if err := o.bounded(); err != nil {
		return err
	}
	for _, k := range o.Shards {
		if k < 0 || o.Of > 0 && k >= o.Of {
			return fmt.Errorf("%w: there is no shard %d of %d: they are numbered from 0", ErrUsage, k, o.Of)
		}
	}
	return nil
}

// bounded refuses a number of shards that cannot be.
func (o *StepOptions) bounded() error {
	if o.Of < 0 || o.Of > maxOf {
		return fmt.Errorf("%w: work is cut into 1 to %d shards, not %d", ErrUsage, maxOf, o.Of)
	}
	return nil
}

// maxOf bounds into how many shards work is cut: what is made of each is a file of its own.
const maxOf = 1000

// wanted tells which of the plan's shards are meant, and how many these are.
func (o *StepOptions) wanted(shards int) (is func(shard int) bool, n int) {
	set := make([]bool, shards)
	for _, k := range o.Shards {
		from, to := k, k+1
		if o.Of > 0 {
			from, to = k*shards/o.Of, (k+1)*shards/o.Of
		}
		for i := from; i < min(to, shards); i++ {
			set[i] = true
		}
	}
	for _, in := range set {
		if in {
			n++
		}
	}
	return func(i int) bool { return set[i] }, n
}
