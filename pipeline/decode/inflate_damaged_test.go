package decode

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"io"
	"testing"

	library "github.com/klauspost/compress/gzip"
	"pgregory.net/rapid"
)

// someContent draws what compresses in different ways: nothing, runs, repeats near and far, digits, any bytes.
func someContent(t *rapid.T) []byte {
	var out []byte
	for range rapid.IntRange(0, 12).Draw(t, "pieces") {
		n := rapid.SampledFrom([]int{1, 3, 7, 200, 258, 259, 3000, 40_000}).Draw(t, "length")
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			out = append(out, bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, n)...)
		case 1:
			from := rapid.IntRange(0, len(out)).Draw(t, "from")
			out = append(out, out[from:min(len(out), from+n)]...)
		default:
			alphabet := rapid.SampledFrom([]int{2, 10, 16, 64, 256}).Draw(t, "alphabet")
			x := rapid.Uint64Range(1, 1<<60).Draw(t, "seed")
			for range n { // xorshift: cheaper than a draw for each byte
				x ^= x << 13
				x ^= x >> 7
				x ^= x << 17
				out = append(out, byte(x%uint64(alphabet)))
			}
		}
	}
	return out
}

// byLibrary is Inflate by the library alone. (The standard library differs: it takes headers with flags that the format reserves.)
func byLibrary(body []byte) ([]byte, bool) {
	src := bytes.NewReader(body)
	z, err := library.NewReader(src)
	if err != nil {
		return nil, false
	}
	z.Multistream(false)
	out, err := io.ReadAll(z)
	return out, err == nil && src.Len() == 0
}

// What compressors write comes out as it went in, for blocks of every kind.
func TestInflateBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := someContent(t)
		level := rapid.SampledFrom([]int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, flate.DefaultCompression, flate.BestCompression}).Draw(t, "level")
		var packed bytes.Buffer
		w, _ := gzip.NewWriterLevel(&packed, level)
		writePieces(t, w, want)
		out, err := Inflate(nil, packed.Bytes(), MaxObject)
		if err != nil || !bytes.Equal(out, want) {
			t.Fatalf("%d bytes at level %d: read %d, %v", len(want), level, len(out), err)
		}
	})
}

// Whatever is done to an object, it is taken as the library takes it.
func TestInflateDamaged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var packed bytes.Buffer
		w, _ := gzip.NewWriterLevel(&packed, rapid.IntRange(0, 9).Draw(t, "level"))
		w.Name = rapid.SampledFrom([]string{"", "name"}).Draw(t, "name")
		w.Write(someContent(t))
		w.Close()
		body := packed.Bytes()
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			body[rapid.IntRange(2, len(body)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		body = body[:rapid.SampledFrom([]int{len(body), len(body) - 1, len(body) - 8, len(body) / 2}).Draw(t, "kept")]
		same(t, body)
	})
}

func same(t interface{ Fatalf(string, ...any) }, body []byte) {
	want, ok := byLibrary(body)
	got, err := Inflate([]byte("before"), body, MaxObject)
	if ok != (err == nil) {
		t.Fatalf("%x: the library takes it: %t; Inflate: %v", body, ok, err)
	}
	if ok && string(got) != "before"+string(want) {
		t.Fatalf("%x: %d bytes, want %d", body, len(got), len(want))
	}
}

func FuzzInflate(f *testing.F) {
	for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
		var packed bytes.Buffer
		w, _ := gzip.NewWriterLevel(&packed, level)
		w.Write([]byte(`{"Records":[{"eventTime":"2026-03-11T08:00:00Z"},{"eventTime":"2026-03-11T08:00:01Z"}]}`))
		w.Close()
		f.Add(packed.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= 2 && data[0] == 0x1f && data[1] == 0x8b {
			same(t, data)
		}
	})
}
