package lake

import (
	"bytes"
	"reflect"
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"trailgauge/pipeline/trail"
)

// shape says what a leaf column of the events table holds.
type shape uint8

const (
	optionalText shape = iota
	requiredTime
	requiredFlag
	optionalFlag
	resourceText // of the items of resources
	mapKey
	mapValue
)

func (s shape) repeated() bool { return s >= resourceText }

// most is the highest definition level: that of a value which is there.
func (s shape) most() byte {
	switch s {
	case requiredTime, requiredFlag:
		return 0
	case optionalText, optionalFlag:
		return 1
	}
	return 2
}

func (s shape) physical() format.Type {
	switch s {
	case requiredTime:
		return format.Int64
	case requiredFlag, optionalFlag:
		return format.Boolean
	}
	return format.ByteArray
}

// leaf is a leaf column and where a record has it.
type leaf struct {
	path  string
	at    uintptr // in the record; of a leaf of resources: in the resource
	shape shape
	dict  bool     // many rows have the same text
	bare  bool     // without smallest and largest values
	page  int      // bytes of a page, at most and before compression, of a column without a dictionary
	index int      // among all
	names []string // of path
}

type table struct {
	schema []format.SchemaElement
	leaves []leaf
	sorted []format.SortingColumn
	orders []format.ColumnOrder
	named  []textAt // those of shape optionalText with a dictionary, but for those of parts
	parts  [trail.Parts][]textAt
	texts  []textAt // those without
	others []*leaf
	byPath map[string]int
	time   int // index of eventts
}

// textAt is an optional text of a record, and its column.
type textAt struct {
	at    uintptr
	index int
}

// sortedBy are the columns that the rows of the events table are sorted by; nulls come first.
var sortedBy = []string{"account", "region", "eventsource", "eventname", "principal", "eventts", "eventid"}

// unsearched are columns whose smallest and largest values rule nothing out: texts that nobody compares, and random ones.
var unsearched = []string{
	"requestparameters", "responseelements", "additionaleventdata", "serviceeventdetails", "edgedevicedetails", "extra", "requestid",
}

// random are columns of random digits, in which nothing repeats but what stands between them: the larger a page, the longer zstd looks.
var random = []string{"eventid", "requestid", "sharedeventid"}

// eventsTable is the schema of the events table and its columns, in order. The schema is what parquet-go makes of trail.Record, so
// that its own files and ours agree in it.
var eventsTable = sync.OnceValue(func() *table {
	t := &table{leaves: leaves(reflect.TypeFor[trail.Record](), 0, "", optionalText), byPath: map[string]int{}}
	meta, err := emptyFile()
	if err != nil {
		panic("internal error: the schema of the events table: " + err.Error())
	}
	t.schema, t.orders = meta.Schema, meta.ColumnOrders
	for i := range t.leaves {
		c := &t.leaves[i]
		c.index, c.names, c.page, t.byPath[c.path] = i, strings.Split(c.path, "."), maxPage, i
		switch {
		case c.shape != optionalText:
			t.others = append(t.others, c)
		case c.dict:
			list := &t.named
			if p, ok := trail.PartOf(c.names[0]); ok {
				list = &t.parts[p]
			}
			*list = append(*list, textAt{c.at, i})
		default:
			t.texts = append(t.texts, textAt{c.at, i})
		}
	}
	t.time = t.byPath["eventts"]
	for _, path := range unsearched {
		t.leaves[t.byPath[path]].bare = true
	}
	for _, path := range random {
		t.leaves[t.byPath[path]].page = randomPage
	}
	for _, path := range sortedBy {
		t.sorted = append(t.sorted, format.SortingColumn{ColumnIdx: int32(t.byPath[path]), NullsFirst: true})
	}
	return t
})

// emptyFile returns the footer of a file of events without rows, as parquet-go writes it.
func emptyFile() (*format.FileMetaData, error) {
	var empty bytes.Buffer
	if err := parquet.NewGenericWriter[trail.Record](&empty, writerOptions()...).Close(); err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(bytes.NewReader(empty.Bytes()), int64(empty.Len()))
	if err != nil {
		return nil, err
	}
	return f.Metadata(), nil
}

// leaves lists the leaf columns of a struct; text is the shape of its strings.
func leaves(t reflect.Type, at uintptr, prefix string, text shape) (list []leaf) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		c := leaf{path: prefix + name, at: at + f.Offset, shape: text, dict: strings.Contains(options, "dict")}
		switch {
		case f.Type.Kind() == reflect.Struct:
			list = append(list, leaves(f.Type, c.at, c.path+".", text)...)
			continue
		case f.Type == reflect.TypeFor[[]trail.Resource]():
			list = append(list, leaves(f.Type.Elem(), 0, c.path+".list.element.", resourceText)...)
			continue
		case f.Type.Kind() == reflect.Map:
			key, value := c, c
			key.path, key.shape = c.path+".key_value.key", mapKey
			value.path, value.shape = c.path+".key_value.value", mapValue
			list = append(list, key, value)
			continue
		case f.Type == reflect.TypeFor[*bool]():
			c.shape = optionalFlag
		case f.Type.Kind() == reflect.Bool:
			c.shape = requiredFlag
		case f.Type.Kind() == reflect.Int64:
			c.shape = requiredTime
		}
		list = append(list, c)
	}
	return list
}
