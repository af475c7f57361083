package lake

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"trailgauge/pipeline/store"
)

// ReplacedRow is a row of the replaced table: an event that counts no longer, since a correction of it (UPDATED_DATA) came. It lies with the day of
// the event, whatever the day of the correction, so that readers of a day need no other.
type ReplacedRow struct {
	Account string `parquet:"account,dict"`
	EventID string `parquet:"eventid"`
	EventTS int64  `parquet:"eventts,timestamp(millisecond)"` // when the event was
}

// EncodeReplaced returns rows of the replaced table, which it sorts by account and ID, as one Parquet file.
func EncodeReplaced(rows []ReplacedRow) ([]byte, error) {
	slices.SortFunc(rows, func(a, b ReplacedRow) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.EventID, b.EventID))
	})
	return encode(rows)
}

// ReadReplaced returns the rows of a file of the replaced table. One that is damaged is ErrForeign and named.
func ReadReplaced(ctx context.Context, s store.Store, f File) (rows []ReplacedRow, err error) {
	err = f.read(ctx, s, []string{"account", "eventid", "eventts"}, func(b *batch) error {
		account, id, ts := b.text(0), b.text(1), b.milli(2)
		for i := range b.rows {
			rows = append(rows, ReplacedRow{account(i), id(i), ts(i)})
		}
		return nil
	})
	return rows, err
}
