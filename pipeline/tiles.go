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
	days   map[trail.Day][]counts.Tile
	tiles  int
}

// maxCached bounds the tiles in a cache, some 300 bytes each.
const maxCached = 400_000

func newTileCache(s store.Store, c *lake.Commit) *tileCache {
	return &tileCache{lake: s, commit: c, days: map[trail.Day][]counts.Tile{}}
}

// read merges the counts of the days [first, last].
func (t *tileCache) read(ctx context.Context, first, last trail.Day) (counts.Reader, error) {
	var readers []counts.Reader
	for d := first; d <= last; d++ {
		r, err := t.day(ctx, d)
		if err != nil {
			return nil, err
		}
		if r != nil {
			readers = append(readers, r)
		}
	}
	return counts.Merge(readers...), nil
}

func (t *tileCache) day(ctx context.Context, d trail.Day) (counts.Reader, error) {
	if tiles, ok := t.days[d]; ok {
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
	r, err := lake.Tiles(ctx, t.lake, m)
	if err != nil || t.tiles+rows > maxCached {
		return r, err
	}
	tiles, err := counts.Collect(r)
	if err != nil {
		return nil, err
	}
	t.days[d] = tiles
	t.tiles += rows
	return counts.Slice(tiles), nil
}
