package lake

import (
	"container/heap"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"trailgauge/pipeline/trail"
)

// Compaction merges files of the events table that are sorted into fewer ones that are sorted too, and written as a run writes them. Rows go through
// as columns hold them, value by value. It works on local files: a merge reads all columns of
// all files at once, here and there, which a bucket would charge for by the request.

// Compacted is a local file that compaction made.
type Compacted struct {
	Path  string
	Rows  int64
	Bytes int64
}

// openBytes is how much decoded data the files of one merge may hold in memory together; with more, groups of them are merged first. A
// variable for tests.
var openBytes int64 = 160 << 20

const (
	// mostOpen bounds what a file holds in memory while it is merged, whatever its size: a page and a dictionary a column.
	mostOpen = 32 << 20
	maxOpen  = 128 // files open at a time
	// groupBytes bounds a row group before compression, as rowGroupRows does for usual rows: a record can have 256 kB.
	groupBytes = 128 << 20
)

// CompactEvents merges local events files into files below dir, each of about target bytes: it ends with the row group that reaches it. Equal
// rows keep the order of the inputs, so the bytes follow from the inputs and target. An input that is unsorted or no events file
// of this format is named in the error, which is ErrForeign. Memory is bounded whatever the sizes: about 350 MB at most.
func CompactEvents(inputs []string, dir string, target int64) (out []Compacted, err error) {
	for pass := 0; ; pass++ {
		groups, err := groupInputs(inputs)
		if err != nil {
			return nil, err
		}
		if len(groups) == 1 {
			return mergeEvents(inputs, filepath.Join(dir, "out"), target)
		}
		var next []string
		for g, group := range groups {
			one, err := mergeEvents(group, filepath.Join(dir, fmt.Sprintf("pass%d-%d", pass, g)), 1<<62)
			if err != nil {
				return nil, err
			}
			if pass > 0 { // what the caller gave stays
				for _, name := range group {
					_ = os.Remove(name)
				}
			}
			next = append(next, one[0].Path)
		}
		inputs = next
	}
}

// groupInputs divides files, in order, into groups that can be open at once.
func groupInputs(inputs []string) (groups [][]string, err error) {
	var held int64
	for i, name := range inputs {
		weight, err := openWeight(name)
		if err != nil {
			return nil, err
		}
		last := len(groups) - 1
		// A group has at least two files, else merging would come to no end.
		if i == 0 || len(groups[last]) >= 2 && (held+weight > openBytes || len(groups[last]) >= maxOpen) {
			groups, held, last = append(groups, nil), 0, last+1
		}
		groups[last] = append(groups[last], name)
		held += weight
	}
	return groups, nil
}

func openWeight(name string) (int64, error) {
	f, err := openEvents(name)
	if err != nil {
		return 0, err
	}
	defer f.file.Close()
	var most int64
	for _, g := range f.parquet.Metadata().RowGroups {
		most = max(most, g.TotalByteSize)
	}
	return min(most+64<<10, mostOpen), nil
}

// eventsFile is an open file of the events table.
type eventsFile struct {
	file    *os.File
	parquet *parquet.File
}

func openEvents(name string) (f *eventsFile, err error) {
	defer asForeign(name, &err)
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() {
		if f == nil {
			file.Close()
		}
	}()
	stat, err := file.Stat()
	if err != nil {
		return nil, err
	}
	p, err := parquet.OpenFile(file, stat.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true), parquet.ReadBufferSize(64<<10))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrForeign)
	}
	if err := ours(p, true); err != nil {
		return nil, err
	}
	return &eventsFile{file, p}, nil
}

// ours refuses what trailgauge did not write, or what is no events file where one is wanted.
func ours(p *parquet.File, events bool) error {
	if v, _ := p.Lookup(FormatKey); v != Format {
		return fmt.Errorf("not a trailgauge file of format %s: %w", Format, ErrForeign)
	}
	if events && !parquet.EqualNodes(p.Schema(), eventsSchema) {
		return fmt.Errorf("its columns are not those of the events table: %w", ErrForeign)
	}
	return nil
}

// asForeign gives an error the name of its file, and makes one of a panic, which parquet-go's reader answers some damage with.
func asForeign(name string, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("decoding parquet: %v: %w", r, ErrForeign)
	}
	if *err != nil {
		*err = &InputError{name, *err}
	}
}

// InputError says which input of CompactEvents or Identities is at fault.
type InputError struct {
	Path string // as given
	Err  error
}

func (e *InputError) Error() string { return fmt.Sprintf("reading %s: %v", e.Path, e.Err) }

func (e *InputError) Unwrap() error { return e.Err }

var eventsSchema = parquet.SchemaOf(trail.Record{})

// sortColumns are the columns that the events table is sorted by, and where each stands in a sortKey.
var sortColumns = func() map[int]int {
	at := map[int]int{}
	for k, name := range []string{"account", "region", "eventsource", "eventname", "principal", "eventts", "eventid"} {
		leaf, ok := eventsSchema.Lookup(name)
		if !ok {
			panic("lake: internal error: no column " + name)
		}
		at[leaf.ColumnIndex] = k
	}
	return at
}()

// mergeEvents merges files that can all be open at once.
func mergeEvents(inputs []string, prefix string, target int64) (out []Compacted, err error) {
	var h cursors
	defer func() {
		for _, c := range h.all {
			c.close()
		}
	}()
	for i, name := range inputs {
		f, err := openEvents(name)
		if err != nil {
			return nil, err
		}
		c := &cursor{name: name, place: i, from: f, groups: f.parquet.RowGroups()}
		h.all = append(h.all, c)
		more, err := c.next()
		if err != nil {
			return nil, err
		}
		if more {
			h.heads = append(h.heads, c)
		}
	}
	heap.Init(&h)
	w := &rolling{prefix: prefix, target: target}
	defer w.abandon()
	var last *sortKey
	for len(h.heads) > 0 {
		c := h.heads[0]
		if last != nil && c.key.compare(last) < 0 {
			return nil, &InputError{c.name, fmt.Errorf("its rows are not sorted: %w", ErrForeign)}
		}
		key := c.key
		last = &key
		if err := w.add(c.row()); err != nil {
			return nil, err
		}
		more, err := c.next()
		if err != nil {
			return nil, err
		}
		if more {
			heap.Fix(&h, 0)
		} else {
			heap.Pop(&h)
		}
	}
	return w.done, w.finish(true)
}

// rolling writes rows to one file after the other.
type rolling struct {
	prefix string
	target int64
	done   []Compacted

	file  *os.File
	group Rows // the row group that is being gathered
	rows  int64
	bytes int64 // values of the row group
}

// rowsAtOnce is how many rows are taken from a reader at a time.
const rowsAtOnce = 64

func (w *rolling) add(row parquet.Row) error {
	if w.file == nil {
		if err := w.open(); err != nil {
			return err
		}
	}
	w.group.appendValues(row)
	for _, v := range row {
		if v.Kind() == parquet.ByteArray && !v.IsNull() {
			w.bytes += int64(len(v.ByteArray()))
		} else {
			w.bytes += 8
		}
	}
	w.rows++
	if w.group.Len() < rowGroupRows && w.bytes < min(groupBytes, w.target) {
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	if w.group.encoder.at() >= w.target {
		return w.finish(false)
	}
	return nil
}

// flush writes the row group.
func (w *rolling) flush() error {
	order := make([]int32, w.group.Len())
	for i := range order {
		order[i] = int32(i)
	}
	if len(order) > 0 {
		if err := w.group.group(order); err != nil {
			return err
		}
	}
	w.group.Clear()
	w.bytes = 0
	return w.group.encoder.handOn(w.file)
}

func (w *rolling) open() (err error) {
	name := fmt.Sprintf("%s-%04d.parquet", w.prefix, len(w.done))
	if w.file, err = os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	w.rows, w.bytes = 0, 0
	return w.group.begin()
}

// finish ends the file; the last one of no rows at all is written too, so that there is one.
func (w *rolling) finish(last bool) error {
	if w.file == nil && last && len(w.done) == 0 {
		if err := w.open(); err != nil {
			return err
		}
	}
	if w.file == nil {
		return nil
	}
	err := w.flush()
	if err == nil {
		err = w.group.encoder.finish()
	}
	if err == nil {
		err = w.group.encoder.handOn(w.file)
	}
	err = errors.Join(err, w.file.Close())
	w.done = append(w.done, Compacted{w.file.Name(), w.rows, w.group.encoder.at()})
	w.file = nil
	return err
}

// abandon closes what an error left open.
func (w *rolling) abandon() {
	if w.file != nil {
		w.file.Close()
	}
}
