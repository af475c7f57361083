package lake

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// sortKey is a row's place in the events table. The bytes belong to the page they were read from, which lives as long as they do.
type sortKey struct {
	text [7][]byte // by sortColumns; the time's is empty
	time int64
}

// timeColumn is where sortColumns has eventts.
const timeColumn = 5

func (k *sortKey) compare(o *sortKey) int {
	for i := range k.text {
		if i == timeColumn {
			if c := cmp.Compare(k.time, o.time); c != 0 {
				return c
			}
		} else if c := bytes.Compare(k.text[i], o.text[i]); c != 0 {
			return c
		}
	}
	return 0
}

// cursor reads one file row by row.
type cursor struct {
	name   string
	place  int // among the inputs
	from   *eventsFile
	groups []parquet.RowGroup // not begun yet
	rows   parquet.Rows       // of the row group being read; nil between two
	batch  [rowsAtOnce]parquet.Row
	at, n  int // the current row, and how many there are in batch
	key    sortKey
}

func (c *cursor) row() parquet.Row { return c.batch[c.at] }

// next goes to the next row; false at the end.
func (c *cursor) next() (more bool, err error) {
	defer asForeign(c.name, &err)
	if c.at++; c.at >= c.n {
		if err := c.fill(); err != nil || c.n == 0 {
			return false, err
		}
	}
	c.key = sortKey{}
	for _, v := range c.row() {
		if k, ok := sortColumns[v.Column()]; !ok || v.IsNull() {
			continue
		} else if k == timeColumn {
			c.key.time = v.Int64()
		} else {
			c.key.text[k] = v.ByteArray()
		}
	}
	return true, nil
}

// fill reads the next rows; none at the end.
func (c *cursor) fill() error {
	c.at, c.n = 0, 0
	for {
		if c.rows == nil {
			if len(c.groups) == 0 {
				return nil
			}
			c.rows, c.groups = parquet.NewRowGroupRowReader(c.groups[0]), c.groups[1:]
		}
		n, err := c.rows.ReadRows(c.batch[:])
		c.n = n
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: %w", err, ErrForeign)
		}
		if err != nil && n == 0 {
			if err := c.rows.Close(); err != nil {
				return err
			}
			c.rows = nil
			continue
		}
		if n > 0 {
			return nil
		}
	}
}

func (c *cursor) close() {
	if c.rows != nil {
		_ = c.rows.Close()
	}
	c.from.file.Close()
}

// cursors is the heap of files by their current rows; equal rows come in the order of the inputs.
type cursors struct {
	all   []*cursor // also those at their end
	heads []*cursor
}

func (h *cursors) Len() int { return len(h.heads) }

func (h *cursors) Less(i, j int) bool {
	a, b := h.heads[i], h.heads[j]
	if c := a.key.compare(&b.key); c != 0 {
		return c < 0
	}
	return a.place < b.place
}

func (h *cursors) Swap(i, j int) { h.heads[i], h.heads[j] = h.heads[j], h.heads[i] }
func (h *cursors) Push(x any)    { h.heads = append(h.heads, x.(*cursor)) }

func (h *cursors) Pop() any {
	last := len(h.heads) - 1
	c := h.heads[last]
	h.heads = h.heads[:last]
	return c
}
