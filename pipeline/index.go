package pipeline

import (
	"context"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// index finds events of the lake by identity alone, whatever their day. CloudTrail's redeliveries keep the time of an event, so scanning looks no
// further than that day's keys; the same ID with another time, and the originals of corrections, are found here: among the days from RelistDays
// before as-of on, and those that the run adds to.
//
// What it costs a run: the manifests and fingerprints of those days are read once, one after the other in each file, 17.5 bits an event. Of 10 million
// events a day over 35 days that is 0.77 GB and 3 s of one core, with indexMemory at most in memory. Of 65,536 IDs that a day does not have, one is
// looked for in the day's keys all the same: a request of some 100 KB.
type index struct {
	store store.Store
	days  map[trail.Day]*lake.Manifest
	files []indexFile // ascending by day
}

type indexFile struct {
	day          trail.Day
	keys         string
	fingerprints *lake.Fingerprints
}

// located is an event of the lake.
type located struct {
	key lake.Key // its place is no record's of any plan
	day trail.Day
}

// indexMemory is how many bytes of fingerprints are in memory at once.
const indexMemory = 64 << 20

// openIndex opens the days from first on, and those of more, as far as c has them.
func openIndex(ctx context.Context, s store.Store, c *lake.Commit, first trail.Day, more map[trail.Day]bool) (*index, error) {
	x := &index{store: s, days: map[trail.Day]*lake.Manifest{}}
	refs := slices.DeleteFunc(slices.Clone(c.Days), func(r lake.DayRef) bool { return r.Day < first && !more[r.Day] })
	manifests := make([]*lake.Manifest, len(refs))
	err := each(ctx, len(refs), func(ctx context.Context, i int) (err error) {
		manifests[i], err = lake.LoadManifest(ctx, s, c, refs[i].Day)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, m := range manifests {
		x.days[refs[i].Day] = m
		for _, k := range m.Keys {
			x.files = append(x.files, indexFile{day: m.Day, keys: k})
		}
	}
	piece := min(max(indexMemory/int64(max(len(x.files), 1)), 64<<10), 4<<20)
	return x, each(ctx, len(x.files), func(ctx context.Context, i int) (err error) {
		x.files[i].fingerprints, err = lake.OpenFingerprints(ctx, s, lake.FingerprintsKey(x.files[i].keys), piece)
		return err
	})
}

// find returns which of the events, those asked for and those of a stretch, the lake has; of one that it has on several days, the first. None may have a
// lesser ID than one of an earlier call.
func (x *index) find(ctx context.Context, asked []id, s *stretch) (map[id]located, error) {
	if len(x.files) == 0 { // a new lake
		return nil, nil
	}
	ids := slices.Clone(asked)
	for _, h := range s.order {
		ids = append(ids, s.key(h).ID)
	}
	slices.SortFunc(ids, compareIDs)
	ids = slices.Compact(ids)
	found := make([][]lake.Key, len(x.files))
	err := each(ctx, len(x.files), func(ctx context.Context, i int) error {
		f := &x.files[i]
		for _, a := range ids {
			maybe, err := f.fingerprints.Has(ctx, a)
			if err != nil {
				return err
			}
			if !maybe {
				continue
			}
			k, ok, err := lake.FindKey(ctx, x.store, f.keys, f.fingerprints.Len(), a)
			if err != nil {
				return err
			}
			if ok {
				found[i] = append(found[i], k)
			}
		}
		return nil
	})
	all := map[id]located{}
	for i, keys := range found {
		for _, k := range keys {
			if _, ok := all[k.ID]; !ok {
				k.Object, k.Position = math.MaxUint32, math.MaxUint32
				all[k.ID] = located{k, x.files[i].day}
			}
		}
	}
	return all, err
}

// close checks that all that was read is what was written.
func (x *index) close(ctx context.Context) error {
	return each(ctx, len(x.files), func(ctx context.Context, i int) error { return x.files[i].fingerprints.Close(ctx) })
}

// each calls fn for 0 to n-1, several at once: they wait for answers, not for the processor.
func each(ctx context.Context, n int, fn func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(listWorkers)
	for i := range n {
		g.Go(func() error { return fn(ctx, i) })
	}
	return g.Wait()
}
