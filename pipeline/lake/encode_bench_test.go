package lake

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"

	"trailgauge/fixtures"
	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/trail"
)

// shardRows returns about n rows of a generated trail, which are spread over two days, and for each day its rows in the order of the table.
func shardRows(tb testing.TB, n int) (rows *Rows, days [][]int32) {
	c := fixtures.Default()
	c.Days, c.EventsPerDay, c.Anomalies = 2, n/2, false
	rows = new(Rows)
	var decoder decode.Decoder
	var text []byte
	_, err := fixtures.Write(context.Background(), c, func(key string, body []byte) (err error) {
		if text, err = decode.Inflate(text[:0], body, decode.MaxObject); err != nil {
			return err
		}
		return decoder.Each(text, decode.Source{Key: key}, func(r *trail.Record, m decode.Meta) error {
			rows.Append(r, m.Alike)
			return nil
		}, nil)
	})
	if err != nil {
		tb.Fatal(err)
	}
	order := make([]int32, rows.Len())
	for i := range order {
		order[i] = int32(i)
	}
	var texts []Texts
	for _, path := range sortedBy {
		if path != "eventts" {
			texts = append(texts, rows.Texts(path))
		}
	}
	id := len(texts) - 1
	slices.SortFunc(order, func(i, j int32) int {
		a, b := int(i), int(j)
		c := cmp.Compare(trail.DayOfMilli(rows.Time(a)), trail.DayOfMilli(rows.Time(b)))
		for _, t := range texts[:id] {
			c = cmp.Or(c, strings.Compare(t.At(a), t.At(b)))
		}
		return cmp.Or(c, cmp.Compare(rows.Time(a), rows.Time(b)), strings.Compare(texts[id].At(a), texts[id].At(b)), a-b)
	})
	for len(order) > 0 {
		k := 1
		for k < len(order) && trail.DayOfMilli(rows.Time(int(order[k]))) == trail.DayOfMilli(rows.Time(int(order[0]))) {
			k++
		}
		days, order = append(days, order[:k]), order[k:]
	}
	return rows, days
}

// BenchmarkEncode writes the rows of a shard as a run does: a file a day. It reports how many bytes a row takes.
func BenchmarkEncode(b *testing.B) {
	rows, days := shardRows(b, 24_000)
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		size = 0
		for _, order := range days {
			body, err := rows.Encode(order)
			if err != nil {
				b.Fatal(err)
			}
			size += len(body)
		}
	}
	b.ReportMetric(float64(size)/float64(rows.Len()), "B/row")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows.Len()), "ns/row")
}
