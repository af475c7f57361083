package pipeline

import (
	"context"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// batchSize is how many histories a worker takes at a time. Results are put together in order of batches, so
// the number of workers shows nowhere.
const batchSize = 64

// each hands the histories of some accounts that end with a day, those of APIs and then those of principals, to workers in batches. work is
// called with the worker's number, so that each has sums of its own, and leaves the histories as they are.
func (d *decider) each(ctx context.Context, day trail.Day, of accounts, work func(worker, batch int, list []*counts.History)) error {
	type job struct {
		batch int
		list  []*counts.History
	}
	jobs := make(chan job)
	g, ctx := errgroup.WithContext(ctx)
	for w := range d.workers {
		g.Go(func() error {
			for j := range jobs {
				work(w, j.batch, j.list)
			}
			return nil
		})
	}
	g.Go(func() error {
		defer close(jobs)
		n := 0
		return d.batches(ctx, day, of, func(list []*counts.History) error {
			select {
			case jobs <- job{n, list}:
				n++
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	return g.Wait()
}

// gathered is the histories of a day in batches: a day is fitted and scored with the same ones.
type gathered struct {
	day     trail.Day
	of      accounts
	batches [][]*counts.History
}

// maxGathered bounds what is gathered, in points of 16 bytes that can be there two or three times; a history counts as 16 of them. A
// variable for tests.
var maxGathered = 1 << 20

// batches calls fn for the histories of some accounts that end with a day, some at a time. Where they are few, they are assembled once.
func (d *decider) batches(ctx context.Context, day trail.Day, of accounts, fn func([]*counts.History) error) error {
	if d.gathered.batches != nil && d.gathered.day == day && d.gathered.of == of {
		for _, list := range d.gathered.batches {
			if err := fn(list); err != nil {
				return err
			}
		}
		return nil
	}
	d.gathered = gathered{}
	all, points := gathered{day: day, of: of}, 0
	var list []*counts.History
	pass := func() error {
		if points <= maxGathered {
			all.batches = append(all.batches, list)
		} else {
			all = gathered{}
		}
		full := list
		list = nil
		return fn(full)
	}
	err := d.histories(ctx, day, of, func(h *counts.History) error {
		points += 16 + len(h.All)
		if list = append(list, h); len(list) == batchSize {
			return pass()
		}
		return nil
	})
	if err == nil && len(list) > 0 {
		err = pass()
	}
	if err == nil {
		d.gathered = all
	}
	return err
}

// histories calls fn for every history of some accounts that ends with a day: in the order of counts those of series and APIs, then those of principals.
func (d *decider) histories(ctx context.Context, day trail.Day, of accounts, fn func(*counts.History) error) error {
	a := counts.Assembly{
		First: day - FitDays, Days: FitDays + 1, ScoreReads: d.config.ScoreReads, DataNovelty: d.config.ScoreDataNovelty,
		Zones: d.zones,
	}
	first := day - FitDays - BornDays
	tiles, err := d.tiles.read(ctx, first, day, of)
	if err != nil {
		return err
	}
	if err := a.Histories(tiles, fn); err != nil {
		return err
	}
	if tiles, err = d.tiles.principals(ctx, first, day, of); err != nil {
		return err
	}
	return a.Principals(tiles, fn)
}
