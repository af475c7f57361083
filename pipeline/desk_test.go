package pipeline

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"trailgauge/pipeline/decode"
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
		for i := range rapid.IntRange(0, 40).Draw(t, "rows") {
			r := trail.Record{
				Account: word.Draw(t, "account"), Region: word.Draw(t, "region"), EventSource: word.Draw(t, "source"), EventName: word.Draw(t, "name"),
				Principal: word.Draw(t, "principal"), EventID: word.Draw(t, "id"), EventTS: rapid.Int64Range(0, 3).Draw(t, "time"),
			}
			d.rows = append(d.rows, r)
			order = append(order, placed{day: trail.DayOfMilli(r.EventTS), row: int32(i), time: r.EventTS})
		}
		d.rank(order)
		slices.SortFunc(order, d.compare)
		for i := 1; i < len(order); i++ {
			if compareRows(&d.rows[order[i-1].row], &d.rows[order[i].row]) > 0 {
				t.Fatalf("row %d comes before row %d", order[i-1].row, order[i].row)
			}
		}
	})
}

// Objects lie side by side at a desk; one that does not fit lies elsewhere and takes no room.
func TestDeskRoom(t *testing.T) {
	defer func(was int64) { shardJSON = was }(shardJSON)
	shardJSON = 64
	var d desk
	var texts [][]byte
	for _, s := range []string{"one object", "", strings.Repeat("x", 100), "another", strings.Repeat("y", 60)} {
		text, err := decode.Inflate(d.room(), []byte(s), 1000)
		if err != nil {
			t.Fatal(err)
		}
		d.take(text)
		texts = append(texts, text)
		if string(text) != s {
			t.Errorf("%q became %q", s, text)
		}
	}
	if got := string(d.text); got != "one objectanother" {
		t.Errorf("the desk holds %q", got)
	}
	if string(texts[0]) != "one object" || string(texts[3]) != "another" {
		t.Error("one object was written over another")
	}
	d.clear(1)
	if len(d.room()) != 0 || cap(d.room()) != 72 {
		t.Error("a cleared desk has not all its room")
	}
}
