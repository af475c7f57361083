package lake

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"
)

// Key is what makes an event one event: (recipientAccountId, eventID), hashed to 128 bits, with where the survivor lies.
//
// A file of keys is a run of 32-byte entries, ascending by ID: ID (16 bytes), then big-endian Sum (8), Object (4) and Position (4); and a seal, for
// one that is cut would let events in twice. In a part's file Object counts the plan's objects; in a committed file it is kept as it was and means
// nothing to later runs.
type Key struct {
	ID       [16]byte
	Sum      uint64 // hash of the record's JSON: tells a repeat from a conflict
	Object   uint32
	Position uint32
}

// KeySize is the length of an entry in a file of keys, in bytes.
const KeySize = 32

// Compare orders keys by ID, then by object and position: of equal IDs the first survives.
func (k Key) Compare(o Key) int {
	if k.ID != o.ID {
		return CompareIDs(k.ID, o.ID)
	}
	return cmp.Or(cmp.Compare(k.Object, o.Object), cmp.Compare(k.Position, o.Position))
}

// CompareIDs orders identities as bytes.Compare does. They are hashes: the first eight bytes decide nearly always.
func CompareIDs(a, b [16]byte) int {
	if x, y := binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(b[:]); x != y {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(binary.BigEndian.Uint64(a[8:]), binary.BigEndian.Uint64(b[8:]))
}

// EncodeKeys returns sorted keys as a file.
func EncodeKeys(keys []Key) []byte { return AppendKeys(nil, keys) }

// AppendKeys adds sorted keys to dst as a file.
func AppendKeys(dst []byte, keys []Key) []byte {
	file := len(dst)
	dst = appendKeys(slices.Grow(dst, (len(keys)+1)*KeySize), keys)
	return appendSeal(dst, file, sealKeys, len(keys))
}

func appendKeys(dst []byte, keys []Key) []byte {
	for i := range keys {
		k := &keys[i]
		dst = append(dst, k.ID[:]...)
		dst = binary.BigEndian.AppendUint64(dst, k.Sum)
		dst = binary.BigEndian.AppendUint32(dst, k.Object)
		dst = binary.BigEndian.AppendUint32(dst, k.Position)
	}
	return dst
}

// Keys is the entries of a file of keys in memory.
type Keys []byte

// File returns the keys as a file, sealed.
func (k Keys) File() []byte { return appendSeal(k[:len(k):len(k)], 0, sealKeys, k.Len()) }

// DecodeKeys checks that body is a whole file of keys and returns its entries.
func DecodeKeys(body []byte) (Keys, error) {
	entries, n, err := unseal(body, sealKeys)
	if err == nil && n*KeySize != uint64(len(entries)) {
		err = fmt.Errorf("sealed for %d keys, and has %d bytes of them", n, len(entries))
	}
	if err != nil {
		return nil, fmt.Errorf("a file of keys is %w", err)
	}
	return entries, nil
}

// Len is the number of keys.
func (k Keys) Len() int { return len(k) / KeySize }

// At returns the i-th key.
func (k Keys) At(i int) Key {
	b := k[i*KeySize:]
	return Key{[16]byte(b[:16]), binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint32(b[24:]), binary.BigEndian.Uint32(b[28:])}
}

// ID returns the identity of the i-th key.
func (k Keys) ID(i int) [16]byte { return [16]byte(k[i*KeySize:]) }

// Find returns the key with the given ID.
func (k Keys) Find(id [16]byte) (Key, bool) {
	if i := k.search(id); i < k.Len() && k.ID(i) == id {
		return k.At(i), true
	}
	return Key{}, false
}

// search returns how many IDs are less than id.
func (k Keys) search(id [16]byte) int {
	return sort.Search(k.Len(), func(i int) bool { return bytes.Compare(k[i*KeySize:i*KeySize+16], id[:]) >= 0 })
}

// MergeKeys merges files of keys into one. An ID that is in several is kept once, as its first.
func MergeKeys(files ...Keys) Keys {
	switch half := len(files) / 2; len(files) {
	case 0:
		return nil
	case 1:
		return files[0]
	default:
		return mergeTwo(MergeKeys(files[:half]...), MergeKeys(files[half:]...))
	}
}

func mergeTwo(a, b Keys) Keys {
	out := make(Keys, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		c := a.At(0).Compare(b.At(0))
		if c > 0 {
			a, b = b, a
		}
		if bytes.Equal(a[:len(Key{}.ID)], b[:len(Key{}.ID)]) {
			b = b[KeySize:]
		}
		out, a = append(out, a[:KeySize]...), a[KeySize:]
	}
	return append(append(out, a...), b...)
}
