package pipeline

import (
	"context"
	"encoding/json"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// sound makes sure, before a run writes anything, that what it is going to read of the lake is what trailgauge wrote there: the footers of the counts that
// its decisions come from and of the events it may bring together, the states, and the insights. What is damaged inside of a table is found when it is read.
func (o *Options) sound(ctx context.Context, c *lake.Commit) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(listWorkers)
	for _, r := range c.States {
		g.Go(func() error {
			_, err := loadState(ctx, o.Lake, r)
			return err
		})
	}
	for _, r := range c.Days {
		if r.Day >= neededFrom(c) {
			g.Go(func() error { return o.soundDay(ctx, c, r.Day) })
		}
	}
	return g.Wait()
}

func (o *Options) soundDay(ctx context.Context, c *lake.Commit, day trail.Day) error {
	m, err := lake.LoadManifest(ctx, o.Lake, c, day)
	if err != nil {
		return err
	}
	for t, files := range m.Files {
		if t != lake.Counts && t != lake.Principals && (t != lake.Events || day < trail.DayOf(o.AsOf)-1) {
			continue
		}
		for _, f := range files {
			if err := lake.CheckFile(ctx, o.Lake, t, f); err != nil {
				return err
			}
		}
	}
	if m.Found == "" {
		return nil
	}
	var list []json.RawMessage
	return lake.ReadJSON(ctx, o.Lake, m.Found, &list)
}
