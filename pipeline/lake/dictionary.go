package lake

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// choose lists the texts that the rows have, in the order in which they come, and tells whether a dictionary of them saves anything. If so, the column is
// divided into pages.
func (e *encoder) choose() bool {
	t := &e.column.texts
	if n := t.len() + 1; cap(e.local) < n {
		e.local = make([]uint32, n)
	} else {
		e.local = e.local[:n]
		clear(e.local)
	}
	e.cutRows()
	e.order = e.order[:0]
	local, indices := e.local, slices.Grow(e.indices[:0], e.entries)
	for i := range e.spans {
		s, before := &e.spans[i], len(indices)
		for _, item := range e.items[s.from:s.to] {
			if item == 0 {
				continue
			}
			n := local[item]
			if n == 0 {
				e.order = append(e.order, item)
				n = uint32(len(e.order))
				local[item] = n
			}
			indices = append(indices, int32(n-1))
		}
		s.values = len(indices) - before
	}
	e.indices = indices
	// As they are, all texts have a size of 4 bytes, and each comes once at the least. Where that is enough they need not be measured: nearly everywhere.
	own := 4*len(e.order) + len(indices)*bits.Len(uint(len(e.order)))/8
	if own < 4*len(indices) {
		return true
	}
	dict, plain := own, 0
	for _, item := range e.order {
		dict += len(t.at(int(item - 1)))
	}
	for _, item := range e.items {
		if item != 0 {
			plain += 4 + len(t.at(int(item-1)))
		}
	}
	return dict < plain
}

// dictionary writes a column as its texts and their indices.
func (e *encoder) dictionary() error {
	t, m := &e.column.texts, &e.chunk.MetaData
	e.page = e.page[:0]
	for _, n := range e.order {
		s := t.at(int(n - 1))
		e.page = append(binary.LittleEndian.AppendUint32(e.page, uint32(len(s))), s...)
	}
	at, err := e.put(format.PageHeader{Type: format.DictionaryPage, DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{
		NumValues: int32(len(e.order)), Encoding: format.Plain,
	})})
	if err != nil {
		return err
	}
	m.DictionaryPageOffset = at
	m.Encoding = []format.Encoding{format.RLEDictionary, format.Plain, format.RLE}
	m.EncodingStats = []format.PageEncodingStats{
		{PageType: format.DictionaryPage, Encoding: format.Plain, Count: 1},
		{PageType: format.DataPage, Encoding: format.RLEDictionary},
	}
	hybrid := rle.Encoding{BitWidth: bits.Len(uint(len(e.order) - 1))}
	rest := e.indices
	for _, s := range e.spans {
		indices := rest[:s.values]
		rest = rest[s.values:]
		if err := e.begin(s); err != nil {
			return err
		}
		if e.packed, err = hybrid.EncodeInt32(e.packed[:0], indices); err != nil {
			return err
		}
		e.page = append(append(e.page, byte(hybrid.BitWidth)), e.packed...)
		if err := e.end(s, format.RLEDictionary, e.among(indices)); err != nil {
			return err
		}
	}
	return nil
}

// among returns the bounds of the texts that a page's indices name.
func (e *encoder) among(indices []int32) (p page) {
	if e.column.leaf.bare {
		return p
	}
	named := slices.Grow(e.named[:0], len(e.order))[:len(e.order)]
	clear(named)
	for _, i := range indices {
		named[i] = true
	}
	for i, there := range named {
		if there {
			p.take(e.column.texts.at(int(e.order[i] - 1)))
		}
	}
	e.named = named
	return p
}
