package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// plan lists the trail and says what a run would read; nothing is written. nothing new: no shards.
func (o *Options) plan(ctx context.Context, c *lake.Commit) (*Plan, *listing, error) {
	p := &Plan{
		Format: 1, Run: c.Number + 1, Program: Program, Trail: o.Trail.URL(""), AsOf: o.AsOf.UTC(), Config: o.Config,
		ScoreFrom: o.ScoreFrom.UTC().Truncate(time.Hour),
	}
	if o.ScoreFrom.IsZero() {
		p.ScoreFrom = o.AsOf.UTC().Add(-24 * time.Hour).Truncate(time.Hour)
	}
	var err error
	if p.Zones, err = o.Config.zones(c, p.ScoreFrom, p.AsOf); err != nil {
		return nil, nil, err
	}
	p.First, p.FullList = o.first(c)
	p.First = max(p.First, c.Expired)
	o.Progress.Stage("list", 0, 0)
	l, err := list(ctx, o.Trail, o.TrailPath, p.First, p.FullList, o.AsOf)
	if err != nil {
		return nil, nil, fmt.Errorf("listing the trail: %w", err)
	}
	fresh, err := unseen(ctx, o.Lake, c, o.TrailPath, l.objects)
	if err != nil {
		return nil, nil, err
	}
	p.Foreign, p.Archived = maps.Clone(l.foreign), l.archived
	p.Shards = cut(fresh, o.TrailPath)
	for _, e := range c.Exposure {
		if l.alive[e.Day] &^= e.Hours; l.alive[e.Day] == 0 {
			delete(l.alive, e.Day)
		}
	}
	p.Alive = l.alive.list()
	return p, l, nil
}

// first returns the first delivery day to list, and whether that is as far back as a run ever looks.
func (o *Options) first(c *lake.Commit) (trail.Day, bool) {
	today := trail.DayOf(o.AsOf)
	if o.From != nil {
		return *o.From, true
	}
	if c.Number == 0 || c.Ingested.IsZero() {
		return today - HistoryDays, true
	}
	if c.FullList < today {
		return max(min(today-RelistDays, trail.DayOf(c.Ingested)-1), c.First), true
	}
	return max(min(today, trail.DayOf(c.Ingested))-1, c.First), false
}

// ingest executes a plan: scan, settle what several shards hold, merge, commit. Whatever an earlier attempt, or another machine, finished stays.
func (o *Options) ingest(ctx context.Context, before *lake.Commit, p *Plan) (*lake.Commit, error) {
	objects, bytes := p.Objects()
	o.Progress.Stage("scan", objects, bytes)
	parts, err := o.scanAll(ctx, before, p)
	if err != nil {
		return nil, err
	}
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

// tidy finishes what a crash after a commit may have left undone, and is harmless otherwise: symlink files agree with the commit,
// and the plan's parts are gone.
func (o *Options) tidy(ctx context.Context, c *lake.Commit) error {
	if c.Number == 0 {
		return nil
	}
	if err := c.Hint(ctx, o.Lake); err != nil {
		return err
	}
	moved, err := o.moved(ctx)
	if err != nil {
		return err
	}
	var recent []trail.Day
	for _, r := range c.Days {
		if moved || lake.RunOf(r.Manifest) >= c.Number-1 {
			recent = append(recent, r.Day)
		}
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(listWorkers)
	for _, d := range recent {
		g.Go(func() error {
			m, err := lake.LoadManifest(gctx, o.Lake, c, d)
			if err != nil {
				return err
			}
			return m.Publish(gctx, o.Lake)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if moved {
		if err := o.Lake.Put(ctx, placeKey, []byte(o.Lake.URL("")+"\n")); err != nil {
			return err
		}
	}
	for _, key := range c.Drop {
		if err := o.Lake.Delete(ctx, key); err != nil {
			return err
		}
	}
	return o.dropParts(ctx, c.Number)
}

// placeKey holds the URL that the symlink files were written with.
const placeKey = "state/place"

// moved tells whether the lake lies elsewhere than when its symlink files were written: they name files by their URLs.
func (o *Options) moved(ctx context.Context) (bool, error) {
	place, _, err := o.Lake.Get(ctx, placeKey, 0)
	if err != nil && !errors.Is(err, store.ErrNotExist) {
		return false, err
	}
	return string(place) != o.Lake.URL("")+"\n", nil
}

// dropParts removes the working files of a run that is committed.
func (o *Options) dropParts(ctx context.Context, run int) error {
	var keys []string
	err := o.Lake.List(ctx, partPrefix(run), "", func(i store.Info) error {
		if store.Clean(i.Key) { // else it is not ours
			keys = append(keys, i.Key)
		}
		return nil
	})
	for _, key := range keys {
		if err == nil {
			err = o.Lake.Delete(ctx, key)
		}
	}
	return err
}
