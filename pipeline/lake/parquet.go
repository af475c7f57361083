package lake

import (
	"bytes"
	"reflect"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// Format is the version of the lake's tables, in every file's metadata under FormatKey. A reader refuses a newer one.
const (
	Format    = "1"
	FormatKey = "trailgauge.format"
)

// rowGroupRows bounds a row group. With about 1 kB of JSON a record a group of events stays near Athena's 128 MB before
// compression; the other tables' rows are smaller.
const rowGroupRows = 100_000

// packed is shared by all files: a codec keeps its encoders, which are larger than most files of counts.
var packed = &zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}

func writerOptions() []parquet.WriterOption {
	return []parquet.WriterOption{
		parquet.Compression(packed),
		parquet.DataPageVersion(1), // what every reader takes, Athena's included
		// The library's own choice for strings without a dictionary is DELTA_LENGTH_BYTE_ARRAY, which not every engine reads.
		parquet.DefaultEncodingFor(parquet.ByteArray, &parquet.Plain),
		parquet.DataPageStatistics(true),
		parquet.MaxRowsPerRowGroup(rowGroupRows),
		parquet.CreatedBy("trailgauge", Format, ""),
		parquet.KeyValueMetadata(FormatKey, Format),
	}
}

// encode writes rows as one Parquet file. The bytes depend on the rows alone.
func encode[T any](rows []T) ([]byte, error) {
	var out bytes.Buffer
	w := parquet.NewGenericWriter[T](&out, writerOptions()...)
	if err := inPieces(rows, optionals(reflect.TypeFor[T](), 0), w.Write); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
