package pipeline

import (
	"context"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// tileCache keeps the counts of days in memory while they are small: deciding several days reads most days several times.
type tileCache struct {
	lake   store.Store
	commit *lake.Commit
	days   map[cached][]counts.Tile
	tiles  int
}

// cached is one day of some accounts in one order.
type cached struct {
	day trail.Day
	*order
	accounts
}

// accounts are those from one on and before another, as strings; "" is no bound. Both orders of tiles begin with the account.
type accounts struct{ from, to string }

// maxCached bounds the tiles in a cache, some 300 bytes each.
const maxCached = 400_000

func newTileCache(s store.Store, c *lake.Commit) *tileCache {
	return &tileCache{lake: s, commit: c, days: map[cached][]counts.Tile{}}
}

// order is one of the two ways to read the counts of days.
type order struct {
	open  func(context.Context, store.Store, *lake.Manifest) (counts.Reader, error)
	merge func(...counts.Reader) counts.Reader
}

var (
	bySeries    = &order{lake.Tiles, counts.Merge}
	byPrincipal = &order{lake.PrincipalTiles, counts.MergePrincipals}
)

// read merges the counts that some accounts have of the days [first, last].
func (t *tileCache) read(ctx context.Context, first, last trail.Day, of accounts) (counts.Reader, error) {
	return t.merged(ctx, first, last, bySeries, of)
}

// principals does so in the order of counts.Tile.ComparePrincipal.
func (t *tileCache) principals(ctx context.Context, first, last trail.Day, of accounts) (counts.Reader, error) {
	return t.merged(ctx, first, last, byPrincipal, of)
}

func (t *tileCache) merged(ctx context.Context, first, last trail.Day, o *order, of accounts) (counts.Reader, error) {
	var readers []counts.Reader
	for d := first; d <= last; d++ {
		r, err := t.day(ctx, d, o, of)
		if err != nil {
			return nil, err
		}
		if r != nil {
			readers = append(readers, r)
		}
	}
	return o.merge(readers...), nil
}

func (t *tileCache) day(ctx context.Context, d trail.Day, o *order, of accounts) (counts.Reader, error) {
	k := cached{d, o, of}
	if tiles, ok := t.days[k]; ok {
		return counts.Slice(tiles), nil
	}
	if t.commit.Manifest(d) == "" {
		return nil, nil
	}
	m, err := lake.LoadManifest(ctx, t.lake, t.commit, d)
	if err != nil {
		return nil, err
	}
	rows := 0
	for _, f := range m.Files[lake.Counts] {
		rows += int(f.Rows)
	}
	r, err := o.open(ctx, t.lake, m)
	if err != nil {
		return nil, err
	}
	r = counts.Between(r, of.from, of.to)
	if t.tiles+rows > maxCached {
		return r, nil
	}
	tiles, err := counts.Collect(r)
	if err != nil {
		return nil, err
	}
	t.days[k] = tiles
	t.tiles += len(tiles)
	return counts.Slice(tiles), nil
}
