package pipeline

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// tidy finishes what a commit begins, and what a crash after it may have left undone, and is harmless otherwise: symlink files agree with the commit, and
// the plan's parts are gone. Whoever makes the next commit has called it before, so that the days which this one changed are all that there is to do.
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
		if moved || lake.RunOf(r.Manifest) == c.Number {
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
