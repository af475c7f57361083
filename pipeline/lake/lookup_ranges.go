package lake

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"

	"trailgauge/pipeline/store"
)

// wholeBytes is up to which size a file is fetched in one request. Of a larger one the footer and the columns asked for are, row group by
// row group, so that memory does not follow from its size. A variable for tests.
var wholeBytes int64 = 4 << 20

// read decodes columns of a file of the lake and calls fn for each run of rows. An error of fn or of the store is returned as it is; any other
// is ErrForeign and names the file.
func (f File) read(ctx context.Context, s store.Store, columns []string, fn func(*batch) error) error {
	return f.open(ctx, s, func(o *opened) error { return o.read(columns, everything, fn) })
}

// opened is a file whose end has been fetched.
type opened struct {
	from parquet.ReaderAtSeeker
	ours error // what a caller's function returned
}

// open fetches the end of a file, or all of a small one, and calls fn, which may read it more than once. Errors are those of read.
func (f File) open(ctx context.Context, s store.Store, fn func(*opened) error) error {
	r := &ranges{ctx: ctx, from: s, key: f.Key, off: max(0, f.Bytes-tailBytes)}
	if f.Bytes <= wholeBytes {
		r.off = 0
	}
	o := &opened{from: io.NewSectionReader(r, 0, f.Bytes)}
	err := error(io.ErrUnexpectedEOF)
	if r.tail, r.err = s.GetRange(ctx, f.Key, r.off, f.Bytes-r.off+1); r.err == nil && int64(len(r.tail)) == f.Bytes-r.off {
		err = fn(o)
	}
	switch {
	case o.ours != nil:
		return o.ours
	case r.err != nil:
		return r.err
	case err != nil:
		return fmt.Errorf("reading %s: %w: %w", s.URL(f.Key), err, ErrForeign)
	}
	return nil
}

// read decodes columns of the row groups that have any of some rows.
func (o *opened) read(columns []string, some rows, fn func(*batch) error) error {
	return readColumnsAt(o.from, columns, some, func(b *batch) error {
		o.ours = fn(b)
		return o.ours
	})
}

// ranges reads a file of a store, with its end in memory.
type ranges struct {
	ctx  context.Context
	from store.Store
	key  string
	off  int64 // where tail begins
	tail []byte
	err  error // the store's, as it was: readers wrap errors in their own
}

func (r *ranges) ReadAt(b []byte, off int64) (n int, err error) {
	if off >= r.off {
		n = copy(b, r.tail[min(off-r.off, int64(len(r.tail))):])
	} else {
		body, err := r.from.GetRange(r.ctx, r.key, off, int64(len(b)))
		if err != nil {
			r.err = err
			return 0, err
		}
		n = copy(b, body)
	}
	if n < len(b) {
		err = io.EOF
	}
	return n, err
}
