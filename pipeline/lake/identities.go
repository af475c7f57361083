package lake

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/zeebo/xxh3"

	"trailgauge/pipeline/store"
)

// Identity is what a set of events comes to, in any order and any division into files: how many there are, and the sum of the hashes
// of what tells them apart. Rows that are lost, repeated or exchanged change it.
type Identity struct {
	Rows int64
	Sum  [2]uint64
}

// Plus adds two sets up.
func (i Identity) Plus(o Identity) Identity {
	return Identity{i.Rows + o.Rows, [2]uint64{i.Sum[0] + o.Sum[0], i.Sum[1] + o.Sum[1]}}
}

var identityColumns = []string{"account", "region", "eventsource", "eventname", "principal", "eventid", "sourcekey", "requestid", "extra", "eventts"}

// Identities reads a local events file with the reader that compaction does not use.
func Identities(name string) (sum Identity, err error) {
	defer asForeign(name, &err)
	file, err := os.Open(name)
	if err != nil {
		return sum, err
	}
	defer file.Close()
	var buf []byte
	err = readColumnsAt(file, identityColumns, everything, func(b *batch) error {
		last := len(identityColumns) - 1
		var text []func(int) string
		for c := range last {
			text = append(text, b.text(c))
		}
		ts := b.milli(last)
		for i := range b.rows {
			buf = binary.BigEndian.AppendUint64(buf[:0], uint64(ts(i)))
			for _, t := range text {
				s := t(i)
				buf = binary.AppendUvarint(buf, uint64(len(s)))
				buf = append(buf, s...)
			}
			h := xxh3.Hash128(buf)
			sum = sum.Plus(Identity{1, [2]uint64{h.Hi, h.Lo}})
		}
		return nil
	})
	if err != nil {
		return sum, fmt.Errorf("%w: %w", err, ErrForeign)
	}
	return sum, nil
}

// CheckFile reads the footer of a file of the lake alone: ErrForeign when the file is shorter or longer than its manifest says, has other rows, or
// is not what trailgauge writes.
func CheckFile(ctx context.Context, s store.Store, t Table, f File) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("decoding parquet: %v: %w", r, ErrForeign)
		}
		if errors.Is(err, ErrForeign) {
			err = fmt.Errorf("reading %s: %w", s.URL(f.Key), err)
		}
	}()
	from := max(0, f.Bytes-tailBytes)
	tail, err := s.GetRange(ctx, f.Key, from, f.Bytes-from+1)
	if err != nil {
		return err
	}
	if int64(len(tail)) != f.Bytes-from {
		return fmt.Errorf("it does not end where its manifest says, after %d bytes: %w", f.Bytes, ErrForeign)
	}
	p, err := parquet.OpenFile(&ranges{ctx: ctx, from: s, key: f.Key, off: from, tail: tail}, f.Bytes,
		parquet.SkipMagicBytes(true), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return fmt.Errorf("%w: %w", err, ErrForeign)
	}
	if p.NumRows() != f.Rows {
		return fmt.Errorf("it has %d rows, its manifest says %d: %w", p.NumRows(), f.Rows, ErrForeign)
	}
	return ours(p, t == Events)
}

// tailBytes is how much of a file's end is asked for first: most footers are in it.
const tailBytes = 64 << 10
