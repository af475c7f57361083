package lake

import (
	"bytes"

	"github.com/parquet-go/parquet-go/format"
)

// maxBound is the longest text that is kept as a column's smallest or largest; with a longer one it has neither.
const maxBound = 256

// take makes v one of the values that bound the page.
func (p *page) take(v []byte) {
	if v == nil {
		v = []byte{} // "" in a column that has no other text: nil is no bound
	}
	if p.min == nil || bytes.Compare(v, p.min) < 0 {
		p.min = v
	}
	if p.max == nil || bytes.Compare(v, p.max) > 0 {
		p.max = v
	}
}

// bounds sums up the pages' bounds. Without them in one page, the column has none.
func (e *encoder) bounds() {
	var all page
	known := !e.column.leaf.bare
	for i := range e.chunk.pages {
		p := &e.chunk.pages[i]
		all.nulls += p.nulls
		if p.empty {
			continue
		}
		known = known && max(len(p.min), len(p.max)) <= maxBound
		if known && e.chunk.MetaData.Type == format.ByteArray {
			all.take(p.min)
			all.take(p.max)
		} else if known {
			all.min, all.max = p.min, p.max // a column of other types is one page
		}
	}
	s := &e.chunk.MetaData.Statistics
	s.NullCount = all.nulls
	if known {
		s.MinValue, s.MaxValue = all.min, all.max
		return
	}
	for i := range e.chunk.pages {
		e.chunk.pages[i].min, e.chunk.pages[i].max = nil, nil
	}
}
