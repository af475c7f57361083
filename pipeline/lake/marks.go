package lake

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strings"

	"github.com/zeebo/xxh3"

	"trailgauge/pipeline/store"
)

// Marks stand for a file of keys where a run asks whether the file holds any of its own: 17.5 bits a key instead of 256. A mark is the
// first bits of an ID, as many as make 65,536 marks a key possible, so that of 65,536 IDs the file does not hold one is taken to be there
// on average. Which ones those are, FindKey says. An ID without its mark is not in the file, for certain.
//
// A file of marks is "trailgauge marks", big-endian the XXH3-64 of the rest (8) and the number of keys (8); then, for each key in order, the
// difference to the mark before it as a Rice code, from the lowest bit of each byte on: as many 0 as the difference has 65,536s, a 1, and its last
// 16 bits. Differences add up to 65,536 a key at most, so no choice of IDs makes the file larger than 18 bits a key.

const (
	marked      = "trailgauge marks"
	markBits    = 16
	marksHeader = 32 // bytes
)

// MarksKey names the marks of a file of keys.
func MarksKey(keys string) string { return strings.TrimSuffix(keys, ".keys") + ".marks" }

// markOf returns the mark of an ID in a file of n keys, n < 1<<48. It grows with the ID.
func markOf(id [16]byte, n uint64) uint64 {
	mark, _ := bits.Mul64(binary.BigEndian.Uint64(id[:]), n<<markBits)
	return mark
}

// EncodeMarks returns the marks of sorted keys as a file.
func EncodeMarks(keys Keys) []byte {
	n := uint64(keys.Len())
	out := make([]byte, marksHeader, marksHeader+keys.Len()*9/4+8)
	var word, last uint64
	var have uint // bits in word, fewer than 8 between codes
	put := func(v uint64, n uint) {
		word |= v << have
		for have += n; have >= 8; have -= 8 {
			out = append(out, byte(word))
			word >>= 8
		}
	}
	for i := range keys.Len() {
		mark := markOf([16]byte(keys[i*KeySize:]), n)
		d := mark - last
		last = mark
		zeros := d >> markBits
		for ; zeros >= 32; zeros -= 32 {
			put(0, 32)
		}
		put(1<<zeros|d&(1<<markBits-1)<<(zeros+1), uint(zeros)+1+markBits)
	}
	if have > 0 {
		out = append(out, byte(word))
	}
	copy(out, marked)
	binary.BigEndian.PutUint64(out[24:], n)
	binary.BigEndian.PutUint64(out[16:], xxh3.Hash(out[24:]))
	return out
}

// Marks reads a file of marks from its beginning to its end, a piece at a time.
type Marks struct {
	store store.Store
	key   string
	piece int64 // bytes read at once
	off   int64 // of the next piece
	whole bool  // nothing comes after buf
	hash  *xxh3.Hasher
	sum   uint64

	n, left uint64 // keys; marks not read yet
	mark    uint64 // the last one read
	buf     []byte // bytes not in word yet
	word    uint64 // bits not read yet, from the lowest on
	have    uint   // how many they are
}

// OpenMarks begins to read a file of marks, piece bytes at a time.
func OpenMarks(ctx context.Context, s store.Store, key string, piece int64) (*Marks, error) {
	m := &Marks{store: s, key: key, piece: max(piece, marksHeader), hash: xxh3.New()}
	head, err := m.get(ctx)
	if err != nil {
		return nil, err
	}
	if len(head) < marksHeader || string(head[:16]) != marked {
		return nil, m.foreign("it is truncated or no file of marks")
	}
	m.sum, m.n = binary.BigEndian.Uint64(head[16:]), binary.BigEndian.Uint64(head[24:])
	m.left = m.n
	m.hash.Write(head[24:marksHeader])
	m.take(head[marksHeader:])
	return m, nil
}

func (m *Marks) foreign(what string) error {
	return fmt.Errorf("reading %s: %s: %w", m.store.URL(m.key), what, ErrForeign)
}

func (m *Marks) get(ctx context.Context) ([]byte, error) {
	body, err := m.store.GetRange(ctx, m.key, m.off, m.piece)
	m.off += int64(len(body))
	m.whole = int64(len(body)) < m.piece
	return body, err
}

func (m *Marks) take(body []byte) {
	m.hash.Write(body)
	m.buf = append(m.buf, body...)
}

// Len is the number of keys of the file.
func (m *Marks) Len() int64 { return int64(m.n) }

// Has tells whether the file may hold a key with this ID. It reads up to there: IDs must be asked for in ascending order.
func (m *Marks) Has(ctx context.Context, id [16]byte) (bool, error) {
	want := markOf(id, m.n)
	err := m.upTo(ctx, want)
	return err == nil && m.left < m.n && m.mark == want, err
}

// Close reads the rest, and checks that the file is what was written.
func (m *Marks) Close(ctx context.Context) error {
	if err := m.upTo(ctx, math.MaxUint64); err != nil {
		return err
	}
	for !m.whole {
		body, err := m.get(ctx)
		if err != nil {
			return err
		}
		m.take(body)
	}
	if m.hash.Sum64() != m.sum {
		return m.foreign("it does not agree with its checksum")
	}
	return nil
}

// upTo reads marks until one is not below want.
func (m *Marks) upTo(ctx context.Context, want uint64) error {
	for m.left > 0 && (m.mark < want || m.left == m.n) {
		if err := m.next(ctx); err != nil {
			return err
		}
	}
	return nil
}

// next reads one mark.
func (m *Marks) next(ctx context.Context) error {
	var d uint64
	for {
		if err := m.fill(ctx); err != nil {
			return err
		}
		zeros := uint(bits.TrailingZeros64(m.word))
		if zeros+1+markBits <= m.have {
			m.word >>= zeros + 1
			d += uint64(zeros)<<markBits | m.word&(1<<markBits-1)
			m.word >>= markBits
			m.have -= zeros + 1 + markBits
			break
		}
		skip := min(zeros, m.have) // a code may be longer than word
		if skip == 0 {
			return m.foreign("it ends before its last mark")
		}
		m.word >>= skip
		m.have -= skip
		d += uint64(skip) << markBits
	}
	m.mark += d
	m.left--
	return nil
}

// fill brings word to 56 bits or more, unless the file ends before.
func (m *Marks) fill(ctx context.Context) error {
	if len(m.buf) >= 8 {
		m.word |= binary.LittleEndian.Uint64(m.buf) << m.have
		m.buf = m.buf[(63-m.have)>>3:]
		m.have |= 56
		return nil
	}
	if !m.whole {
		body, err := m.get(ctx)
		if err != nil {
			return err
		}
		m.buf = append(make([]byte, 0, len(m.buf)+len(body)), m.buf...)
		m.take(body)
		return m.fill(ctx)
	}
	for len(m.buf) > 0 && m.have <= 56 {
		m.word |= uint64(m.buf[0]) << m.have
		m.buf, m.have = m.buf[1:], m.have+8
	}
	return nil
}

// FindKey looks for one ID in a file of n keys whose marks have it. IDs are hashes, so where it must be is known to a few times the square
// root of n: one request mostly, and never more than halving takes.
func FindKey(ctx context.Context, s store.Store, name string, n int64, id [16]byte) (Key, bool, error) {
	root := int64(1) << (bits.Len64(uint64(n)) / 2)
	first, _ := bits.Mul64(binary.BigEndian.Uint64(id[:]), uint64(n))
	at, lo, hi := int64(first), int64(0), n
	for {
		from, to := max(lo, at-2*root-4), min(hi, at+2*root+4)
		body, err := s.GetRange(ctx, name, from*KeySize, (to-from)*KeySize)
		if err != nil {
			return Key{}, false, err
		}
		keys := Keys(body)
		if int64(len(keys)) != (to-from)*KeySize {
			return Key{}, false, fmt.Errorf("reading %s: it is truncated: %w", s.URL(name), ErrForeign)
		}
		i := keys.search(id)
		switch {
		case i == 0 && from > lo:
			hi = from + 1 // one key stays, to tell that nothing lies between
		case i == keys.Len() && to < hi:
			lo = to - 1
		default:
			return keys.confirm(s.URL(name), i, id, uint64(n))
		}
		at = (lo + hi) / 2
	}
}

// confirm returns the key at i, where id is or would be. That nothing near it has its mark cannot be.
func (k Keys) confirm(url string, i int, id [16]byte, n uint64) (Key, bool, error) {
	near := false
	for j := max(i-1, 0); j < min(i+1, k.Len()); j++ {
		if key := k.At(j); key.ID == id {
			return key, true, nil
		} else if markOf(key.ID, n) == markOf(id, n) {
			near = true
		}
	}
	if !near {
		return Key{}, false, fmt.Errorf("reading %s: it has not the keys that its marks say: %w", url, ErrForeign)
	}
	return Key{}, false, nil
}
