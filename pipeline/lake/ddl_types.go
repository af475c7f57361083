package lake

import (
	"fmt"
	"reflect"
	"strings"
)

// column is a column as Hive's DDL has it.
type column struct{ name, hive string }

// columnsOf returns the columns of a row type, in order.
func columnsOf(row reflect.Type) []column {
	var out []column
	for i := range row.NumField() {
		f := row.Field(i)
		name, options := parquetTag(f)
		out = append(out, column{name, hiveType(f.Type, options)})
	}
	return out
}

// parquetTag returns a field's column name and the rest of its tag.
func parquetTag(f reflect.StructField) (name, options string) {
	name, options, _ = strings.Cut(f.Tag.Get("parquet"), ",")
	if name == "" {
		panic(fmt.Sprintf("lake: field %s has no column", f.Name))
	}
	return name, options
}

// hiveType returns the type of Athena's DDL for what parquet-go makes of a Go type (Athena user guide, "Data types in Athena").
func hiveType(t reflect.Type, options string) string {
	switch t.Kind() {
	case reflect.Pointer:
		return hiveType(t.Elem(), options)
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int32:
		return "int"
	case reflect.Int64:
		if strings.Contains(options, "timestamp(millisecond)") {
			return "timestamp"
		}
		return "bigint"
	case reflect.Float64:
		return "double"
	case reflect.Slice:
		return "array<" + hiveType(t.Elem(), "") + ">"
	case reflect.Map:
		return "map<" + hiveType(t.Key(), "") + "," + hiveType(t.Elem(), "") + ">"
	case reflect.Struct:
		var fields []string
		for _, c := range columnsOf(t) {
			fields = append(fields, c.name+":"+c.hive)
		}
		return "struct<" + strings.Join(fields, ",") + ">"
	}
	panic(fmt.Sprintf("lake: no column type for %s", t))
}
