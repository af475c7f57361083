package pipeline

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/lake"
)

// scanAll scans all shards of a plan for the first time.
func (o *Options) scanAll(ctx context.Context, before *lake.Commit, p *Plan) ([]*part, error) {
	parts, err := o.scanSome(ctx, before, p, func(int) bool { return true })
	if err != nil {
		return nil, err
	}
	orphaned, err := orphaned(parts)
	if err != nil {
		return nil, err
	}
	for _, i := range orphaned { // before anything is written over that it names
		if err := o.Lake.Delete(ctx, partKey(p.Run, partName(i, false))); err != nil {
			return nil, err
		}
	}
	again, err := o.work(ctx, p, func(i int) *scanner {
		if !slices.Contains(orphaned, i) {
			return nil
		}
		return &scanner{commit: before, name: partName(i, false)}
	})
	for _, i := range orphaned {
		parts[i] = again[i]
	}
	return parts, err
}

// scanSome scans the shards that wanted names, and looks at those just before them for what they hold. Others have a nil part.
func (o *Options) scanSome(ctx context.Context, before *lake.Commit, p *Plan, wanted func(shard int) bool) ([]*part, error) {
	seen := newNeighbours(p.Shards, wanted)
	return o.work(ctx, p, func(i int) *scanner {
		if !wanted(i) && !seen.needed(i) {
			return nil
		}
		s := &scanner{commit: before, name: partName(i, false), neighbours: seen, looks: !wanted(i)}
		if !s.looks {
			s.progress = o.Progress
		}
		return s
	})
}

// scanAgain scans shards without the events that others keep.
func (o *Options) scanAgain(ctx context.Context, before *lake.Commit, p *Plan, again map[int]survivors) ([]*part, error) {
	return o.work(ctx, p, func(i int) *scanner {
		elsewhere, listed := again[i]
		if !listed {
			return nil
		}
		return &scanner{commit: before, name: partName(i, true), elsewhere: elsewhere}
	})
}

// work lets the workers take the shards, ascending, for which there is a scanner.
func (o *Options) work(ctx context.Context, p *Plan, scannerOf func(shard int) *scanner) ([]*part, error) {
	parts := make([]*part, len(p.Shards))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(o.Workers)
	desks := make(chan *desk, o.Workers) // those nobody works at
	for range o.Workers {
		desks <- new(desk)
	}
	for i, shard := range p.Shards {
		s := scannerOf(i)
		if s == nil {
			continue
		}
		g.Go(func() (err error) {
			s.desk = <-desks
			defer func() { desks <- s.desk }()
			s.trail, s.lake, s.base, s.run, s.shard, s.memory = o.Trail, o.Lake, o.TrailPath, p.Run, i, o.memory
			if s.progress == nil { // these objects are counted elsewhere
				s.progress = noProgress{}
			}
			if s.looks {
				return s.look(ctx, shard)
			}
			if s.neighbours != nil {
				defer s.neighbours.looked(i)
			}
			parts[i], err = s.scan(ctx, shard)
			return err
		})
	}
	return parts, g.Wait()
}

// orphaned returns the shards that left events to an object which could then not be read: two machines may find an object in two states. They are
// scanned as if they had no neighbours.
func orphaned(parts []*part) (shards []int, err error) {
	unread := map[uint32]bool{}
	for _, p := range parts {
		for _, o := range p.Objects {
			if o.Reason != "" {
				unread[uint32(o.Number)] = true
			}
		}
	}
	for i, p := range parts {
		struck, err := p.struck()
		if err != nil {
			return nil, err
		}
		for k := range struck.Len() {
			if unread[struck.At(k).Object] {
				shards = append(shards, i)
				break
			}
		}
	}
	return shards, nil
}
