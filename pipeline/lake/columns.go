package lake

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
	parquetgo "github.com/parquet-go/parquet-go"

	"trailgauge/pipeline/trail"
)

// blockRows is how many rows are written at a time, column after column: their records fit in a core's cache together.
const blockRows = 256

// leaf is a leaf column of the events table and where a record has it.
type leaf struct {
	path  string
	at    uintptr // in the record; of a leaf of resources: in the resource
	write func(c *leaf, w file.ColumnChunkWriter, b *block) error
	dict  bool
}

// block is a run of rows and room to lay out one of their columns.
type block struct {
	rows   []*trail.Record
	texts  []parquet.ByteArray
	flags  []bool
	times  []int64
	levels []int16 // definition levels
	again  []int16 // repetition levels
}

func (b *block) begin() {
	b.texts, b.flags, b.times, b.levels, b.again = b.texts[:0], b.flags[:0], b.times[:0], b.levels[:0], b.again[:0]
}

// eventsTable is the schema of the events table and its columns, in order. The schema is what parquet-go makes of trail.Record, read
// back by arrow-go, so that files of either writer agree in it.
var eventsTable = sync.OnceValue(func() (t struct {
	root    *schema.GroupNode
	columns []leaf
}) {
	var empty bytes.Buffer
	w := parquetgo.NewGenericWriter[trail.Record](&empty, writerOptions()...)
	if err := w.Close(); err != nil {
		panic("internal error: the schema of the events table: " + err.Error())
	}
	f, err := file.NewParquetReader(bytes.NewReader(empty.Bytes()))
	if err != nil {
		panic("internal error: the schema of the events table: " + err.Error())
	}
	t.root = f.MetaData().Schema.Root()
	t.columns = leaves(reflect.TypeFor[trail.Record](), 0, "", writeText)
	for i := range t.columns {
		if got, want := t.columns[i].path, f.MetaData().Schema.Column(i).Path(); got != want {
			panic("internal error: column " + got + " is " + want + " in the schema")
		}
	}
	return t
})

// leaves lists the leaf columns of a struct; text is how its strings are written.
func leaves(t reflect.Type, at uintptr, prefix string, text func(*leaf, file.ColumnChunkWriter, *block) error) (list []leaf) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		c := leaf{path: prefix + name, at: at + f.Offset, write: text, dict: strings.Contains(options, "dict")}
		switch {
		case f.Type.Kind() == reflect.Struct:
			list = append(list, leaves(f.Type, c.at, c.path+".", text)...)
			continue
		case f.Type == reflect.TypeFor[[]trail.Resource]():
			list = append(list, leaves(f.Type.Elem(), 0, c.path+".list.element.", writeResource)...)
			continue
		case f.Type.Kind() == reflect.Map:
			key, value := c, c
			key.path, key.write = c.path+".key_value.key", writeKeys
			value.path, value.write = c.path+".key_value.value", writeValues
			list = append(list, key, value)
			continue
		case f.Type == reflect.TypeFor[*bool]():
			c.write = writeMaybe
		case f.Type.Kind() == reflect.Bool:
			c.write = writeFlag
		case f.Type.Kind() == reflect.Int64:
			c.write = writeTime
		}
		list = append(list, c)
	}
	return list
}

// bytesOf returns the bytes of s, which must not be written to.
func bytesOf(s string) parquet.ByteArray { return unsafe.Slice(unsafe.StringData(s), len(s)) }

func (c *leaf) in(r *trail.Record) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(r), c.at) }

// level adds the definition level of a value that may be absent: present, or one less.
func (b *block) level(present bool, most int16) {
	if !present {
		most--
	}
	b.levels = append(b.levels, most)
}

func writeTexts(w file.ColumnChunkWriter, b *block, again []int16) error {
	_, err := w.(*file.ByteArrayColumnChunkWriter).WriteBatch(b.texts, b.levels, again)
	return err
}

// writeText writes strings; an empty one is a null.
func writeText(c *leaf, w file.ColumnChunkWriter, b *block) error {
	for _, r := range b.rows {
		s := *(*string)(c.in(r))
		if s != "" {
			b.texts = append(b.texts, bytesOf(s))
		}
		b.level(s != "", 1)
	}
	return writeTexts(w, b, nil)
}

func writeMaybe(c *leaf, w file.ColumnChunkWriter, b *block) error {
	for _, r := range b.rows {
		v := *(**bool)(c.in(r))
		if v != nil {
			b.flags = append(b.flags, *v)
		}
		b.level(v != nil, 1)
	}
	_, err := w.(*file.BooleanColumnChunkWriter).WriteBatch(b.flags, b.levels, nil)
	return err
}

func writeFlag(c *leaf, w file.ColumnChunkWriter, b *block) error {
	for _, r := range b.rows {
		b.flags = append(b.flags, *(*bool)(c.in(r)))
	}
	_, err := w.(*file.BooleanColumnChunkWriter).WriteBatch(b.flags, nil, nil)
	return err
}

func writeTime(c *leaf, w file.ColumnChunkWriter, b *block) error {
	for _, r := range b.rows {
		b.times = append(b.times, *(*int64)(c.in(r)))
	}
	_, err := w.(*file.Int64ColumnChunkWriter).WriteBatch(b.times, nil, nil)
	return err
}

// item adds the levels of the i-th of a row's n items; of a row without items, once with n = 0.
func (b *block) item(i int) { b.again = append(b.again, int16(min(i, 1))) }

// writeResource writes one string of the resources: level 0 without resources, 1 for one that lacks it, 2 for one that has it.
func writeResource(c *leaf, w file.ColumnChunkWriter, b *block) error {
	for _, r := range b.rows {
		for i := range r.Resources {
			s := *(*string)(unsafe.Add(unsafe.Pointer(&r.Resources[i]), c.at))
			if s != "" {
				b.texts = append(b.texts, bytesOf(s))
			}
			b.level(s != "", 2)
			b.item(i)
		}
		if len(r.Resources) == 0 {
			b.level(false, 1)
			b.item(0)
		}
	}
	return writeTexts(w, b, b.again)
}

func writeKeys(c *leaf, w file.ColumnChunkWriter, b *block) error {
	return writeMap(c, w, b, func(name, _ string) string { return name })
}

func writeValues(c *leaf, w file.ColumnChunkWriter, b *block) error {
	return writeMap(c, w, b, func(_, value string) string { return value })
}

// writeMap writes the names or the values of a map, by name: level 0 for a null, 1 for an empty one, 2 for an entry.
func writeMap(c *leaf, w file.ColumnChunkWriter, b *block, of func(name, value string) string) error {
	for _, r := range b.rows {
		m := *(*map[string]string)(c.in(r))
		if len(m) == 0 {
			b.level(m != nil, 1)
			b.item(0)
			continue
		}
		for i, name := range slices.Sorted(maps.Keys(m)) {
			b.texts = append(b.texts, bytesOf(of(name, m[name])))
			b.level(true, 2)
			b.item(i)
		}
	}
	return writeTexts(w, b, b.again)
}
