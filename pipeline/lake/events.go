package lake

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"

	"github.com/parquet-go/parquet-go/format"
)

const magic = "PAR1"

// bloomed is the column that has a Bloom filter: a tenth of the column. Of access keys and addresses it would be larger than the
// column, whose dictionary says the same: 16 kB against 6 in a file of 4,400 rows.
const bloomed = "eventid"

// filterSize returns the size in bytes of a Bloom filter of n values that takes about one in a hundred others for one of them: 10.5 bits a
// value (Putze, Sanders and Singler, "Cache-, hash- and space-efficient Bloom filters"), and a power of two, which some readers want.
func filterSize(n int) int { return 1 << bits.Len(uint(max(32, n*21/16)-1)) }

// Encode returns the rows in the order given, some or all of them, as one Parquet file. It is valid until the next call. The bytes depend on
// the records in that order alone: a dictionary has the file's own texts, in the order in which they come.
func (r *Rows) Encode(order []int32) (body []byte, err error) {
	if err := r.begin(); err != nil {
		return nil, err
	}
	for len(order) > 0 {
		n := min(len(order), rowGroupRows)
		if err := r.group(order[:n]); err != nil {
			return nil, err
		}
		order = order[n:]
	}
	if err := r.encoder.finish(); err != nil {
		return nil, err
	}
	return r.encoder.out, nil
}

// begin begins a file.
func (r *Rows) begin() (err error) {
	r.ready()
	if r.encoder == nil {
		if r.encoder, err = newEncoder(); err != nil {
			return err
		}
	}
	e, t := r.encoder, eventsTable()
	e.out, e.gone, e.groups = append(e.out[:0], magic...), 0, nil
	e.footer = format.FileMetaData{
		Version: 2, Schema: t.schema, ColumnOrders: t.orders,
		CreatedBy: "trailgauge version " + Format, KeyValueMetadata: []format.KeyValue{{Key: FormatKey, Value: Format}},
	}
	return nil
}

// group writes rows, in the order given, as a row group.
func (r *Rows) group(order []int32) error {
	e := r.encoder
	g := format.RowGroup{
		Columns: make([]format.ColumnChunk, len(r.columns)), NumRows: int64(len(order)), SortingColumns: eventsTable().sorted,
		FileOffset: e.at(), Ordinal: int16(len(e.groups)),
	}
	for p := range r.parts {
		r.parts[p].order(order)
	}
	chunks := make([]chunk, len(r.columns))
	for i := range r.columns {
		c, err := e.write(&r.columns[i], order)
		if err != nil {
			return fmt.Errorf("column %s: %w", r.columns[i].leaf.path, err)
		}
		g.TotalByteSize += c.MetaData.TotalUncompressedSize
		g.TotalCompressedSize += c.MetaData.TotalCompressedSize
		chunks[i] = c
	}
	e.footer.NumRows += g.NumRows
	e.footer.RowGroups, e.groups = append(e.footer.RowGroups, g), append(e.groups, chunks)
	return nil
}

// finish writes what stands behind the row groups.
func (e *encoder) finish() error {
	if err := e.indexes(e.groups); err != nil {
		return err
	}
	for i, chunks := range e.groups {
		for k := range chunks {
			e.footer.RowGroups[i].Columns[k] = chunks[k].ColumnChunk
		}
	}
	_, size, err := e.thrift(&e.footer)
	e.out = append(binary.LittleEndian.AppendUint32(e.out, uint32(size)), magic...)
	return err
}

// handOn writes what there is of the file to w and lets go of it.
func (e *encoder) handOn(w io.Writer) error {
	n, err := w.Write(e.out)
	e.gone, e.out = e.gone+int64(n), e.out[:0]
	return err
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
