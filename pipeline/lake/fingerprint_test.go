package lake

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"trailgauge/pipeline/store"
)

// keysOf makes sorted keys: most of them spread as hashes are, others crowded in one place, as somebody might choose their IDs.
func keysOf(t *rapid.T, label string) []Key {
	id := rapid.Custom(func(t *rapid.T) (id [16]byte) {
		binary.BigEndian.PutUint64(id[:], rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(1<<40, 1<<40+9), rapid.Uint64Range(1<<63, 1<<63+1<<50)).Draw(t, "high")*
			rapid.SampledFrom([]uint64{1, 0x9e3779b97f4a7c15}).Draw(t, "spread"))
		id[15] = byte(rapid.IntRange(0, 3).Draw(t, "low"))
		return id
	})
	var keys []Key
	for _, i := range rapid.SliceOfN(id, 0, 300).Draw(t, label) {
		keys = append(keys, Key{ID: i, Sum: uint64(i[3])})
	}
	slices.SortFunc(keys, Key.Compare)
	return slices.CompactFunc(keys, func(a, b Key) bool { return a.ID == b.ID })
}

func put(t testing.TB, s store.Store, key string, body []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, body); err != nil {
		t.Fatal(err)
	}
}

// Whatever the IDs and the pieces are, a key of the file is found by its fingerprint, and one that is not is told apart by the file.
func TestFingerprints(t *testing.T) {
	s, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		keys, others := keysOf(r, "keys"), keysOf(r, "others")
		file := Keys(appendKeys(nil, keys))
		body := EncodeFingerprints(file)
		if most := fingerprintHeader + len(keys)*18/8 + 3; len(body) > most {
			r.Fatalf("%d keys take %d bytes, more than %d", len(keys), len(body), most)
		}
		put(t, s, "k.keys", file.File())
		put(t, s, FingerprintsKey("k.keys"), body)
		m, err := OpenFingerprints(t.Context(), s, "k.marks", int64(rapid.IntRange(1, 200).Draw(r, "piece")))
		if err != nil || m.Len() != int64(len(keys)) {
			r.Fatalf("%d keys: %v", m.Len(), err)
		}
		asked := append(slices.Clone(keys), others...)
		slices.SortFunc(asked, Key.Compare)
		for _, k := range asked {
			want, there := file.Find(k.ID)
			has, err := m.Has(t.Context(), k.ID)
			if err != nil || there && !has {
				r.Fatalf("%x: fingerprinted %v, there %v: %v", k.ID, has, there, err)
			}
			if !has {
				continue
			}
			if got, ok, err := FindKey(t.Context(), s, "k.keys", m.Len(), k.ID); err != nil || ok != there || got != want {
				r.Fatalf("%x: found %v %v, want %v %v: %v", k.ID, got, ok, want, there, err)
			}
		}
		if err := m.Close(t.Context()); err != nil {
			r.Fatal(err)
		}
	})
}

// A file that was cut, changed or is another's is named, at the latest when it is closed.
func TestDamagedFingerprints(t *testing.T) {
	s, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var keys []Key
	for i := range 500 {
		var k Key
		binary.BigEndian.PutUint64(k.ID[:], uint64(i)*0x9e3779b97f4a7c15)
		keys = append(keys, k)
	}
	slices.SortFunc(keys, Key.Compare)
	whole := EncodeFingerprints(Keys(appendKeys(nil, keys)))
	read := func(body []byte) error {
		put(t, s, "k.marks", body)
		m, err := OpenFingerprints(t.Context(), s, "k.marks", 64)
		if err != nil {
			return err
		}
		return m.Close(t.Context())
	}
	if err := read(whole); err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 1
		for _, body := range [][]byte{bad, whole[:i]} {
			if err := read(body); !errors.Is(err, ErrForeign) {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
	if err := read(append(whole, 0)); !errors.Is(err, ErrForeign) {
		t.Errorf("a byte too many: %v", err)
	}
	// Keys that are not those of the fingerprints.
	put(t, s, "k.keys", EncodeKeys(keys[:250]))
	if _, _, err := FindKey(t.Context(), s, "k.keys", 500, keys[400].ID); !errors.Is(err, ErrForeign) {
		t.Errorf("half the keys: %v", err)
	}
	if _, _, err := FindKey(t.Context(), s, "k.keys", 250, keys[400].ID); !errors.Is(err, ErrForeign) {
		t.Errorf("other keys: %v", err)
	}
}

func BenchmarkFingerprints(b *testing.B) {
	s, err := store.Folder(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	keys := make([]Key, 1<<20)
	for i := range keys {
		binary.BigEndian.PutUint64(keys[i].ID[:], uint64(i)*0x9e3779b97f4a7c15)
	}
	slices.SortFunc(keys, Key.Compare)
	body := EncodeFingerprints(Keys(appendKeys(nil, keys)))
	put(b, s, "k.marks", body)
	b.ReportMetric(float64(len(body)*8)/float64(len(keys)), "bits/key")
	for b.Loop() {
		m, err := OpenFingerprints(b.Context(), s, "k.marks", 1<<20)
		if err != nil {
			b.Fatal(err)
		}
		if err := m.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(keys)), "ns/key")
}
