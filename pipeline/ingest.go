package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// ingest executes a plan: scan, settle what several shards hold, merge, commit. Whatever an earlier attempt, or another machine, finished stays.
func (o *Options) ingest(ctx context.Context, before *lake.Commit, p *Plan) (*lake.Commit, error) {
	objects, bytes := p.Objects()
	o.Progress.Stage("scan", objects, bytes)
	parts, err := o.scanAll(ctx, before, p)
	if err != nil {
		return nil, err
	}
	store.Begin(o.Lake)
	var dropped []string // files of this run that its commit will not name
	settled, err := settle(ctx, o.Lake, before, trail.DayOf(p.AsOf), parts)
	if err != nil {
		return nil, err
	}
	if err := settled.strike(parts); err != nil {
		return nil, err
	}
	if len(settled.again) > 0 {
		second, err := o.scanAgain(ctx, before, p, settled.again)
		if err != nil {
			return nil, err
		}
		for shard := range settled.again {
			dropped = append(dropped, parts[shard].files()...)
			if first := parts[shard].Rejected; first != "" { // the second scan's list repeats it
				dropped = append(dropped, first)
			}
			parts[shard] = second[shard]
		}
	}
	o.Progress.Stage("merge", 0, 0)
	m := &merger{lake: o.Lake, base: o.TrailPath, plan: p, parts: parts, settled: settled, workers: o.Workers}
	c, err := m.merge(ctx, before)
	if err != nil {
		return nil, err
	}
	c.Drop = append(c.Drop, dropped...)
	slices.Sort(c.Drop)
	if err := c.Save(ctx, o.Lake); err != nil {
		return nil, held(err)
	}
	return c, nil
}

func held(err error) error {
	if errors.Is(err, store.ErrExist) {
		return fmt.Errorf("committing: %w", ErrHeld)
	}
	return err
}
