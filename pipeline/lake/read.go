package lake

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"trailgauge/pipeline/trail"
)

// Files are read with arrow-go; the package comment says what each of the two libraries writes, and why.

// batchRows is how many rows are decoded at a time.
const batchRows = 16 << 10

// batch is a run of rows of the columns that were asked for, in that order.
type batch struct {
	rows int
	cols []arrow.Array
}

// readColumns decodes the named columns (dots for nested ones) of a Parquet file and calls fn for each run of rows. Strings and
// slices that fn takes out of the batch stay valid.
func readColumns(body []byte, columns []string, fn func(*batch) error) error {
	return readColumnsAt(bytes.NewReader(body), columns, everything, fn)
}

// rows says which rows of a file to read, half-open, and how many at a time.
type rows struct {
	from, to int64
	batch    int64
}

var everything = rows{0, math.MaxInt64, batchRows}

// groups returns the row groups that hold any of them.
func (r rows) groups(f *file.Reader) (list []int) {
	at := int64(0)
	for g := range f.NumRowGroups() {
		n := f.MetaData().RowGroup(g).NumRows()
		if at < r.to && r.from < at+n {
			list = append(list, g)
		}
		at += n
	}
	return list
}

// readColumnsAt is readColumns on what need not be in memory, for the row groups that have any of some rows.
func readColumnsAt(from parquet.ReaderAtSeeker, columns []string, some rows, fn func(*batch) error) (err error) {
	defer func() { // arrow-go panics on some damaged files
		if r := recover(); r != nil {
			err = fmt.Errorf("decoding parquet: %v", r)
		}
	}()
	f, err := file.NewParquetReader(from)
	if err != nil {
		return err
	}
	defer f.Close()
	if v := f.MetaData().KeyValueMetadata().FindValue(FormatKey); v == nil || *v != Format {
		return fmt.Errorf("not a trailgauge file of format %s", Format)
	}
	reader, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: some.batch}, memory.DefaultAllocator)
	if err != nil {
		return err
	}
	leaves, err := leavesOf(f, columns)
	if err != nil {
		return err
	}
	records, err := reader.GetRecordReader(context.Background(), leaves, some.groups(f))
	if err != nil {
		return err
	}
	defer records.Release()
	for records.Next() {
		rec := records.RecordBatch()
		b := &batch{rows: int(rec.NumRows())}
		for _, c := range columns {
			col, err := columnOf(rec, c)
			if err != nil {
				return err
			}
			b.cols = append(b.cols, col)
		}
		if err := fn(b); err != nil {
			return err
		}
	}
	return records.Err()
}

// leavesOf finds the leaf columns that make up the named ones.
func leavesOf(f *file.Reader, columns []string) ([]int, error) {
	schema := f.MetaData().Schema
	var leaves []int
	for _, want := range columns {
		found := false
		for i := range schema.NumColumns() {
			path := schema.Column(i).Path()
			if path == want || strings.HasPrefix(path, want+".") {
				leaves, found = append(leaves, i), true
			}
		}
		if !found {
			return nil, fmt.Errorf("column %s is missing", want)
		}
	}
	return leaves, nil
}

// columnOf walks a dotted name through structs.
func columnOf(rec arrow.RecordBatch, name string) (arrow.Array, error) {
	parts := strings.Split(name, ".")
	at := rec.Schema().FieldIndices(parts[0])
	if len(at) == 0 {
		return nil, fmt.Errorf("column %s is missing", name)
	}
	col := rec.Column(at[0])
	for _, p := range parts[1:] {
		s, ok := col.(*array.Struct)
		if !ok {
			return nil, fmt.Errorf("column %s is not a struct", name)
		}
		i, ok := s.DataType().(*arrow.StructType).FieldIdx(p)
		if !ok {
			return nil, fmt.Errorf("column %s is missing", name)
		}
		col = s.Field(i)
	}
	return col, nil
}

// text reads column c as strings; a null is "". Equal neighbours share their bytes.
func (b *batch) text(c int) func(int) string {
	last := ""
	keep := func(s string) string {
		if s != last {
			last = strings.Clone(s)
		}
		return last
	}
	switch col := b.cols[c].(type) {
	case *array.String:
		return func(i int) string {
			if col.IsNull(i) {
				return ""
			}
			return keep(col.Value(i))
		}
	case *array.Dictionary:
		values := col.Dictionary().(*array.String)
		return func(i int) string {
			if col.IsNull(i) {
				return ""
			}
			return keep(values.Value(col.GetValueIndex(i)))
		}
	}
	panic(fmt.Sprintf("column %d holds %s, not strings", c, b.cols[c].DataType()))
}

func (b *batch) bool(c int) func(int) bool {
	col := b.cols[c].(*array.Boolean)
	return func(i int) bool { return !col.IsNull(i) && col.Value(i) }
}

// optional reads column c as booleans that may be null.
func (b *batch) optional(c int) func(int) *bool {
	col := b.cols[c].(*array.Boolean)
	yes, no := true, false
	return func(i int) *bool {
		switch {
		case col.IsNull(i):
			return nil
		case col.Value(i):
			return &yes
		}
		return &no
	}
}

// milli reads column c as timestamps, milliseconds since 1970 UTC.
func (b *batch) milli(c int) func(int) int64 {
	col := b.cols[c].(*array.Timestamp)
	return func(i int) int64 { return int64(col.Value(i)) }
}

func (b *batch) int32s(c int) func(int) []uint16 {
	col := b.cols[c].(*array.List)
	values := col.ListValues().(*array.Int32)
	return func(i int) []uint16 {
		from, to := col.ValueOffsets(i)
		out := make([]uint16, 0, to-from)
		for k := from; k < to; k++ {
			out = append(out, uint16(values.Value(int(k))))
		}
		return out
	}
}

func (b *batch) int64s(c int) func(int) []int64 {
	col := b.cols[c].(*array.List)
	values := col.ListValues().(*array.Int64)
	return func(i int) []int64 {
		from, to := col.ValueOffsets(i)
		out := make([]int64, 0, to-from)
		for k := from; k < to; k++ {
			out = append(out, values.Value(int(k)))
		}
		return out
	}
}

// resources reads column c as trail.Resource has them; none is nil.
func (b *batch) resources(c int) func(int) []trail.Resource {
	col := b.cols[c].(*array.List)
	values := col.ListValues().(*array.Struct)
	var fields batch
	for _, name := range []string{"arn", "accountid", "type"} {
		i, ok := values.DataType().(*arrow.StructType).FieldIdx(name)
		if !ok {
			panic(fmt.Sprintf("column %d has no %s", c, name))
		}
		fields.cols = append(fields.cols, values.Field(i))
	}
	arn, account, kind := fields.text(0), fields.text(1), fields.text(2)
	return func(i int) (out []trail.Resource) {
		from, to := col.ValueOffsets(i)
		for k := int(from); k < int(to) && !col.IsNull(i); k++ {
			out = append(out, trail.Resource{ARN: arn(k), AccountID: account(k), Type: kind(k)})
		}
		return out
	}
}
