package lake

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow/array"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// countedColumns are the columns of the events table that FindEvents reads where it finds something.
var countedColumns = []string{
	"account", "eventid", "region", "eventsource", "eventname", "principal", "countcategory", "counterror", "eventts", "readonlybool",
}

// FindEvents calls fn for the events of one file whose account and ID want accepts; events without an ID are passed over. The record
// holds what it is counted by (countedColumns) and no more; it is valid until fn returns. A file that is damaged is ErrForeign and named. A file that holds none costs reading two columns.
func FindEvents(ctx context.Context, s store.Store, f File, want func(account, eventID string) bool, fn func(*trail.Record) error) error {
	found := false
	err := eachID(ctx, s, f, countedColumns[:2], want, func(*batch, int) error {
		found = true
		return nil
	})
	if err != nil || !found {
		return err
	}
	return eachID(ctx, s, f, countedColumns, want, func(b *batch, i int) error {
		text := func(c int) string { return b.text(c)(i) }
		return fn(&trail.Record{
			Account: text(0), EventID: text(1), Region: text(2), EventSource: text(3), EventName: text(4), Principal: text(5),
			CountCategory: text(6), CountError: text(7), EventTS: b.milli(8)(i), ReadOnlyBool: b.optional(9)(i),
		})
	})
}

// eachID calls fn for the rows whose account and ID, the first two of the columns, want accepts.
func eachID(ctx context.Context, s store.Store, f File, columns []string, want func(account, eventID string) bool, fn func(b *batch, row int) error) error {
	return f.read(ctx, s, columns, func(b *batch) error {
		account, ids := b.text(0), b.cols[1].(*array.String)
		for i := range b.rows {
			if ids.IsNull(i) || !want(account(i), ids.Value(i)) {
				continue
			}
			if err := fn(b, i); err != nil {
				return err
			}
		}
		return nil
	})
}
