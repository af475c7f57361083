package lake

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// countedColumns are the columns of the events table that FindEvents reads where it finds something; by the first two it looks.
var countedColumns = []string{
	"account", "eventid", "region", "eventsource", "eventname", "principal", "countcategory", "counterror", "eventts", "readonlybool",
}

// readAhead is how much of a column is asked for at once of a file that is not in memory: a request to a bucket costs as much as some MB.
const readAhead = 1 << 20

// FindEvents calls fn for the events of one file whose account and ID want accepts; events without an ID are passed over. The record
// holds what it is counted by (countedColumns) and no more, and is valid until fn returns, its strings for good; those that want gets are not. A file that
// is damaged is ErrForeign and named. It costs reading two columns, and of the others the pages of what is found: with parquet-go, which hands out
// values where they lie, in a third of the time that arrow-go takes to copy them.
func FindEvents(ctx context.Context, s store.Store, f File, want func(account, eventID string) bool, fn func(*trail.Record) error) error {
	ahead := 4 << 10
	if f.Bytes > wholeBytes {
		ahead = readAhead
	}
	return f.open(ctx, s, func(o *opened) (err error) {
		defer func() { // parquet-go panics on some damaged files
			if r := recover(); r != nil {
				err = fmt.Errorf("decoding parquet: %v", r)
			}
		}()
		p, err := parquet.OpenFile(o.from, f.Bytes, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true), parquet.ReadBufferSize(ahead))
		if err == nil {
			err = ours(p, true)
		}
		if err != nil {
			return err
		}
		for _, g := range p.RowGroups() {
			found, err := findRows(chunksOf(g, countedColumns[:2]), want)
			if err == nil && len(found) > 0 {
				err = readRows(chunksOf(g, countedColumns), found, func(r *trail.Record) error {
					o.ours = fn(r)
					return o.ours
				})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// chunksOf returns columns of a row group of events.
func chunksOf(g parquet.RowGroup, columns []string) []parquet.ColumnChunk {
	chunks := make([]parquet.ColumnChunk, len(columns))
	for i, path := range columns {
		chunks[i] = g.ColumnChunks()[eventsTable().byPath[path]]
	}
	return chunks
}

// findRows returns the rows, ascending, whose account and ID want accepts.
func findRows(chunks []parquet.ColumnChunk, want func(account, eventID string) bool) (found []int64, err error) {
	rows := parquet.NewColumnChunkRowReader(chunks)
	defer rows.Close()
	var some [rowsAtOnce]parquet.Row
	for at := int64(0); ; {
		n, err := rows.ReadRows(some[:])
		for i, row := range some[:n] {
			if !row[1].IsNull() && want(textOf(row[0]), textOf(row[1])) {
				found = append(found, at+int64(i))
			}
		}
		at += int64(n)
		if err == io.EOF {
			return found, nil
		} else if err != nil {
			return nil, err
		}
	}
}

// readRows calls fn for rows, ascending, of countedColumns.
func readRows(chunks []parquet.ColumnChunk, at []int64, fn func(*trail.Record) error) error {
	for _, c := range chunks {
		if _, err := c.OffsetIndex(); err != nil { // it leads straight to a page
			return err
		}
	}
	rows := parquet.NewColumnChunkRowReader(chunks)
	defer rows.Close()
	var one [1]parquet.Row
	for _, i := range at {
		if err := rows.SeekToRow(i); err != nil {
			return err
		}
		if n, err := rows.ReadRows(one[:]); n == 0 {
			return err
		}
		row := one[0]
		text := func(c int) string { return strings.Clone(textOf(row[c])) }
		r := trail.Record{
			Account: text(0), EventID: text(1), Region: text(2), EventSource: text(3), EventName: text(4), Principal: text(5),
			CountCategory: text(6), CountError: text(7), EventTS: row[8].Int64(),
		}
		if v := row[9]; !v.IsNull() {
			readOnly := v.Boolean()
			r.ReadOnlyBool = &readOnly
		}
		if err := fn(&r); err != nil {
			return err
		}
	}
	return nil
}
