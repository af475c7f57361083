package lake

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// A data page is full with pageRows rows, so that who asks for an account or a principal reads little of a large row group, or with
// maxPage bytes before compression; with randomPage if nothing in it repeats: zstd takes half the time of that, for 4 % more bytes.
const (
	pageRows   = 4096
	maxPage    = 1 << 20
	randomPage = 16 << 10
)

// maxBound is the longest text that is kept as a column's smallest or largest; with a longer one it has neither.
const maxBound = 256

// encoder makes the pages of one column after the other; its memory is used again.
type encoder struct {
	out   []byte // the file so far, but for what has been handed on
	gone  int64  // bytes that have been
	zstd  *zstd.Encoder
	plain bytes.Buffer // of thrift
	meta  *thrift.Encoder

	footer format.FileMetaData
	groups [][]chunk

	// The column in hand, in the order of the file: one entry a value or null. items are numbers of a dictionary's texts, or places of
	// values from 1; 0 is a null.
	column *vector
	items  []uint32
	levels []byte // definition levels
	again  []byte // repetition levels; nil when nothing repeats

	local   []uint32 // by number of a text: 1 + its place in the file's dictionary
	order   []uint32 // the numbers in the file's dictionary
	indices []int32
	named   []bool // of the dictionary's texts: the page has it
	page    []byte
	packed  []byte
	chunk   chunk
}

// chunk is a column of a row group as it is written.
type chunk struct {
	format.ColumnChunk
	pages []page
	bloom []byte
}

// page is what the page index says of a data page.
type page struct {
	format.PageLocation
	nulls    int64
	empty    bool
	min, max []byte // nil in an empty page, and where there are none
}

func newEncoder() (*encoder, error) {
	e := new(encoder)
	e.meta = thrift.NewEncoder(new(thrift.CompactProtocol).NewWriter(&e.plain))
	var err error
	// Texts of random digits hold no repeats, but fewer than 8 bits a byte: a fifth of the columns of IDs.
	e.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithAllLitEntropyCompression(true), zstd.WithEncoderCRC(false))
	return e, err
}

// at is where in the file the next byte goes.
func (e *encoder) at() int64 { return e.gone + int64(len(e.out)) }

// thrift appends a structure to the file and returns where.
func (e *encoder) thrift(v any) (at int64, size int32, err error) {
	e.plain.Reset()
	if err := e.meta.Encode(v); err != nil {
		return 0, 0, err
	}
	at = e.at()
	e.out = append(e.out, e.plain.Bytes()...)
	return at, int32(e.plain.Len()), nil
}

// write writes a column's values of the rows in the order given.
func (e *encoder) write(c *vector, rows []int32) (chunk, error) {
	e.column, e.chunk = c, chunk{}
	m := &e.chunk.MetaData
	m.Type, m.Codec, m.PathInSchema = c.leaf.shape.physical(), format.Zstd, c.leaf.names
	e.chunk.FileOffset = e.at()
	e.gather(rows)
	m.NumValues = int64(len(e.items))
	m.Encoding = []format.Encoding{format.Plain, format.RLE}
	var err error
	switch {
	case m.Type == format.Boolean:
		err = e.flags()
	case m.Type == format.Int64:
		err = e.times(rows)
	case c.leaf.dict && e.choose():
		err = e.dictionary()
	default:
		err = e.texts()
	}
	e.bounds()
	return e.chunk, err
}

// gather brings the values, or where they are, and their levels into the order of the file.
func (e *encoder) gather(rows []int32) {
	c, most := e.column, e.column.leaf.shape.most()
	e.items, e.levels, e.again = e.items[:0], e.levels[:0], e.again[:0]
	switch {
	case c.leaf.shape.repeated():
		e.gatherRepeated(rows)
		return
	case c.leaf.shape == requiredTime:
		for _, row := range rows {
			e.items = append(e.items, uint32(row)+1)
		}
	case c.leaf.shape != optionalText:
		e.items = pick(e.items, c.flags, rows)
	case c.leaf.dict:
		e.items = pick(e.items, c.ids, rows)
	default:
		for _, row := range rows {
			item := uint32(0)
			if i := int(row); i < c.texts.len() && len(c.texts.at(i)) > 0 {
				item = uint32(i) + 1
			}
			e.items = append(e.items, item)
		}
	}
	e.again = nil
	for _, item := range e.items {
		e.levels = append(e.levels, most*byte(min(item, 1)))
	}
}

// pick appends the values of rows, 0 for those beyond the last.
func pick[T byte | uint32](items []uint32, values []T, rows []int32) []uint32 {
	for _, row := range rows {
		item := uint32(0)
		if int(row) < len(values) {
			item = uint32(values[row])
		}
		items = append(items, item)
	}
	return items
}

// gatherRepeated gathers the items of rows: level 0 for a row without any, 1 for an item that lacks this text, 2 for one that has it.
func (e *encoder) gatherRepeated(rows []int32) {
	c := e.column
	for _, row := range rows {
		from, to := c.span(int(row))
		if from == to {
			e.items, e.levels, e.again = append(e.items, 0), append(e.levels, 0), append(e.again, 0)
		}
		for i := from; i < to; i++ {
			item, level := uint32(i)+1, byte(2)
			if c.leaf.dict {
				item = c.ids[i]
			} else if c.leaf.shape == resourceText && len(c.texts.at(i)) == 0 {
				item = 0
			}
			if item == 0 {
				level = 1
			}
			e.items, e.levels, e.again = append(e.items, item), append(e.levels, level), append(e.again, byte(min(i-from, 1)))
		}
	}
}

// begin begins a data page of the entries [from, to) with their levels.
func (e *encoder) begin(from, to int) error {
	e.page = e.page[:0]
	for _, l := range [...]struct {
		levels []byte
		most   byte
	}{{e.again, 1}, {e.levels, e.column.leaf.shape.most()}} {
		if l.most == 0 || l.levels == nil {
			continue
		}
		at := len(e.page)
		e.page = append(e.page, 0, 0, 0, 0)
		hybrid := rle.Encoding{BitWidth: bits.Len8(l.most)}
		body, err := hybrid.EncodeLevels(e.packed[:0], l.levels[from:to])
		if err != nil {
			return err
		}
		e.packed = body
		e.page = append(e.page, body...)
		binary.LittleEndian.PutUint32(e.page[at:], uint32(len(body)))
	}
	return nil
}

// end writes the data page of the entries [from, to), which begins with the given row.
func (e *encoder) end(from, to int, row int64, encoding format.Encoding, p page) error {
	for _, item := range e.items[from:to] {
		if item == 0 {
			p.nulls++
		}
	}
	if e.column.leaf.shape.most() == 0 {
		p.nulls = 0
	}
	p.empty = p.nulls == int64(to-from)
	p.FirstRowIndex = row
	p.min, p.max = bytes.Clone(p.min), bytes.Clone(p.max) // they outlive the rows: the index stands at the file's end
	at, err := e.put(format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.New(format.DataPageHeader{
		NumValues: int32(to - from), Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
	})})
	p.Offset, p.CompressedPageSize = at, int32(e.at()-at)
	e.chunk.pages = append(e.chunk.pages, p)
	m := &e.chunk.MetaData
	if len(e.chunk.pages) == 1 {
		m.DataPageOffset = at
		m.EncodingStats = append(m.EncodingStats, format.PageEncodingStats{PageType: format.DataPage, Encoding: encoding})
	}
	m.EncodingStats[len(m.EncodingStats)-1].Count++
	return err
}

// put compresses the page and writes it behind its header.
func (e *encoder) put(h format.PageHeader) (at int64, err error) {
	e.packed = e.zstd.EncodeAll(e.page, e.packed[:0])
	h.UncompressedPageSize, h.CompressedPageSize = int32(len(e.page)), int32(len(e.packed))
	at, size, err := e.thrift(&h)
	e.out = append(e.out, e.packed...)
	m := &e.chunk.MetaData
	m.TotalUncompressedSize += int64(size) + int64(len(e.page))
	m.TotalCompressedSize += e.at() - at
	return at, err
}

func (e *encoder) flags() error {
	if err := e.begin(0, len(e.items)); err != nil {
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
	for _, item := range e.items {
		if v := []byte{byte(item - isFalse)}; item != noFlag {
			p.take(v)
		}
	}
	return e.end(0, len(e.items), 0, format.Plain, p)
}

func (e *encoder) times(rows []int32) error {
	if err := e.begin(0, len(rows)); err != nil {
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
	return e.end(0, len(rows), 0, format.Plain, p)
}

// take makes v one of the values that bound the page.
func (p *page) take(v []byte) {
	if p.min == nil || bytes.Compare(v, p.min) < 0 {
		p.min = v
	}
	if p.max == nil || bytes.Compare(v, p.max) > 0 {
		p.max = v
	}
}

// choose lists the texts that the rows have, in the order in which they come, and tells whether a dictionary of them saves anything.
func (e *encoder) choose() bool {
	t := &e.column.texts
	if n := t.len() + 1; cap(e.local) < n {
		e.local = make([]uint32, n)
	} else {
		e.local = e.local[:n]
		clear(e.local)
	}
	e.order, e.indices = e.order[:0], e.indices[:0]
	plain, dict := 0, 0
	for _, item := range e.items {
		if item == 0 {
			continue
		}
		size := 4 + len(t.at(int(item-1)))
		if e.local[item] == 0 {
			e.order = append(e.order, item)
			e.local[item] = uint32(len(e.order))
			dict += size
		}
		plain += size
		e.indices = append(e.indices, int32(e.local[item]-1))
	}
	return dict+len(e.indices)*bits.Len(uint(len(e.order)))/8 < plain
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
	m.EncodingStats = []format.PageEncodingStats{{PageType: format.DictionaryPage, Encoding: format.Plain, Count: 1}}
	hybrid := rle.Encoding{BitWidth: bits.Len(uint(len(e.order) - 1))}
	row := int64(0)
	for from, value := 0, 0; from < len(e.items); {
		to, rows, values := e.run(from)
		if err := e.begin(from, to); err != nil {
			return err
		}
		indices := e.indices[value : value+values]
		e.page = append(e.page, byte(hybrid.BitWidth))
		if e.packed, err = hybrid.EncodeInt32(e.packed[:0], indices); err != nil {
			return err
		}
		e.page = append(e.page, e.packed...)
		if from == 0 {
			m.EncodingStats = append(m.EncodingStats, format.PageEncodingStats{PageType: format.DataPage, Encoding: format.RLEDictionary})
		}
		if err := e.end(from, to, row, format.RLEDictionary, e.among(indices)); err != nil {
			return err
		}
		from, row, value = to, row+rows, value+values
	}
	return nil
}

// run returns where a page of a dictionary's indices that begins at from ends, how many rows it has, whole ones, and how many values.
func (e *encoder) run(from int) (to int, rows int64, values int) {
	for to = from; to < len(e.items); to++ {
		if e.again == nil || e.again[to] == 0 {
			if rows >= pageRows {
				break
			}
			rows++
		}
		if e.items[to] != 0 {
			values++
		}
	}
	return to, rows, values
}

// among returns the bounds of the texts that a page's indices name.
func (e *encoder) among(indices []int32) (p page) {
	if e.column.leaf.bare {
		return p
	}
	e.named = append(e.named[:0], make([]bool, len(e.order))...)
	for _, i := range indices {
		if !e.named[i] {
			e.named[i] = true
			p.take(e.column.texts.at(int(e.order[i] - 1)))
		}
	}
	return p
}

// texts writes a column as it is, a page after the other.
func (e *encoder) texts() error {
	c := e.column
	var filter bloom.SplitBlockFilter
	if c.leaf.path == bloomed {
		e.chunk.bloom = make([]byte, filterSize(len(e.items)))
		filter = bloom.MakeSplitBlockFilter(e.chunk.bloom)
	}
	row := int64(0)
	for from := 0; from < len(e.items); {
		to, rows := e.fill(from)
		if err := e.begin(from, to); err != nil {
			return err
		}
		var p page
		for _, item := range e.items[from:to] {
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
		if err := e.end(from, to, row, format.Plain, p); err != nil {
			return err
		}
		from, row = to, row+rows
	}
	return nil
}

// fill returns where a page of texts that begins at from ends, and how many rows it has: whole ones.
func (e *encoder) fill(from int) (to int, rows int64) {
	size := 0
	for to = from; to < len(e.items); to++ {
		if e.again == nil || e.again[to] == 0 {
			if size >= e.column.leaf.page || rows >= pageRows {
				break
			}
			rows++
		}
		if item := e.items[to]; item != 0 {
			size += 4 + len(e.column.texts.at(int(item-1)))
		}
	}
	return to, rows
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
