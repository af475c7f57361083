package lake

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"trailgauge/pipeline/trail"
)

// ReadEvents reads all columns of an events file and calls fn for each row, in the file's order. The record is valid until fn returns,
// its strings for good. A null is an empty string, a nil pointer, an empty slice or a nil map, as it was when the record was
// written: decode.Rebuild makes the original of it.
func ReadEvents(body []byte, fn func(*trail.Record) error) error {
	row := reflect.TypeFor[trail.Record]()
	var columns []string
	for i := range row.NumField() {
		name, _ := parquetTag(row.Field(i))
		columns = append(columns, name)
	}
	return readColumns(body, columns, func(b *batch) error {
		set := make([]setter, len(columns))
		for c := range columns {
			var err error
			if set[c], err = setterOf(b.cols[c], row.Field(c).Type); err != nil {
				return fmt.Errorf("column %s: %w", columns[c], err)
			}
		}
		var r trail.Record
		v := reflect.ValueOf(&r).Elem()
		for i := range b.rows {
			r = trail.Record{}
			for c := range set {
				set[c](i, v.Field(c))
			}
			if err := fn(&r); err != nil {
				return err
			}
		}
		return nil
	})
}

// setter stores the i-th value of a column in a field that is zero; a null leaves it so.
type setter func(i int, into reflect.Value)

// setterOf returns what stores a column in a field of type t.
func setterOf(col arrow.Array, t reflect.Type) (setter, error) {
	switch col := col.(type) {
	case *array.String:
		if t.Kind() == reflect.String {
			return func(i int, into reflect.Value) {
				if !col.IsNull(i) {
					into.SetString(strings.Clone(col.Value(i)))
				}
			}, nil
		}
	case *array.Boolean:
		return func(i int, into reflect.Value) {
			if col.IsNull(i) {
				return
			}
			if into.Kind() == reflect.Pointer {
				into.Set(reflect.New(t.Elem()))
				into = into.Elem()
			}
			into.SetBool(col.Value(i))
		}, nil
	case *array.Timestamp:
		return func(i int, into reflect.Value) { into.SetInt(int64(col.Value(i))) }, nil
	case *array.Struct:
		return structSetter(col, t)
	case *array.Map: // before List, which it embeds
		return mapSetter(col, t)
	case *array.List:
		return listSetter(col, t)
	}
	return nil, fmt.Errorf("it holds %s, which is no %s", col.DataType(), t)
}

func structSetter(col *array.Struct, t reflect.Type) (setter, error) {
	set := make([]setter, t.NumField())
	for f := range set {
		name, _ := parquetTag(t.Field(f))
		at, ok := col.DataType().(*arrow.StructType).FieldIdx(name)
		if !ok {
			return nil, fmt.Errorf("%s is missing", name)
		}
		var err error
		if set[f], err = setterOf(col.Field(at), t.Field(f).Type); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return func(i int, into reflect.Value) {
		for f := range set {
			set[f](i, into.Field(f))
		}
	}, nil
}

func listSetter(col *array.List, t reflect.Type) (setter, error) {
	item, err := setterOf(col.ListValues(), t.Elem())
	if err != nil {
		return nil, err
	}
	return func(i int, into reflect.Value) {
		from, to := col.ValueOffsets(i)
		if col.IsNull(i) || from == to {
			return
		}
		into.Set(reflect.MakeSlice(t, int(to-from), int(to-from)))
		for k := from; k < to; k++ {
			item(int(k), into.Index(int(k-from)))
		}
	}, nil
}

func mapSetter(col *array.Map, t reflect.Type) (setter, error) {
	key, err := setterOf(col.Keys(), t.Key())
	if err != nil {
		return nil, err
	}
	value, err := setterOf(col.Items(), t.Elem())
	if err != nil {
		return nil, err
	}
	return func(i int, into reflect.Value) {
		from, to := col.ValueOffsets(i)
		if col.IsNull(i) || from == to {
			return
		}
		into.Set(reflect.MakeMap(t))
		for k := int(from); k < int(to); k++ {
			name, of := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			key(k, name)
			value(k, of)
			into.SetMapIndex(name, of)
		}
	}, nil
}
