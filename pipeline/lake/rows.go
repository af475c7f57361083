package lake

import (
	"hash/maphash"
	"maps"
	"slices"
	"unsafe"

	"github.com/parquet-go/parquet-go"

	"trailgauge/pipeline/trail"
)

// Rows are rows of the events table in memory, column by column, so that a record's texts are looked up while the decoder still has
// them at hand, and writing them out in any order reads little memory. It holds none of the memory that the records came in.
// The zero value is ready; it keeps its memory over Clear.
type Rows struct {
	n       int
	columns []vector
	parts   [trail.Parts]varieties
	encoder *encoder
}

// vector holds the values of one leaf column. Values that are absent at the end are not there at all: most columns are
// null in most records.
type vector struct {
	leaf   *leaf
	of     *varieties // of a part's column: what its values are of; nil: of rows
	texts  texts
	ids    []uint32 // with a dictionary: the number of each value's text
	flags  []byte
	times  []int64
	starts []uint32 // of a repeated column: where among the values each row's begin, as far as the last row that has some
}

// The values of flags.
const (
	noFlag = iota
	isFalse
	isTrue
)

func (r *Rows) ready() {
	if r.columns == nil {
		t := eventsTable()
		r.columns = make([]vector, len(t.leaves))
		for i := range r.columns {
			r.columns[i].leaf = &t.leaves[i]
		}
		for p, columns := range t.parts {
			for _, l := range columns {
				r.columns[l.index].of = &r.parts[p]
			}
		}
		r.Clear()
	}
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.n }

// Size is about how many bytes of memory the rows' own texts take.
func (r *Rows) Size() (n int) {
	for i := range r.columns {
		n += len(r.columns[i].texts.bytes)
	}
	return n
}

// Clear takes all rows out. Memory beyond what most shards need is given back.
func (r *Rows) Clear() {
	r.n = 0
	for i := range r.columns {
		c := &r.columns[i]
		c.texts.clear()
		c.ids, c.flags, c.times, c.starts = c.ids[:0], c.flags[:0], c.times[:0], c.starts[:0]
	}
	for p := range r.parts {
		r.parts[p].clear()
	}
}

// Truncate takes the rows from n on out again.
func (r *Rows) Truncate(n int) {
	r.n = n
	for i := range r.columns {
		if r.columns[i].of == nil {
			r.columns[i].truncate(n)
		}
	}
	for p := range r.parts {
		r.parts[p].rows = cut(r.parts[p].rows, n)
	}
}

func (c *vector) truncate(rows int) {
	values := rows
	if c.leaf.shape.repeated() {
		if rows >= len(c.starts) {
			return
		}
		values = int(c.starts[rows])
		c.starts = c.starts[:rows]
	}
	c.ids, c.flags, c.times = cut(c.ids, values), cut(c.flags, values), cut(c.times, values)
	if !c.leaf.dict {
		c.texts.truncate(values)
	}
}

func cut[T any](s []T, n int) []T { return s[:min(n, len(s))] }

// Append adds a record as the next row. What alike says of it goes for all since the last Clear.
func (r *Rows) Append(rec *trail.Record, alike trail.Alike) {
	r.ready()
	t, at := eventsTable(), unsafe.Pointer(rec)
	for _, l := range t.named {
		if s := *(*string)(unsafe.Add(at, l.at)); s != "" {
			r.columns[l.index].named(r.n, s)
		}
	}
	for p, number := range alike {
		r.addPart(trail.Part(p), number, at)
	}
	for _, l := range t.texts {
		if s := *(*string)(unsafe.Add(at, l.at)); s != "" {
			c := &r.columns[l.index]
			c.texts.ends = padded(c.texts.ends, r.n, uint32(len(c.texts.bytes)))
			c.texts.push(s)
		}
	}
	for _, l := range t.others {
		c := &r.columns[l.index]
		switch l.shape {
		case requiredTime:
			c.times = append(c.times, *(*int64)(unsafe.Add(at, l.at)))
		case requiredFlag:
			c.flags = append(c.flags, flag(*(*bool)(unsafe.Add(at, l.at))))
		case optionalFlag:
			if v := *(**bool)(unsafe.Add(at, l.at)); v != nil {
				c.pad(r.n)
				c.flags = append(c.flags, flag(*v))
			}
		case resourceText:
			c.resources(r.n, rec.Resources)
		default:
			c.entries(r.n, *(*map[string]string)(unsafe.Add(at, l.at)))
		}
	}
	r.n++
}

// appendValues adds a row as parquet-go reads it from a file of this table. Its texts are copied.
func (r *Rows) appendValues(row parquet.Row) {
	r.ready()
	for p := range r.parts {
		r.parts[p].next(0)
	}
	for _, v := range row {
		c := &r.columns[v.Column()]
		shape := c.leaf.shape
		switch {
		case shape == requiredTime:
			c.times = append(c.times, v.Int64())
		case shape == requiredFlag:
			c.flags = append(c.flags, flag(v.Boolean()))
		case shape == optionalFlag && !v.IsNull():
			c.pad(r.n)
			c.flags = append(c.flags, flag(v.Boolean()))
		case shape == optionalText && !v.IsNull() && len(v.ByteArray()) > 0:
			c.pad(r.place(c))
			c.add(textOf(v))
		case shape == resourceText && v.DefinitionLevel() > 0, shape.repeated() && v.DefinitionLevel() == int(shape.most()):
			c.begin(r.n)
			c.add(textOf(v))
		}
	}
	r.n++
}

// place is where the values of the row being added have their place in a column.
func (r *Rows) place(c *vector) int {
	if c.of != nil {
		return c.of.n - 1
	}
	return r.n
}

// textOf returns a value's text, "" of a null, for as long as the row is valid.
func textOf(v parquet.Value) string {
	if v.IsNull() {
		return ""
	}
	b := v.ByteArray()
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func flag(v bool) byte {
	if v {
		return isTrue
	}
	return isFalse
}

// pad makes values of nulls up to the row n.
func (c *vector) pad(n int) {
	switch {
	case c.leaf.shape == optionalFlag:
		c.flags = padded(c.flags, n, noFlag)
	case c.leaf.dict:
		c.ids = padded(c.ids, n, 0)
	default:
		c.texts.ends = padded(c.texts.ends, n, uint32(len(c.texts.bytes)))
	}
}

// padded appends v until there are n values.
func padded[T byte | uint32](values []T, n int, v T) []T {
	if n > len(values) {
		values = roomy(values, n-len(values))
	}
	for len(values) < n {
		values = append(values, v)
	}
	return values
}

// add appends a text as a value; "" is a null, except in a map.
func (c *vector) add(s string) {
	switch {
	case !c.leaf.dict:
		c.texts.push(s)
	case s == "":
		c.ids = append(c.ids, 0)
	default:
		c.ids = append(c.ids, c.texts.number(s))
	}
}

// values is how many values a repeated column has.
func (c *vector) values() int {
	if c.leaf.dict {
		return len(c.ids)
	}
	return c.texts.len()
}

func (c *vector) begin(row int) {
	for len(c.starts) <= row {
		c.starts = append(c.starts, uint32(c.values()))
	}
}

func (c *vector) resources(row int, list []trail.Resource) {
	if len(list) == 0 {
		return
	}
	c.begin(row)
	for i := range list {
		c.add(*(*string)(unsafe.Add(unsafe.Pointer(&list[i]), c.leaf.at)))
	}
}

func (c *vector) entries(row int, m map[string]string) {
	if len(m) == 0 {
		return
	}
	c.begin(row)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if c.leaf.shape == mapValue {
			name = m[name]
		}
		c.add(name)
	}
}

// span returns where among the values a row's lie.
func (c *vector) span(row int) (from, to int) {
	if row >= len(c.starts) {
		return 0, 0
	}
	from, to = int(c.starts[row]), c.values()
	if row+1 < len(c.starts) {
		to = int(c.starts[row+1])
	}
	return from, to
}

// texts are texts one after the other, numbered from 1. As a dictionary it has each once.
type texts struct {
	bytes  []byte
	ends   []uint32 // where text i+1 ends
	slots  []uint32 // numbers by hash, with linear probing; a power of two of them, at least a half 0
	hashes []uint32 // of text i+1
	last   uint32   // looked up last
}

func (t *texts) len() int { return len(t.ends) }

// at returns text i+1.
func (t *texts) at(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.bytes[from:t.ends[i]]
}

func (t *texts) push(s string) {
	t.bytes = append(roomy(t.bytes, len(s)), s...)
	t.ends = append(roomy(t.ends, 1), uint32(len(t.bytes)))
}

// roomy returns s with room for n more. Where append would add a quarter, and leave five times what is needed in the end behind for the
// collector, this doubles what most shards need, and what is not used yet is not touched.
func roomy[T any](s []T, n int) []T {
	const doubles = 4 << 20
	switch {
	case len(s)+n <= cap(s):
		return s
	case cap(s) >= doubles:
		return slices.Grow(s, n)
	}
	more := make([]T, len(s), max(2*cap(s), len(s)+n, 64))
	copy(more, s)
	return more
}

func (t *texts) truncate(n int) {
	if n < len(t.ends) {
		t.ends = t.ends[:n]
		t.bytes = t.bytes[:0:cap(t.bytes)]
		if n > 0 {
			t.bytes = t.bytes[:t.ends[n-1]]
		}
	}
}

// clear forgets all texts, and gives memory back that only a freak of a shard needed.
func (t *texts) clear() {
	const hoard = 16 << 20
	if cap(t.bytes) > hoard {
		*t = texts{}
	}
	if 4*len(t.ends) < len(t.slots) {
		t.slots = t.slots[:0]
	}
	clear(t.slots)
	t.bytes, t.ends, t.hashes, t.last = t.bytes[:0], t.ends[:0], t.hashes[:0], 0
}

// seed keeps the hashes from being foreseen. Numbers go by the order of first appearance and do not depend on it.
var seed = maphash.MakeSeed()

// number returns the number of a text, which is new or not.
func (t *texts) number(s string) uint32 {
	if t.last != 0 && string(t.at(int(t.last-1))) == s {
		return t.last
	}
	if 2*len(t.ends) >= len(t.slots) {
		t.grow()
	}
	h := uint32(maphash.String(seed, s))
	mask := uint32(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		n := t.slots[i]
		if n == 0 {
			t.push(s)
			t.hashes = append(t.hashes, h)
			t.last = uint32(len(t.ends))
			t.slots[i] = t.last
			return t.last
		}
		if t.hashes[n-1] == h && string(t.at(int(n-1))) == s {
			t.last = n
			return n
		}
	}
}

func (t *texts) grow() {
	t.slots = make([]uint32, max(64, 4*len(t.ends)))
	clear(t.slots) // else each page of it is found empty first and written later, which halts all other processors
	if n := len(t.slots); n&(n-1) != 0 {
		panic("internal error: a table of hashes that is no power of two")
	}
	mask := uint32(len(t.slots) - 1)
	for k, h := range t.hashes {
		i := h & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(k + 1)
	}
}
