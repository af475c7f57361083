package lake

import (
	"context"
	"fmt"
	"io"

	"trailgauge/pipeline/store"
)

// wholeBytes is up to which size a file is fetched in one request. Of a larger one the footer and the columns asked for are, row group by
// row group, so that memory does not follow from its size. A variable for tests.
var wholeBytes int64 = 4 << 20

// read decodes columns of a file of the lake and calls fn for each run of rows. An error of fn or of the store is returned as it is; any other
// is ErrForeign and names the file.
func (f File) read(ctx context.Context, s store.Store, columns []string, fn func(*batch) error) error {
	r := &ranges{ctx: ctx, from: s, key: f.Key, off: max(0, f.Bytes-tailBytes)}
	if f.Bytes <= wholeBytes {
		r.off = 0
	}
	var ours error
	err := error(io.ErrUnexpectedEOF)
	if r.tail, r.err = s.GetRange(ctx, f.Key, r.off, f.Bytes-r.off+1); r.err == nil && int64(len(r.tail)) == f.Bytes-r.off {
		err = readColumnsAt(io.NewSectionReader(r, 0, f.Bytes), columns, func(b *batch) error {
			ours = fn(b)
			return ours
		})
	}
	switch {
	case ours != nil:
		return ours
	case r.err != nil:
		return r.err
	case err != nil:
		return fmt.Errorf("reading %s: %w: %w", s.URL(f.Key), err, ErrForeign)
	}
	return nil
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
