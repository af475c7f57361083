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

// desk is the memory a shard is worked through in. A worker clears it and takes it to its next shard: fresh memory for every shard
// would cost more than decoding. Nothing that outlives a shard may point into it.
type desk struct {
	text     []byte // the object in hand, inflated
	decoder  decode.Decoder
	rows     lake.Rows
	metas    []decode.Meta // of the object in hand
	keys     []lake.Key    // of rows
	dropped  []bool        // of rows: repeats and conflicts
	first    firsts        // of rows: the kept ones
	heads    []headed
	headRoom []headed // for sorting heads
	order    []placed
	room     []placed   // for sorting order
	written  []int32    // order, as rows alone
	dayKeys  []lake.Key // of what is written, a day after the other
	work     []byte     // the shard's working file
}

// placed is a row with what it is sorted by.
type placed struct {
	day    trail.Day
	series int32 // rank among the shard's
	row    int32
	time   int64
}

// keyedRows are rows and their keys, in the order of the keys.
type keyedRows struct {
	rows []int32
	keys []lake.Key
}

// clear makes room for a shard of about n records.
func (d *desk) clear(n int) {
	d.clearRows()
	d.keys, d.dropped = d.keys[:0], d.dropped[:0]
	d.first.clear(n)
	if cap(d.text) > maxKept {
		d.text = nil
	}
	if d.work = d.work[:0]; cap(d.work) > maxKept {
		d.work = nil
	}
}

// maxKept is up to which size the room of an inflated object, or of a working file, is kept for the next shard.
const maxKept = 16 << 20

// clearRows makes room for more of the same shard.
func (d *desk) clearRows() {
	d.rows.Clear()
	d.order = d.order[:0]
}

// keyed is the columns that say which series and class a row counts in.
type keyed struct {
	account, region, source, name, principal lake.Texts
	category, code                           lake.Texts
	readOnly                                 lake.Flags
}

func (d *desk) keyed() keyed {
	r := &d.rows
	return keyed{
		r.Texts("account"), r.Texts("region"), r.Texts("eventsource"), r.Texts("eventname"), r.Texts("principal"),
		r.Texts("countcategory"), r.Texts("counterror"), r.Flags("readonlybool"),
	}
}

func (k *keyed) series(row int) counts.Series {
	return counts.Series{
		Account: k.account.At(row), Region: k.region.At(row), Source: k.source.At(row), Name: k.name.At(row), Principal: k.principal.At(row),
	}
}

func (k *keyed) class(row int) counts.Class {
	return counts.Class{Data: k.category.At(row) == trail.Category(true), ReadOnly: k.readOnly.True(row), ErrorCode: k.code.At(row)}
}

// byKey returns the rows from the given one on that are kept, and those that were struck.
func (s *scanner) byKey(from int) (list keyedRows) {
	s.heads = s.heads[:0]
	for i := from; i < len(s.keys); i++ {
		if !s.dropped[i] || s.struck[s.keys[i].ID] {
			s.heads = append(s.heads, headed{head: headOf(s.keys[i].ID), row: int32(i)})
		}
	}
	s.headRoom = sortByID(s.heads, s.headRoom, func(a, b headed) int { return s.keys[a.row].Compare(s.keys[b.row]) })
	list.rows, list.keys = make([]int32, len(s.heads)), make([]lake.Key, len(s.heads))
	for i, h := range s.heads {
		list.rows[i], list.keys[i] = h.row, s.keys[h.row]
	}
	return list
}

// rank numbers the series of the rows in their order, and returns how many there are.
func (d *desk) rank(rows []placed) int {
	type numbers [5]uint32
	found := map[numbers]int32{}
	var list []counts.Series
	k := d.keyed()
	for i := range rows {
		row := int(rows[i].row)
		s := numbers{k.account.Number(row), k.region.Number(row), k.source.Number(row), k.name.Number(row), k.principal.Number(row)}
		n, ok := found[s]
		if !ok {
			n = int32(len(list))
			found[s], list = n, append(list, k.series(row))
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
	return len(list)
}

// sort brings rows into the order of the events table: first those of a series together and by time, then, which leaves them in that order, by day.
func (d *desk) sort(rows []placed) {
	if len(rows) == 0 {
		return
	}
	d.room = distribute(rows, d.room, d.rank(rows), func(p *placed) int { return int(p.series) })
	ids := d.rows.Texts("eventid")
	for from, to := 0, 1; from < len(rows); from, to = to, to+1 {
		for to < len(rows) && rows[to].series == rows[from].series {
			to++
		}
		slices.SortFunc(rows[from:to], func(a, b placed) int {
			if a.time != b.time {
				return cmp.Compare(a.time, b.time)
			}
			if c := strings.Compare(ids.At(int(a.row)), ids.At(int(b.row))); c != 0 {
				return c
			}
			return int(a.row) - int(b.row)
		})
	}
	byDay := func(a, b placed) int { return int(a.day) - int(b.day) }
	first, last := slices.MinFunc(rows, byDay).day, slices.MaxFunc(rows, byDay).day
	if days := int(last) - int(first) + 1; days <= len(rows) {
		d.room = distribute(rows, d.room, days, func(p *placed) int { return int(p.day) - int(first) })
	} else { // somebody's records are years apart
		slices.SortStableFunc(rows, byDay)
	}
}

// distribute sorts rows by a number from 0 to n-1 and leaves those of the same one in their order, in less than half of the time that comparing them
// takes. It needs room for as many, and returns it.
func distribute[T any](rows, room []T, n int, number func(*T) int) []T {
	next := make([]int32, n+1) // by number: where its next row goes
	for i := range rows {
		next[number(&rows[i])+1]++
	}
	for k := range n {
		next[k+1] += next[k]
	}
	room = append(room[:0], rows...)
	for i := range room {
		at := &next[number(&room[i])]
		rows[*at] = room[i]
		*at++
	}
	return room
}
