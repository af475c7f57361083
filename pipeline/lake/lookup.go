package lake

import (
	"context"
	"errors"
	"fmt"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// eventColumns are the columns of the events table that EachEvent reads.
var eventColumns = []string{
	"account", "region", "eventsource", "eventname", "principal", "useragent", "eventid", "sourcekey", "sourceipaddress",
	"useridentity.accesskeyid", "useridentity.arn", "useridentity.sessioncontext.sourceidentity",
	"supersedes", "countcategory", "counterror", "eventts", "readonlybool",
}

// textColumns is how many of eventColumns, from the first, hold strings.
const textColumns = 15

// EachEvent reads the events of one file and calls fn for every one of the APIs that keep wants. The record holds the columns
// above and no others; it is valid until fn returns. A file that is damaged is ErrForeign and named; fn may have been called.
func EachEvent(ctx context.Context, s store.Store, f File, keep func(api counts.Series) bool, fn func(*trail.Record) error) error {
	return f.read(ctx, s, eventColumns, func(b *batch) error {
		var t [textColumns]func(int) string
		for i := range t {
			t[i] = b.text(i)
		}
		ts, readOnly := b.milli(15), b.optional(16)
		for i := range b.rows {
			api := counts.Series{Account: t[0](i), Region: t[1](i), Source: t[2](i), Name: t[3](i)}
			if !keep(api) {
				continue
			}
			r := trail.Record{
				Account: api.Account, Region: api.Region, EventSource: api.Source, EventName: api.Name, Principal: t[4](i),
				UserAgent: t[5](i), EventID: t[6](i), SourceKey: t[7](i), SourceIPAddress: t[8](i),
				Supersedes: t[12](i), CountCategory: t[13](i), CountError: t[14](i), EventTS: ts(i), ReadOnlyBool: readOnly(i),
			}
			r.UserIdentity.AccessKeyID, r.UserIdentity.ARN = t[9](i), t[10](i)
			r.UserIdentity.SessionContext.SourceIdentity = t[11](i)
			if err := fn(&r); err != nil {
				return err
			}
		}
		return nil
	})
}

// Tiles opens the counts of one day for reading, all its files merged.
func Tiles(ctx context.Context, s store.Store, m *Manifest) (counts.Reader, error) {
	readers, err := tilesOf(ctx, s, m, Counts)
	return counts.Merge(readers...), err
}

// PrincipalTiles opens them in the order of counts.Tile.ComparePrincipal. A day that is not closed yet is sorted in memory.
func PrincipalTiles(ctx context.Context, s store.Store, m *Manifest) (counts.Reader, error) {
	if len(m.Files[Principals]) > 0 {
		readers, err := tilesOf(ctx, s, m, Principals)
		return counts.MergePrincipals(readers...), err
	}
	merged, err := Tiles(ctx, s, m)
	if err != nil {
		return nil, err
	}
	tiles, err := counts.Collect(merged)
	return counts.Slice(counts.ByPrincipal(tiles)), err
}

// errEnough ends the reading of a file.
var errEnough = errors.New("enough was read")

// SomeTiles is Tiles for the series that want accepts. Of files without any, and of the rows
// after the last, only the columns of their series are read.
func SomeTiles(ctx context.Context, s store.Store, m *Manifest, want func(counts.Series) bool) (counts.Reader, error) {
	var readers []counts.Reader
	for _, f := range m.Files[Counts] {
		end, rows := 0, 0
		err := f.read(ctx, s, tileColumns[:5], func(b *batch) error {
			of := b.series()
			for i := range b.rows {
				if want(of(i)) {
					end = rows + i + 1
				}
			}
			rows += b.rows
			return nil
		})
		if err != nil {
			return nil, err
		}
		if end == 0 {
			continue
		}
		var tiles []counts.Tile
		err = f.read(ctx, s, tileColumns, func(b *batch) error {
			tiles = b.tiles(tiles, m.Day, want)
			if end -= b.rows; end <= 0 {
				return errEnough
			}
			return nil
		})
		if err != nil && err != errEnough {
			return nil, err
		}
		readers = append(readers, counts.Slice(tiles))
	}
	return counts.Merge(readers...), nil
}

func tilesOf(ctx context.Context, s store.Store, m *Manifest, t Table) ([]counts.Reader, error) {
	var readers []counts.Reader
	for _, f := range m.Files[t] {
		body, _, err := s.Get(ctx, f.Key, 0)
		if err != nil {
			return nil, err
		}
		tiles, err := readTiles(body, m.Day)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w: %w", s.URL(f.Key), err, ErrForeign)
		}
		readers = append(readers, counts.Slice(tiles))
	}
	return readers, nil
}
