package lake

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	parquetgo "github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"trailgauge/pipeline/trail"
)

// someRecord draws a record: every field of every struct is set or not.
func someRecord(t *rapid.T) (r trail.Record) {
	text := rapid.SampledFrom([]string{"", "", "a", "é", "a longer text that repeats", "a longer text that repeats, nearly"})
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			v.SetString(text.Draw(t, "text"))
		case reflect.Bool:
			v.SetBool(rapid.Bool().Draw(t, "flag"))
		case reflect.Int64:
			v.SetInt(rapid.Int64Range(-1e12, 2e12).Draw(t, "time"))
		case reflect.Pointer:
			if rapid.Bool().Draw(t, "there") {
				v.Set(reflect.New(v.Type().Elem()))
				fill(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, "items"), 3))
			for i := range v.Len() {
				fill(v.Index(i))
			}
		case reflect.Map:
			if m := rapid.MapOfN(rapid.SampledFrom([]string{"b", "a", "c"}), text, 0, 3).Draw(t, "map"); len(m) > 0 {
				v.Set(reflect.ValueOf(m))
			}
		}
	}
	fill(reflect.ValueOf(&r).Elem())
	return r
}

// encodeEvents returns n rows of the events table as one Parquet file.
func encodeEvents(n int, row func(i int) *trail.Record) ([]byte, error) {
	var rows Rows
	order := make([]int32, n)
	for i := range n {
		rows.Append(row(i), trail.Alike{})
		order[i] = int32(i)
	}
	return rows.Encode(order)
}

// What is written, parquet-go reads back; and the same rows are the same bytes.
func TestEventsReadByAnotherLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfN(rapid.Custom(someRecord), 0, 4).Draw(t, "records")
		var rows []trail.Record
		for len(some) > 0 && len(rows) < 259 {
			rows = append(rows, some...)
		}
		row := func(i int) *trail.Record { return &rows[i] }
		body, err := encodeEvents(len(rows), row)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := encodeEvents(len(rows), row); !bytes.Equal(body, again) {
			t.Fatal("the same rows, other bytes")
		}
		got, err := parquetgo.Read[trail.Record](bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(rows, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatal(d)
		}
	})
}

// The events of a folder of files are one table only if all have one schema, whoever wrote them.
func TestEventsSchema(t *testing.T) {
	body, err := encodeEvents(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquetgo.OpenFile(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	want := parquetgo.SchemaOf(trail.Record{})
	if !parquetgo.EqualNodes(f.Schema(), want) {
		t.Errorf("schema\n%s\nwant\n%s", f.Schema(), want)
	}
	if v, _ := f.Lookup(FormatKey); v != Format {
		t.Errorf("format %q", v)
	}
}
