package pipeline

import (
	"cmp"
	"slices"
	"strings"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// desk is the memory a shard is worked through in. A worker clears it and takes it to its next shard: fresh memory for every shard's
// 100 MB would cost more than decoding. Nothing that outlives a shard may point into it.
type desk struct {
	text    []byte // inflated objects, one after the other; its length is what is taken
	rows    []trail.Record
	metas   []decode.Meta // of the object in hand
	keys    []lake.Key    // of rows
	dropped []bool        // of rows: repeats and conflicts
	first   map[id]int32  // rows by identity
	order   []placed
}

// placed is a row with what it is sorted by.
type placed struct {
	day    trail.Day
	series int32 // rank among the shard's
	row    int32
	time   int64
}

// clear makes room for a shard of about n records. Rows of the last shard are zeroed: the decoder fills in what a record has.
func (d *desk) clear(n int) {
	const hoard = 1 << 17 // rows beyond come from a freak of a shard, and are given back
	if cap(d.rows) < n || cap(d.rows) > max(n, hoard) {
		d.rows = make([]trail.Record, 0, n)
	}
	d.clearRows()
	d.keys, d.dropped = d.keys[:0], d.dropped[:0]
	if d.first == nil || len(d.first) > 4*n+hoard {
		d.first = make(map[id]int32, n)
	}
	clear(d.first)
}

// clearRows makes room for more of the same shard.
func (d *desk) clearRows() {
	clear(d.rows)
	d.text, d.rows, d.metas, d.order = d.text[:0], d.rows[:0], d.metas[:0], d.order[:0]
}

// room returns where the next object is to be inflated.
func (d *desk) room() []byte {
	if d.text == nil {
		d.text = make([]byte, 0, shardJSON+shardJSON/8)
	}
	return d.text[len(d.text):]
}

// take keeps the room that an object's text lies in; one that did not fit lies elsewhere.
func (d *desk) take(text []byte) {
	if n := len(d.text); n < cap(d.text) && len(text) > 0 && &d.text[:n+1][n] == &text[0] {
		d.text = d.text[:n+len(text)]
	}
}

// rank numbers the series of the rows in their order.
func (d *desk) rank(rows []placed) {
	found := map[counts.Series]int32{}
	var list []counts.Series
	for i := range rows {
		s := seriesOf(&d.rows[rows[i].row])
		n, ok := found[s]
		if !ok {
			n = int32(len(list))
			found[s], list = n, append(list, s)
		}
		rows[i].series = n
	}
	sorted := make([]int32, len(list))
	for i := range sorted {
		sorted[i] = int32(i)
	}
	slices.SortFunc(sorted, func(a, b int32) int { return list[a].Compare(list[b]) })
	rank := make([]int32, len(list))
	for i, n := range sorted {
		rank[n] = int32(i)
	}
	for i := range rows {
		rows[i].series = rank[rows[i].series]
	}
}

// compare is the order of the events table.
func (d *desk) compare(a, b placed) int {
	if a.day != b.day {
		return int(a.day) - int(b.day)
	}
	if a.series != b.series {
		return int(a.series) - int(b.series)
	}
	if a.time != b.time {
		return cmp.Compare(a.time, b.time)
	}
	if c := strings.Compare(d.rows[a.row].EventID, d.rows[b.row].EventID); c != 0 {
		return c
	}
	return int(a.row) - int(b.row)
}
