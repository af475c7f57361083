package lake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// apiColumns name the API of an event. Files are sorted by them: they are a few bytes a file.
var apiColumns = []string{"account", "region", "eventsource", "eventname"}

// eventColumns are the columns of the events table that EachEvent reads where it finds an API: apiColumns, other texts, and the last three.
var eventColumns = append(slices.Clone(apiColumns),
	"principal", "useragent", "eventid", "sourcekey", "sourceipaddress", "useridentity.accesskeyid", "useridentity.arn",
	"useridentity.sessioncontext.sourceidentity", "useridentity.sessioncontext.attributes.mfaauthenticated",
	"useridentity.sessioncontext.sessionissuer.arn", "supersedes", "countcategory", "counterror", "requestparameters", "useridentity.principalid",
	"eventts", "readonlybool", "resources",
)

// fewRows is how many events are decoded at a time: the parameters of a request can have 100 kB.
const fewRows = 1024

// EachEvent reads the events of one file and calls fn for every one of the APIs that keep wants. The record holds the columns
// above and no others; it is valid until fn returns. A file that is damaged is ErrForeign and named; fn may have been called. Of a file
// without these APIs, and of row groups before the first event and behind the last, only the columns of the API are read.
func EachEvent(ctx context.Context, s store.Store, f File, keep func(api counts.Series) bool, fn func(*trail.Record) error) error {
	return f.open(ctx, s, func(o *opened) error {
		wanted := rows{from: -1, batch: fewRows}
		at := int64(0)
		err := o.read(apiColumns, everything, func(b *batch) error {
			api := b.api()
			for i := range b.rows {
				if keep(api(i)) {
					if wanted.from < 0 {
						wanted.from = at + int64(i)
					}
					wanted.to = at + int64(i) + 1
				}
			}
			at += int64(b.rows)
			return nil
		})
		if err != nil || wanted.from < 0 {
			return err
		}
		return o.read(eventColumns, wanted, func(b *batch) error { return b.events(keep, fn) })
	})
}

// api reads the first four columns as APIs.
func (b *batch) api() func(i int) counts.Series {
	account, region, source, name := b.text(0), b.text(1), b.text(2), b.text(3)
	return func(i int) counts.Series {
		return counts.Series{Account: account(i), Region: region(i), Source: source(i), Name: name(i)}
	}
}

// events reads eventColumns.
func (b *batch) events(keep func(api counts.Series) bool, fn func(*trail.Record) error) error {
	api, last := b.api(), len(eventColumns)
	texts := make([]func(int) string, last-3)
	for c := len(apiColumns); c < len(texts); c++ {
		texts[c] = b.text(c)
	}
	ts, readOnly, resources := b.milli(last-3), b.optional(last-2), b.resources(last-1)
	for i := range b.rows {
		of := api(i)
		if !keep(of) {
			continue
		}
		t := func(c int) string { return texts[c](i) }
		r := trail.Record{
			Account: of.Account, Region: of.Region, EventSource: of.Source, EventName: of.Name, Principal: t(4),
			UserAgent: t(5), EventID: t(6), SourceKey: t(7), SourceIPAddress: t(8),
			Supersedes: t(14), CountCategory: t(15), CountError: t(16), RequestParameters: t(17), EventTS: ts(i), ReadOnlyBool: readOnly(i),
			Resources: resources(i),
		}
		r.UserIdentity.AccessKeyID, r.UserIdentity.ARN, r.UserIdentity.PrincipalID = t(9), t(10), t(18)
		session := &r.UserIdentity.SessionContext
		session.SourceIdentity, session.Attributes.MFAAuthenticated, session.SessionIssuer.ARN = t(11), t(12), t(13)
		if err := fn(&r); err != nil {
			return err
		}
	}
	return nil
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
		tiles, err := DecodeTiles(body, m.Day)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w: %w", s.URL(f.Key), err, ErrForeign)
		}
		readers = append(readers, counts.Slice(tiles))
	}
	return readers, nil
}
