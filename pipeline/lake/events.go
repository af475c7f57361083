package lake

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/parquet-go/parquet-go/format"

	"trailgauge/pipeline/trail"
)

const magic = "PAR1"

// bloomed is the column that has a Bloom filter: a tenth of the column. Of access keys and addresses it would be larger than the
// column, whose dictionary says the same: 16 kB against 6 in a file of 4,400 rows.
const bloomed = "eventid"

// filterSize returns the size in bytes of a Bloom filter of n values that takes about one in a hundred others for one of them: 10.5 bits a
// value (Putze, Sanders and Singler, "Cache-, hash- and space-efficient Bloom filters"), and a power of two, which some readers want.
func filterSize(n int) int { return 1 << bits.Len(uint(max(32, n*21/16)-1)) }

// EncodeEvents returns n rows of the events table as one Parquet file; row(i) is the i-th. The bytes depend on the rows alone.
func EncodeEvents(n int, row func(i int) *trail.Record) ([]byte, error) {
	var rows Rows
	order := make([]int32, n)
	for i := range n {
		rows.Append(row(i))
		order[i] = int32(i)
	}
	return rows.Encode(order)
}

// Encode returns the rows in the order given, some or all of them, as one Parquet file. It is valid until the next call. The bytes depend on
// the records in that order alone: a dictionary has the file's own texts, in the order in which they come.
func (r *Rows) Encode(order []int32) (body []byte, err error) {
	r.ready()
	if r.encoder == nil {
		if r.encoder, err = newEncoder(); err != nil {
			return nil, err
		}
	}
	e, t := r.encoder, eventsTable()
	e.out = append(e.out[:0], magic...)
	footer := format.FileMetaData{
		Version: 2, Schema: t.schema, NumRows: int64(len(order)), ColumnOrders: t.orders,
		CreatedBy: "trailgauge version " + Format, KeyValueMetadata: []format.KeyValue{{Key: FormatKey, Value: Format}},
	}
	var groups [][]chunk
	for len(order) > 0 {
		n := min(len(order), rowGroupRows)
		g, chunks, err := r.group(order[:n])
		if err != nil {
			return nil, err
		}
		g.Ordinal = int16(len(groups))
		footer.RowGroups, groups = append(footer.RowGroups, g), append(groups, chunks)
		order = order[n:]
	}
	if err := e.indexes(groups); err != nil {
		return nil, err
	}
	for i, chunks := range groups {
		for k := range chunks {
			footer.RowGroups[i].Columns[k] = chunks[k].ColumnChunk
		}
	}
	_, size, err := e.thrift(&footer)
	if err != nil {
		return nil, err
	}
	e.out = append(binary.LittleEndian.AppendUint32(e.out, uint32(size)), magic...)
	return e.out, nil
}

// group writes rows as a row group.
func (r *Rows) group(order []int32) (format.RowGroup, []chunk, error) {
	g := format.RowGroup{
		Columns: make([]format.ColumnChunk, len(r.columns)), NumRows: int64(len(order)), SortingColumns: eventsTable().sorted,
		FileOffset: int64(len(r.encoder.out)),
	}
	chunks := make([]chunk, len(r.columns))
	for i := range r.columns {
		c, err := r.encoder.write(&r.columns[i], order)
		if err != nil {
			return g, nil, fmt.Errorf("column %s: %w", r.columns[i].leaf.path, err)
		}
		g.TotalByteSize += c.MetaData.TotalUncompressedSize
		g.TotalCompressedSize += c.MetaData.TotalCompressedSize
		chunks[i] = c
	}
	return g, chunks, nil
}

// indexes writes what stands behind the row groups: Bloom filters, then the columns' indexes, then the pages'.
func (e *encoder) indexes(groups [][]chunk) (err error) {
	for _, chunks := range groups {
		for i := range chunks {
			if err := e.filter(&chunks[i]); err != nil {
				return err
			}
		}
	}
	for _, chunks := range groups {
		for i := range chunks {
			c := &chunks[i]
			if index, ok := c.columnIndex(); ok {
				if c.ColumnIndexOffset, c.ColumnIndexLength, err = e.thrift(&index); err != nil {
					return err
				}
			}
		}
	}
	for _, chunks := range groups {
		for i := range chunks {
			c := &chunks[i]
			var index format.OffsetIndex
			for _, p := range c.pages {
				index.PageLocations = append(index.PageLocations, p.PageLocation)
			}
			if c.OffsetIndexOffset, c.OffsetIndexLength, err = e.thrift(&index); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *encoder) filter(c *chunk) error {
	if c.bloom == nil {
		return nil
	}
	at, size, err := e.thrift(&format.BloomFilterHeader{
		NumBytes:    int32(len(c.bloom)),
		Algorithm:   format.BloomFilterAlgorithm{Value: new(format.SplitBlockAlgorithm)},
		Hash:        format.BloomFilterHash{Value: new(format.XxHash)},
		Compression: format.BloomFilterCompression{Value: new(format.BloomFilterUncompressed)},
	})
	e.out = append(e.out, c.bloom...)
	c.MetaData.BloomFilterOffset, c.MetaData.BloomFilterLength = at, size+int32(len(c.bloom))
	return err
}

// columnIndex returns the bounds of a column's pages; ok is false for a column that has none.
func (c *chunk) columnIndex() (index format.ColumnIndex, ok bool) {
	for _, p := range c.pages {
		if !p.empty && p.min == nil {
			return index, false
		}
		index.NullPages = append(index.NullPages, p.empty)
		index.MinValues, index.MaxValues = append(index.MinValues, p.min), append(index.MaxValues, p.max)
		index.NullCounts = append(index.NullCounts, p.nulls)
	}
	if len(c.pages) == 1 {
		index.BoundaryOrder = format.Ascending
	}
	return index, true
}
