package lake

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/klauspost/compress/zstd"
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
	column  *vector
	entries int
	absent  bool     // all entries are nulls, and there are no items
	items   []uint32 // by entry; none of times
	repeats bool     // a row can have several entries
	again   []byte   // by entry, when it repeats: the repetition level
	levels  []byte   // by entry, when it repeats: the definition level; else of the page in hand
	spans   []span   // its pages

	local   []uint32 // by number of a text: 1 + its place in the file's dictionary
	order   []uint32 // the numbers in the file's dictionary
	indices []int32
	named   []bool // of the dictionary's texts: the page has it
	page    []byte
	packed  []byte
	alike   [3][]byte // by level: any number of it
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
	// To grow into what most shards need leaves five times as much behind; what is not used of it is not touched.
	e := &encoder{out: make([]byte, 0, 4<<20), page: make([]byte, 0, maxPage), packed: make([]byte, 0, maxPage)}
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
	m.NumValues = int64(e.entries)
	m.Encoding = []format.Encoding{format.Plain, format.RLE}
	var err error
	switch {
	case m.Type == format.Boolean:
		err = e.flags()
	case m.Type == format.Int64:
		err = e.times(rows)
	case e.absent:
		e.cutRows()
		err = e.texts()
	case c.leaf.dict && e.choose():
		err = e.dictionary()
	default:
		e.cutBytes()
		err = e.texts()
	}
	e.bounds()
	return e.chunk, err
}

// begin begins a data page with its levels.
func (e *encoder) begin(s span) error {
	e.page = e.page[:0]
	shape := e.column.leaf.shape
	if shape.repeated() {
		again := e.run(0, s)
		if e.repeats {
			again = e.again[s.from:s.to]
		}
		if err := e.hybrid(again, 1); err != nil {
			return err
		}
	}
	if shape.most() == 0 {
		return nil
	}
	return e.hybrid(e.definition(s), shape.most())
}

// definition returns the definition levels of a page.
func (e *encoder) definition(s span) []byte {
	switch most := e.column.leaf.shape.most(); {
	case s.values == s.to-s.from:
		return e.run(most, s)
	case e.repeats:
		return e.levels[s.from:s.to]
	case s.values == 0:
		return e.run(0, s)
	}
	items := e.items[s.from:s.to]
	e.levels = slices.Grow(e.levels[:0], len(items))[:len(items)]
	for k, item := range items {
		e.levels[k] = byte(min(item, 1))
	}
	return e.levels
}

// run returns the levels of a page that has one and the same.
func (e *encoder) run(level byte, s span) []byte {
	for len(e.alike[level]) < s.to-s.from {
		e.alike[level] = append(e.alike[level], level)
	}
	return e.alike[level][:s.to-s.from]
}

// hybrid appends levels to the page, behind their size.
func (e *encoder) hybrid(levels []byte, most byte) (err error) {
	hybrid := rle.Encoding{BitWidth: bits.Len8(most)}
	if e.packed, err = hybrid.EncodeLevels(e.packed[:0], levels); err != nil {
		return err
	}
	e.page = append(binary.LittleEndian.AppendUint32(e.page, uint32(len(e.packed))), e.packed...)
	return nil
}

// end writes the data page.
func (e *encoder) end(s span, encoding format.Encoding, p page) error {
	if e.column.leaf.shape.most() > 0 {
		p.nulls = int64(s.to - s.from - s.values)
	}
	p.empty = s.values == 0
	p.FirstRowIndex = s.row
	p.min, p.max = bytes.Clone(p.min), bytes.Clone(p.max) // they outlive the rows: the index stands at the file's end
	at, err := e.put(format.PageHeader{Type: format.DataPage, DataPageHeader: thrift.New(format.DataPageHeader{
		NumValues: int32(s.to - s.from), Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
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
	indices := h.DataPageHeader.Valid && h.DataPageHeader.V.Encoding == format.RLEDictionary
	if n := len(e.page); n < smallPage || indices && n < mostStored {
		e.packed = appendStored(e.packed[:0], e.page)
	} else {
		e.packed = e.zstd.EncodeAll(e.page, e.packed[:0])
	}
	h.UncompressedPageSize, h.CompressedPageSize = int32(len(e.page)), int32(len(e.packed))
	at, size, err := e.thrift(&h)
	e.out = append(e.out, e.packed...)
	m := &e.chunk.MetaData
	m.TotalUncompressedSize += int64(size) + int64(len(e.page))
	m.TotalCompressedSize += e.at() - at
	return at, err
}

// smallPage is the size in bytes below which a page is stored: most are a few runs of the same, to which zstd adds as much as it saves, in longer
// time than the rest of the page takes. Of indices, which are packed already, it saves a twelfth: three in a thousand of the file.
const smallPage = 256

// mostStored is how many bytes appendStored cannot take any more.
const mostStored = 256 + 1<<16

// appendStored appends a zstd frame of one raw block (RFC 8878, sections 3.1.1.1 and 3.1.1.2).
func appendStored(dst, content []byte) []byte {
	const singleSegment, twoBytes = 1 << 5, 1 << 6 // of the content's size
	n := len(content)
	dst = append(dst, 0x28, 0xb5, 0x2f, 0xfd)
	if n < 256 {
		dst = append(dst, singleSegment, byte(n))
	} else {
		dst = binary.LittleEndian.AppendUint16(append(dst, singleSegment|twoBytes), uint16(n-256))
	}
	last := uint32(n)<<3 | 1
	return append(append(dst, byte(last), byte(last>>8), byte(last>>16)), content...)
}
