package lake

import (
	"encoding/binary"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/format"
)

// flags writes a column of flags, as one page.
func (e *encoder) flags() error {
	s := span{to: e.entries}
	var has [3]bool
	for _, item := range e.items {
		has[item] = true
		s.values += int(min(item, 1))
	}
	if err := e.begin(s); err != nil {
		return err
	}
	n := 0
	for _, item := range e.items {
		if item == noFlag {
			continue
		}
		if n%8 == 0 {
			e.page = append(e.page, 0)
		}
		e.page[len(e.page)-1] |= byte(item-isFalse) << (n % 8)
		n++
	}
	var p page
	for _, flag := range []byte{isFalse, isTrue} {
		if has[flag] {
			p.take([]byte{flag - isFalse})
		}
	}
	return e.end(s, format.Plain, p)
}

// times writes a column of times, which all rows have, as one page.
func (e *encoder) times(rows []int32) error {
	s := span{to: len(rows), values: len(rows)}
	if err := e.begin(s); err != nil {
		return err
	}
	times := e.column.times
	low, high := times[rows[0]], times[rows[0]]
	for _, row := range rows {
		v := times[row]
		low, high = min(low, v), max(high, v)
		e.page = binary.LittleEndian.AppendUint64(e.page, uint64(v))
	}
	p := page{min: binary.LittleEndian.AppendUint64(nil, uint64(low)), max: binary.LittleEndian.AppendUint64(nil, uint64(high))}
	return e.end(s, format.Plain, p)
}

// texts writes a column as it is, a page after the other.
func (e *encoder) texts() error {
	c := e.column
	var filter bloom.SplitBlockFilter
	if c.leaf.path == bloomed {
		e.chunk.bloom = make([]byte, filterSize(e.entries))
		clear(e.chunk.bloom) // as in texts.grow
		filter = bloom.MakeSplitBlockFilter(e.chunk.bloom)
	}
	for _, s := range e.spans {
		if err := e.begin(s); err != nil {
			return err
		}
		var p page
		if s.values > 0 {
			p = e.fill(e.items[s.from:s.to], filter)
		}
		if err := e.end(s, format.Plain, p); err != nil {
			return err
		}
	}
	return nil
}

// fill appends the texts of a page to it, and to a filter if there is one, and returns their bounds.
func (e *encoder) fill(items []uint32, filter bloom.SplitBlockFilter) (p page) {
	c := e.column
	for _, item := range items {
		if item == 0 {
			continue
		}
		s := c.texts.at(int(item - 1))
		e.page = append(binary.LittleEndian.AppendUint32(e.page, uint32(len(s))), s...)
		if !c.leaf.bare {
			p.take(s)
		}
		if filter != nil {
			filter.Insert(bloom.XXH64{}.Sum64(s))
		}
	}
	return p
}
