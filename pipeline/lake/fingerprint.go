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

// Fingerprints stand for a file of keys where a run asks whether the file holds any of its own: 17.5 bits a key instead of 256. A fingerprint
// is the first bits of an ID, as many as make 65,536 fingerprints a key possible, so that of 65,536 IDs the file does not hold one is taken to be
// there on average. Which ones those are, FindKey says. An ID without its fingerprint is not in the file, for certain.
//
// A file of fingerprints is "trailgauge marks" (they were called so once; what people say of insights is elsewhere), big-endian the XXH3-64 of the rest (8) and
// the number of keys (8); then, for each key in order, the difference to the fingerprint before it as a Rice code, from the lowest bit of each byte on: as many 0
// as the difference has 65,536s, a 1, and its last 16 bits. Differences add up to 65,536 a key at most, so no choice of IDs makes the file larger than 18
// bits a key.

const (
	fingerprintFile   = "trailgauge marks"
	fingerprintBits   = 16
	fingerprintHeader = 32 // bytes
)

// FingerprintsKey names the fingerprints of a file of keys.
func FingerprintsKey(keys string) string { return strings.TrimSuffix(keys, ".keys") + ".marks" }

// fingerprintOf returns the fingerprint of an ID in a file of n keys, n < 1<<48. It grows with the ID.
func fingerprintOf(id [16]byte, n uint64) uint64 {
	first, _ := bits.Mul64(binary.BigEndian.Uint64(id[:]), n<<fingerprintBits)
	return first
}

// EncodeFingerprints returns the fingerprints of sorted keys as a file.
func EncodeFingerprints(keys Keys) []byte {
	n := uint64(keys.Len())
	out := make([]byte, fingerprintHeader, fingerprintHeader+keys.Len()*9/4+8)
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
		next := fingerprintOf([16]byte(keys[i*KeySize:]), n)
		d := next - last
		last = next
		zeros := d >> fingerprintBits
		for ; zeros >= 32; zeros -= 32 {
			put(0, 32)
		}
		put(1<<zeros|d&(1<<fingerprintBits-1)<<(zeros+1), uint(zeros)+1+fingerprintBits)
	}
	if have > 0 {
		out = append(out, byte(word))
	}
	copy(out, fingerprintFile)
	binary.BigEndian.PutUint64(out[24:], n)
	binary.BigEndian.PutUint64(out[16:], xxh3.Hash(out[24:]))
	return out
}

// Fingerprints reads a file of fingerprints from its beginning to its end, a piece at a time.
type Fingerprints struct {
	store store.Store
	key   string
	piece int64 // bytes read at once
	off   int64 // of the next piece
	whole bool  // nothing comes after buf
	hash  *xxh3.Hasher
	sum   uint64

	n, left uint64 // keys; fingerprints not read yet
	last    uint64 // the fingerprint that was read last
	buf     []byte // bytes not in word yet
	word    uint64 // bits not read yet, from the lowest on
	have    uint   // how many they are
}

// OpenFingerprints begins to read a file of fingerprints, piece bytes at a time.
func OpenFingerprints(ctx context.Context, s store.Store, key string, piece int64) (*Fingerprints, error) {
	f := &Fingerprints{store: s, key: key, piece: max(piece, fingerprintHeader), hash: xxh3.New()}
	head, err := f.get(ctx)
	if err != nil {
		return nil, err
	}
	if len(head) < fingerprintHeader || string(head[:16]) != fingerprintFile {
		return nil, f.foreign("it is truncated or no file of fingerprints")
	}
	f.sum, f.n = binary.BigEndian.Uint64(head[16:]), binary.BigEndian.Uint64(head[24:])
	f.left = f.n
	f.hash.Write(head[24:fingerprintHeader])
	f.take(head[fingerprintHeader:])
	return f, nil
}

func (f *Fingerprints) foreign(what string) error {
	return fmt.Errorf("reading %s: %s: %w", f.store.URL(f.key), what, ErrForeign)
}

func (f *Fingerprints) get(ctx context.Context) ([]byte, error) {
	body, err := f.store.GetRange(ctx, f.key, f.off, f.piece)
	f.off += int64(len(body))
	f.whole = int64(len(body)) < f.piece
	return body, err
}

func (f *Fingerprints) take(body []byte) {
	f.hash.Write(body)
	f.buf = append(f.buf, body...)
}

// Len is the number of keys of the file.
func (f *Fingerprints) Len() int64 { return int64(f.n) }

// Has tells whether the file may hold a key with this ID. It reads up to there: IDs must be asked for in ascending order.
func (f *Fingerprints) Has(ctx context.Context, id [16]byte) (bool, error) {
	want := fingerprintOf(id, f.n)
	err := f.upTo(ctx, want)
	return err == nil && f.left < f.n && f.last == want, err
}

// Close reads the rest, and checks that the file is what was written.
func (f *Fingerprints) Close(ctx context.Context) error {
	if err := f.upTo(ctx, math.MaxUint64); err != nil {
		return err
	}
	for !f.whole {
		body, err := f.get(ctx)
		if err != nil {
			return err
		}
		f.take(body)
	}
	if f.hash.Sum64() != f.sum {
		return f.foreign("it does not agree with its checksum")
	}
	return nil
}

// upTo reads fingerprints until one is not below want.
func (f *Fingerprints) upTo(ctx context.Context, want uint64) error {
	for f.left > 0 && (f.last < want || f.left == f.n) {
		if err := f.next(ctx); err != nil {
			return err
		}
	}
	return nil
}

// next reads one fingerprint.
func (f *Fingerprints) next(ctx context.Context) error {
	var d uint64
	for {
		if err := f.fill(ctx); err != nil {
			return err
		}
		zeros := uint(bits.TrailingZeros64(f.word))
		if zeros+1+fingerprintBits <= f.have {
			f.word >>= zeros + 1
			d += uint64(zeros)<<fingerprintBits | f.word&(1<<fingerprintBits-1)
			f.word >>= fingerprintBits
			f.have -= zeros + 1 + fingerprintBits
			break
		}
		skip := min(zeros, f.have) // a code may be longer than word
		if skip == 0 {
			return f.foreign("it ends before its last fingerprint")
		}
		f.word >>= skip
		f.have -= skip
		d += uint64(skip) << fingerprintBits
	}
	f.last += d
	f.left--
	return nil
}

// fill brings word to 56 bits or more, unless the file ends before.
func (f *Fingerprints) fill(ctx context.Context) error {
	if len(f.buf) >= 8 {
		f.word |= binary.LittleEndian.Uint64(f.buf) << f.have
		f.buf = f.buf[(63-f.have)>>3:]
		f.have |= 56
		return nil
	}
	if !f.whole {
		body, err := f.get(ctx)
		if err != nil {
			return err
		}
		f.buf = append(make([]byte, 0, len(f.buf)+len(body)), f.buf...)
		f.take(body)
		return f.fill(ctx)
	}
	for len(f.buf) > 0 && f.have <= 56 {
		f.word |= uint64(f.buf[0]) << f.have
		f.buf, f.have = f.buf[1:], f.have+8
	}
	return nil
}

// FindKey looks for one ID in a file of n keys whose fingerprints have it. IDs are hashes, so where it must be is known to a few times the square
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

// confirm returns the key at i, where id is or would be. That nothing near it has its fingerprint cannot be.
func (k Keys) confirm(url string, i int, id [16]byte, n uint64) (Key, bool, error) {
	near := false
	for j := max(i-1, 0); j < min(i+1, k.Len()); j++ {
		if key := k.At(j); key.ID == id {
			return key, true, nil
		} else if fingerprintOf(key.ID, n) == fingerprintOf(id, n) {
			near = true
		}
	}
	if !near {
		return Key{}, false, fmt.Errorf("reading %s: it has not the keys that its fingerprints say: %w", url, ErrForeign)
	}
	return Key{}, false, nil
}
