package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// merger brings the parts of a plan together into the next commit.
type merger struct {
	lake    store.Store
	base    string
	plan    *Plan
	parts   []*part
	settled *settlement
	workers int          // days worked on at once
	commit  *lake.Commit // the next one, as it grows
}

// merge writes what the parts come to together and returns the commit that names it; it is not saved yet. Its parts hold no
// event twice, and none that the lake has: settle has seen to that.
func (m *merger) merge(ctx context.Context, before *lake.Commit) (*lake.Commit, error) {
	m.commit = next(before, m.plan.AsOf)
	c := m.commit
	c.Ingested, c.Dirty = m.plan.AsOf, true
	if before.Number == 0 || m.plan.First < c.First {
		c.First = m.plan.First
	}
	if before.Number == 0 || c.ScoreFrom.IsZero() {
		c.ScoreFrom, c.Decided = m.plan.ScoreFrom, m.plan.ScoreFrom
	}
	if m.plan.FullList {
		c.FullList = trail.DayOf(m.plan.AsOf)
	}
	c.Run, c.Times = lake.Ledger{}, lake.Span{}
	for _, p := range m.parts {
		c.Run, c.Times = c.Run.Plus(p.Ledger), c.Times.Plus(p.Times)
	}
	days, err := m.days(ctx, before)
	if err != nil {
		return nil, err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(m.workers)
	for _, d := range days {
		g.Go(func() error { return m.day(gctx, d) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	refs := make([]lake.DayRef, len(days))
	err = each(ctx, len(days), func(ctx context.Context, i int) (err error) {
		refs[i], err = days[i].manifest.Write(ctx, m.lake, c.Number, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, d := range days {
		m.note(d)
		c.Point(refs[i])
	}
	if !c.Run.Balances() {
		return nil, fmt.Errorf("internal error: run %d read %d records, but kept %d + duplicate %d + replaced %d + rejected %d",
			c.Number, c.Run.In, c.Run.Kept, c.Run.Duplicate, c.Run.Replaced, c.Run.Rejected)
	}
	c.Totals = c.Totals.Plus(c.Run)
	m.expose()
	return c, m.lists(ctx)
}

// next returns the commit after c, with everything c has.
func next(c *lake.Commit, asOf time.Time) *lake.Commit {
	n := *c
	n.Format, n.Number, n.AsOf, n.Program, n.Drop, n.Told = 1, c.Number+1, asOf.UTC(), Program, nil, ""
	n.Days, n.Objects = slices.Clone(c.Days), slices.Clone(c.Objects)
	n.Exposure, n.States = slices.Clone(c.Exposure), slices.Clone(c.States)
	return &n
}

func keysOf(ctx context.Context, s store.Store, parts []partDay) ([]lake.Keys, error) {
	files := make([]lake.Keys, len(parts))
	for i, p := range parts {
		var err error
		if files[i], err = p.Keys.keys(ctx, s); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// day adds the run's files to one event day. Days do not touch each other, nor the commit: note does.
func (m *merger) day(ctx context.Context, t *touched) error {
	man := t.manifest
	for _, p := range t.parts {
		man.Files[lake.Events] = append(man.Files[lake.Events], p.Events)
	}
	if err := m.keepKeys(ctx, t); err != nil {
		return err
	}
	fresh, err := m.counts(ctx, t)
	if err != nil {
		return err
	}
	if err := m.mergeCounts(ctx, man, fresh); err != nil {
		return err
	}
	t.dropped, err = m.fold(ctx, man)
	return err
}

// counts adds up what the run counts on a day, and takes out what is corrected.
func (m *merger) counts(ctx context.Context, t *touched) ([]counts.Tile, error) {
	fixes, err := m.fix(ctx, t)
	if err != nil {
		return nil, err
	}
	readers := []counts.Reader{counts.Slice(fixes)}
	for _, p := range t.parts {
		r, err := p.Counts.tiles(ctx, m.lake, t.manifest.Day)
		if err != nil {
			return nil, err
		}
		readers = append(readers, r)
	}
	return counts.Collect(counts.Merge(readers...))
}

// note makes what a day changes in the sums, and in what is decided, the commit's.
func (m *merger) note(t *touched) {
	c, man := m.commit, t.manifest
	c.Run, c.Totals = c.Run.Plus(t.run), c.Totals.Plus(t.totals)
	c.Drop = append(c.Drop, t.dropped...)
	if from := trail.DayOf(c.Decided); man.Day <= from && (c.Redecide == 0 || man.Day < c.Redecide) {
		c.Redecide = man.Day
	}
}

// maxKeyFiles bounds how many files hold the identities of one day: with more they are merged into one.
const maxKeyFiles = 8

func (m *merger) keepKeys(ctx context.Context, t *touched) error {
	if len(t.parts) == 0 {
		return nil
	}
	files, err := keysOf(ctx, m.lake, t.parts)
	if err != nil {
		return err
	}
	man := t.manifest
	if len(man.Keys) >= maxKeyFiles {
		old, err := loadKeys(ctx, m.lake, man.Keys)
		if err != nil {
			return err
		}
		files = append(files, old...)
		man.Keys = nil
	}
	key := fmt.Sprintf("state/keys/%s/%08d.keys", man.Day.Path(), m.commit.Number)
	man.Keys = append(man.Keys, key)
	keys := lake.MergeKeys(files...)
	if err := m.lake.Prepare(ctx, lake.FingerprintsKey(key), lake.EncodeFingerprints(keys)); err != nil {
		return err
	}
	return m.lake.Prepare(ctx, key, keys.File())
}

// maxCountFiles bounds the counts files of a day that is still growing; a day that is over has one.
const maxCountFiles = 8

// mergeCounts adds what a run counts to a day's files: one more, or one of all once the day is over or has many, and of a day that is over another in
// the order of principals.
func (m *merger) mergeCounts(ctx context.Context, man *lake.Manifest, fresh []counts.Tile) error {
	put := func(t lake.Table, tiles []counts.Tile) (lake.File, error) {
		return putTiles(ctx, m.lake, t, man.Day, m.commit.Number, "day", tiles)
	}
	files := man.Files[lake.Counts]
	over := man.Day < trail.DayOf(m.plan.AsOf.Add(-Watermark))
	switch {
	case len(fresh) == 0 && (!over || len(files) == 0 || len(files) == 1 && len(man.Files[lake.Principals]) > 0):
		return nil
	case !over && len(files) < maxCountFiles:
		f, err := put(lake.Counts, fresh)
		man.Files[lake.Counts] = append(files, f)
		return err
	}
	before, err := lake.Tiles(ctx, m.lake, man)
	if err != nil {
		return err
	}
	tiles, err := counts.Collect(counts.Merge(before, counts.Slice(fresh)))
	if err != nil {
		return err
	}
	if len(fresh) > 0 || len(files) > 1 {
		f, err := put(lake.Counts, tiles)
		if err != nil {
			return err
		}
		man.Files[lake.Counts] = []lake.File{f}
	}
	if !over {
		return nil
	}
	f, err := put(lake.Principals, counts.ByPrincipal(tiles))
	man.Files[lake.Principals] = []lake.File{f}
	return err
}
