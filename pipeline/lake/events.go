package lake

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"trailgauge/pipeline/trail"
)

// sortedBy are the columns that the rows of the events table are sorted by; nulls come first.
var sortedBy = []string{"account", "region", "eventsource", "eventname", "principal", "eventts", "eventid"}

// unsearched are columns whose smallest and largest values rule nothing out: texts that nobody compares, and random ones.
var unsearched = []string{
	"requestparameters", "responseelements", "additionaleventdata", "serviceeventdetails", "edgedevicedetails", "extra", "requestid",
}

// eventsProperties are how arrow-go writes a file of n events.
func eventsProperties(n int) *parquet.WriterProperties {
	table := eventsTable()
	options := []parquet.WriterProperty{
		parquet.WithAllocator(memory.DefaultAllocator),
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(1),
		parquet.WithVersion(parquet.V2_LATEST), // names the dictionary encoding RLE_DICTIONARY, and no other encoding
		parquet.WithDataPageVersion(parquet.DataPageV1),
		parquet.WithCreatedBy(fmt.Sprintf("trailgauge version %s", Format)),
		parquet.WithPageIndexEnabled(true),
		parquet.WithBatchSize(blockRows),
		parquet.WithMaxRowGroupLength(rowGroupRows),
		parquet.WithMaxStatsSize(256),
	}
	var sorted []parquet.SortingColumn
	for _, name := range sortedBy {
		for i := range table.columns {
			if table.columns[i].path == name {
				sorted = append(sorted, parquet.SortingColumn{ColumnIdx: int32(i), NullsFirst: true})
			}
		}
	}
	options = append(options, parquet.WithSortingColumns(sorted))
	for i := range table.columns {
		if c := &table.columns[i]; !c.dict {
			options = append(options, parquet.WithDictionaryFor(c.path, false), parquet.WithEncodingFor(c.path, parquet.Encodings.Plain))
		}
	}
	for _, name := range unsearched {
		options = append(options, parquet.WithStatsFor(name, false), parquet.WithPageIndexEnabledFor(name, false))
	}
	// A Bloom filter of event IDs is a tenth of their column. Of access keys and addresses it would be larger than the column, whose
	// dictionary says the same: 16 kB against 6 in a file of 4,400 rows, as arrow-go sizes it by itself.
	options = append(options, parquet.WithBloomFilterEnabledFor("eventid", true), parquet.WithBloomFilterFPPFor("eventid", 0.01),
		parquet.WithBloomFilterNDVFor("eventid", int64(max(1, min(n, rowGroupRows)))))
	return parquet.NewWriterProperties(options...)
}

// EncodeEvents returns n rows of the events table as one Parquet file; row(i) is the i-th. The bytes depend on the rows alone.
func EncodeEvents(n int, row func(i int) *trail.Record) (body []byte, err error) {
	var out bytes.Buffer
	table := eventsTable()
	meta := metadata.NewKeyValueMetadata()
	if err := meta.Append(FormatKey, Format); err != nil {
		return nil, err
	}
	w, err := file.NewParquetWriterWithError(&out, table.root, file.WithWriterProps(eventsProperties(n)), file.WithWriteMetadata(meta))
	if err != nil {
		return nil, err
	}
	b := block{rows: make([]*trail.Record, 0, blockRows)}
	for from := 0; from < n; from += rowGroupRows {
		if err := b.group(w, from, min(from+rowGroupRows, n), row); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// group writes the rows [from, to) as a row group.
func (b *block) group(w *file.Writer, from, to int, row func(i int) *trail.Record) error {
	group, err := w.AppendBufferedRowGroupChecked()
	if err != nil {
		return err
	}
	columns := eventsTable().columns
	writers := make([]file.ColumnChunkWriter, len(columns))
	for i := range columns {
		if writers[i], err = group.Column(i); err != nil {
			return err
		}
	}
	for from < to {
		b.rows = b.rows[:0]
		for ; from < to && len(b.rows) < blockRows; from++ {
			b.rows = append(b.rows, row(from))
		}
		for i := range columns {
			b.begin()
			if err := columns[i].write(&columns[i], writers[i], b); err != nil {
				return fmt.Errorf("column %s: %w", columns[i].path, err)
			}
		}
	}
	return group.Close()
}
