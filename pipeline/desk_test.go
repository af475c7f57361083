package pipeline

import (
	"cmp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"trailgauge/pipeline/trail"
)

// compareRows is the order of the events table.
func compareRows(a, b *trail.Record) int {
	return cmp.Or(
		strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region), strings.Compare(a.EventSource, b.EventSource),
		strings.Compare(a.EventName, b.EventName), strings.Compare(a.Principal, b.Principal),
		cmp.Compare(a.EventTS, b.EventTS), strings.Compare(a.EventID, b.EventID))
}

// Sorting by rank is sorting by the columns.
func TestRankOrder(t *testing.T) {
	word := rapid.SampledFrom([]string{"", "a", "b", "ab"})
	rapid.Check(t, func(t *rapid.T) {
		var d desk
		d.clear(64)
		var order []placed
		var rows []trail.Record
		for i := range rapid.IntRange(0, 40).Draw(t, "rows") {
			r := trail.Record{
				Account: word.Draw(t, "account"), Region: word.Draw(t, "region"), EventSource: word.Draw(t, "source"), EventName: word.Draw(t, "name"),
				Principal: word.Draw(t, "principal"), EventID: word.Draw(t, "id"), EventTS: rapid.Int64Range(0, 3).Draw(t, "time"),
			}
			rows = append(rows, r)
			d.rows.Append(&r)
			order = append(order, placed{day: trail.DayOfMilli(r.EventTS), row: int32(i), time: r.EventTS})
		}
		d.sort(order)
		for i := 1; i < len(order); i++ {
			if compareRows(&rows[order[i-1].row], &rows[order[i].row]) > 0 {
				t.Fatalf("row %d comes before row %d", order[i-1].row, order[i].row)
			}
		}
	})
}
