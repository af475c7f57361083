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
	for _, d := range days {
		if err := m.note(ctx, d); err != nil {
			return nil, err
		}
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

func (m *merger) keysOf(ctx context.Context, parts []partDay) ([]lake.Keys, error) {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.Keys
	}
	return loadKeys(ctx, m.lake, names)
}

// day adds the run's files to one event day. Days do not touch each other, nor the commit: note does.
func (m *merger) day(ctx context.Context, t *touched) error {
	man := t.manifest
	for _, p := range t.parts {
		man.Files[lake.Events] = append(man.Files[lake.Events], p.Events)
		if p.Counts != nil {
			man.Files[lake.Counts] = append(man.Files[lake.Counts], *p.Counts)
		}
	}
	if err := m.fix(ctx, t); err != nil {
		return err
	}
	if err := m.keepKeys(ctx, t); err != nil {
		return err
	}
	dropped, err := mergeCounts(ctx, m.lake, man, m.commit.Number, m.plan.AsOf)
	if err != nil {
		return err
	}
	folded, err := m.fold(ctx, man)
	t.dropped = append(dropped, folded...)
	return err
}

// note makes a day's files, and what corrections change in the sums, those of the commit.
func (m *merger) note(ctx context.Context, t *touched) error {
	c, man := m.commit, t.manifest
	c.Run, c.Totals = c.Run.Plus(t.run), c.Totals.Plus(t.totals)
	c.Drop = append(c.Drop, t.dropped...)
	if from := trail.DayOf(c.Decided); man.Day <= from && (c.Redecide == 0 || man.Day < c.Redecide) {
		c.Redecide = man.Day
	}
	return man.Save(ctx, m.lake, c)
}

// maxKeyFiles bounds how many files hold the identities of one day: with more they are merged into one.
const maxKeyFiles = 8

func (m *merger) keepKeys(ctx context.Context, t *touched) error {
	if len(t.parts) == 0 {
		return nil
	}
	files, err := m.keysOf(ctx, t.parts)
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
	if err := m.lake.Put(ctx, lake.MarksKey(key), lake.EncodeMarks(keys)); err != nil {
		return err
	}
	return m.lake.Put(ctx, key, keys.File())
}

// maxCountFiles bounds the counts files of a day that is still growing; a day that is over has one.
const maxCountFiles = 8

// mergeCounts makes one counts file of a day's, once the day is over or has many, and of a day that is over one in the order of principals. It
// returns those of the replaced files that no commit ever named.
func mergeCounts(ctx context.Context, s store.Store, man *lake.Manifest, run int, asOf time.Time) (dropped []string, err error) {
	n := len(man.Files[lake.Counts])
	over := man.Day < trail.DayOf(asOf.Add(-Watermark))
	if n == 0 || !over && n <= maxCountFiles || over && n == 1 && len(man.Files[lake.Principals]) > 0 {
		return nil, nil
	}
	merged, err := lake.Tiles(ctx, s, man)
	if err != nil {
		return nil, err
	}
	tiles, err := counts.Collect(merged)
	if err != nil {
		return nil, err
	}
	if n > 1 {
		for _, f := range man.Files[lake.Counts] {
			if lake.RunOf(f.Key) == run {
				dropped = append(dropped, f.Key)
			}
		}
		f, err := putTiles(ctx, s, lake.Counts, man.Day, run, "day", tiles)
		if err != nil {
			return nil, err
		}
		man.Files[lake.Counts] = []lake.File{f}
	}
	if !over {
		return dropped, nil
	}
	f, err := putTiles(ctx, s, lake.Principals, man.Day, run, "day", counts.ByPrincipal(tiles))
	man.Files[lake.Principals] = []lake.File{f}
	return dropped, err
}
