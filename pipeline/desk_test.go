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

// Sorting by rank, and by days near and far, is sorting by day and the columns; equal rows stay in their order.
func TestRankOrder(t *testing.T) {
	word := rapid.SampledFrom([]string{"", "a", "b", "ab"})
	rapid.Check(t, func(t *rapid.T) {
		var d desk
		d.clear(64)
		var order []placed
		var rows []trail.Record
		day := rapid.SampledFrom([]trail.Day{20_000, 20_001, 20_003})
		if rapid.Bool().Draw(t, "far") {
			day = rapid.SampledFrom([]trail.Day{-700_000, 20_000, 2_000_000})
		}
		for i := range rapid.IntRange(0, 40).Draw(t, "rows") {
			r := trail.Record{
				Account: word.Draw(t, "account"), Region: word.Draw(t, "region"), EventSource: word.Draw(t, "source"), EventName: word.Draw(t, "name"),
				Principal: word.Draw(t, "principal"), EventID: word.Draw(t, "id"), EventTS: day.Draw(t, "day").Start().UnixMilli() + rapid.Int64Range(0, 3).Draw(t, "time"),
			}
			rows = append(rows, r)
			d.rows.Append(&r, trail.Alike{})
			order = append(order, placed{day: trail.DayOfMilli(r.EventTS), row: int32(i), time: r.EventTS})
		}
		d.sort(order)
		for i := 1; i < len(order); i++ {
			a, b := order[i-1], order[i]
			if cmp.Or(cmp.Compare(a.day, b.day), compareRows(&rows[a.row], &rows[b.row]), int(a.row-b.row)) >= 0 {
				t.Fatalf("row %d comes before row %d", a.row, b.row)
			}
		}
	})
}
