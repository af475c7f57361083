package series

import (
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// batchRows is how many rows go into one Arrow record batch: some 2 MB.
const batchRows = 16 << 10

// Schema is that of the Arrow stream; its fields are Columns. Text is not dictionary-encoded: every reader takes that.
var Schema = func() *arrow.Schema {
	var fields []arrow.Field
	for _, name := range Columns {
		f := arrow.Field{Name: name, Type: arrow.BinaryTypes.String}
		switch name {
		case "readonly":
			f.Type = arrow.FixedWidthTypes.Boolean
		case "errorcode":
			f.Nullable = true
		case "time":
			f.Type = arrow.FixedWidthTypes.Timestamp_ms // UTC
		case "calls":
			f.Type = arrow.PrimitiveTypes.Int64
		}
		fields = append(fields, f)
	}
	return arrow.NewSchema(fields, nil)
}()

// arrowWriter writes the Arrow IPC streaming format (https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format).
type arrowWriter struct {
	w    *ipc.Writer
	b    *array.RecordBuilder
	rows int
}

func newArrow(w io.Writer) *arrowWriter {
	return &arrowWriter{w: ipc.NewWriter(w, ipc.WithSchema(Schema)), b: array.NewRecordBuilder(memory.DefaultAllocator, Schema)}
}

func (a *arrowWriter) Write(r *Row) error {
	for i, text := range [...]string{r.Account, r.Region, r.Source, r.Name, r.Principal, r.Category()} {
		a.b.Field(i).(*array.StringBuilder).Append(text)
	}
	a.b.Field(6).(*array.BooleanBuilder).Append(r.ReadOnly)
	if code := a.b.Field(7).(*array.StringBuilder); r.ErrorCode == "" {
		code.AppendNull()
	} else {
		code.Append(r.ErrorCode)
	}
	a.b.Field(8).(*array.TimestampBuilder).Append(arrow.Timestamp(r.Time.UnixMilli()))
	a.b.Field(9).(*array.Int64Builder).Append(r.Calls)
	if a.rows++; a.rows == batchRows {
		return a.flush()
	}
	return nil
}

func (a *arrowWriter) flush() error {
	if a.rows == 0 {
		return nil
	}
	batch := a.b.NewRecordBatch()
	defer batch.Release()
	a.rows = 0
	return a.w.Write(batch)
}

// Close ends the stream; one without rows still has its schema.
func (a *arrowWriter) Close() error {
	defer a.b.Release()
	if err := a.flush(); err != nil {
		return err
	}
	return a.w.Close()
}
