package decode

import (
	"bytes"
	"compress/flate"
	"io"
	"slices"
	"testing"

	libraryflate "github.com/klauspost/compress/flate"
	"pgregory.net/rapid"
)

// deflated is content as one of the two libraries compresses it, with flushes.
func deflated(t *rapid.T, content []byte) []byte {
	var packed bytes.Buffer
	var w flusher
	if level := rapid.IntRange(flate.HuffmanOnly, flate.BestCompression).Draw(t, "level"); rapid.Bool().Draw(t, "standard") {
		w, _ = flate.NewWriter(&packed, level)
	} else {
		w, _ = libraryflate.NewWriter(&packed, level)
	}
	writePieces(t, w, content)
	return packed.Bytes()
}

type flusher interface {
	io.WriteCloser
	Flush() error
}

// writePieces writes content to the end, piece by piece, with flushes.
func writePieces(t *rapid.T, w flusher, content []byte) {
	for rest := content; len(rest) > 0; {
		n := rapid.IntRange(1, len(rest)).Draw(t, "written")
		w.Write(rest[:n])
		if rest = rest[n:]; rapid.Bool().Draw(t, "flush") {
			w.Flush()
		}
	}
	w.Close()
}

// inflated is what our own decoder makes of data; ok is false where it gives up, also if that is not size bytes.
func inflated(d *deflate, data []byte, size int) (out []byte, read int, ok bool) {
	out = make([]byte, size+slack)
	read, ok = d.decode(out, data)
	return out[:size], read, ok
}

// What compressors write is not given up, and comes out as it went in; as another size it is given up.
func TestDeflate(t *testing.T) {
	d := new(deflate) // one for all: nothing may stay from the data before
	rapid.Check(t, func(t *rapid.T) {
		want := someContent(t)
		packed := deflated(t, want)
		padded := append(packed, make([]byte, rapid.IntRange(0, 20).Draw(t, "behind"))...)
		got, read, ok := inflated(d, padded, len(want))
		if !ok || read != len(packed) || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: read %d of %d, %t", len(want), read, len(packed), ok)
		}
		if _, _, ok := inflated(d, padded, len(want)+1); ok {
			t.Fatalf("%d bytes were decoded as one more", len(want))
		}
		if _, _, ok := inflated(d, padded, max(len(want)-1, 0)); ok && len(want) > 0 {
			t.Fatalf("%d bytes were decoded as one less", len(want))
		}
	})
}

// bitWriter writes DEFLATE data symbol by symbol, with the codes of a fixed block.
type bitWriter struct {
	data []byte
	free uint // bits of the last byte
}

// bits writes the lowest n bits of v, the lowest first.
func (w *bitWriter) bits(v, n uint) {
	for i := range n {
		if w.free == 0 {
			w.data, w.free = append(w.data, 0), 8
		}
		w.data[len(w.data)-1] |= byte(v>>i&1) << (8 - w.free)
		w.free--
	}
}

// code writes n bits of v, the highest first, as codes are.
func (w *bitWriter) code(v, n uint) {
	for i := range n {
		w.bits(v>>(n-1-i)&1, 1)
	}
}

func (w *bitWriter) symbol(s uint) {
	switch {
	case s < 144:
		w.code(0x30+s, 8)
	case s < 256:
		w.code(0x190+s-144, 9)
	case s < 280:
		w.code(s-256, 7)
	default:
		w.code(0xc0+s-280, 8)
	}
}

// match writes a length, 3 to 258, and a distance, 1 to 32768.
func (w *bitWriter) match(length, distance uint) {
	entry := func(symbols []uint32, v uint) (s, rest, extra uint) {
		for i, e := range symbols {
			base, bits := uint(e>>value), uint(e&63)
			if e&isStop == 0 && e < literal && base > 0 && base <= v && v < base+1<<bits {
				s, rest, extra = uint(i), v-base, bits // 258 is two: the last one is its own
			}
		}
		return s, rest, extra
	}
	s, rest, extra := entry(literalSymbols[:], length)
	w.symbol(s)
	w.bits(rest, extra)
	s, rest, extra = entry(distanceSymbols[:], distance)
	w.code(s, 5)
	w.bits(rest, extra)
}

// Every length, at distances on both sides of every boundary, as the standard library has it.
func TestDeflateMatches(t *testing.T) {
	var w bitWriter
	w.bits(1|1<<1, 3)
	content := rapid.SliceOfN(rapid.Byte(), 1<<15, 1<<15).Example(1)
	for _, b := range content {
		w.symbol(uint(b))
	}
	for length := uint(3); length <= 258; length++ {
		for bits := range 16 {
			for _, distance := range []uint{1<<bits - 1, 1 << bits, 1<<bits + 1, 3 << bits >> 1, 3<<bits>>1 + 1} {
				if distance = max(distance, 1); distance <= 1<<15 {
					w.match(length, distance)
				}
			}
		}
		w.symbol(length - 3)
	}
	w.symbol(256)
	want, err := io.ReadAll(flate.NewReader(bytes.NewReader(w.data)))
	if err != nil {
		t.Fatal(err)
	}
	got, read, ok := inflated(new(deflate), w.data, len(want))
	if !ok || read != len(w.data) || !bytes.Equal(got, want) {
		t.Errorf("read %d of %d, %t", read, len(w.data), ok)
	}
}

// Codes of up to 15 bits, whose tables are deepest: how often a byte comes are Fibonacci's numbers.
func TestDeflateLongCodes(t *testing.T) {
	var want []byte
	for i, a, b := 0, 1, 1; i < 24; i, a, b = i+1, b, a+b {
		want = append(want, bytes.Repeat([]byte{byte(i * 11)}, a)...)
	}
	for i := range want { // mixed, so that each comes next to each
		j := i * 7919 % len(want)
		want[i], want[j] = want[j], want[i]
	}
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.HuffmanOnly)
	w.Write(want)
	w.Close()
	d := new(deflate)
	got, _, ok := inflated(d, packed.Bytes(), len(want))
	if !ok || !bytes.Equal(got, want) {
		t.Error("gave up, or came to something else")
	}
	if longest := slices.Max(d.lengths[:]); longest <= literalBits {
		t.Errorf("the longest code has %d bits", longest)
	}
}

// What no compressor writes is given up, whatever the size.
func TestDeflateGivesUp(t *testing.T) {
	for name, write := range map[string]func(w *bitWriter){
		"nothing":                  func(w *bitWriter) {},
		"a reserved kind of block": func(w *bitWriter) { w.bits(1|3<<1, 3) },
		"a stored block whose length is not confirmed": func(w *bitWriter) { w.bits(1, 8); w.bits(3, 16); w.bits(3, 16); w.bits(0, 24) },
		"a stored block cut short":                     func(w *bitWriter) { w.bits(1, 8); w.bits(3, 16); w.bits(0xfffc, 16); w.bits(0, 16) },
		"a stored block without its length":            func(w *bitWriter) { w.bits(1, 8); w.bits(0, 16) },
		"no end of the block":                          func(w *bitWriter) { w.bits(1|1<<1, 3); w.symbol('a') },
		"no last block":                                func(w *bitWriter) { w.bits(1<<1, 3); w.symbol(256) },
		"symbol 286":                                   func(w *bitWriter) { w.bits(1|1<<1, 3); w.symbol(286); w.symbol(256) },
		"symbol 287":                                   func(w *bitWriter) { w.bits(1|1<<1, 3); w.symbol(287); w.symbol(256) },
		"distance 30":                                  func(w *bitWriter) { w.bits(1|1<<1, 3); w.symbol('a'); w.symbol(257); w.code(30, 5); w.symbol(256) },
		"further back than the beginning":              func(w *bitWriter) { w.bits(1|1<<1, 3); w.symbol('a'); w.match(3, 2); w.symbol(256) },
		"a repeat of nothing":                          func(w *bitWriter) { w.bits(1|2<<1, 3); w.bits(0, 10); w.bits(0, 4); w.bits(1|1<<9, 12); w.bits(1, 1) },
		"more lengths than there are codes": func(w *bitWriter) {
			w.bits(1|2<<1, 3)
			w.bits(0, 14)
			w.bits(1<<6, 12) // only 18: 138 zeros, twice
			w.bits(127<<1, 8)
			w.bits(127<<1, 8)
		},
		"a match behind the end": func(w *bitWriter) {
			w.bits(1|1<<1, 3)
			for range 20 {
				w.symbol('a')
			}
			w.match(258, 20)
			w.symbol(256)
		},
	} {
		var w bitWriter
		write(&w)
		for size := range 24 {
			if _, _, ok := inflated(new(deflate), w.data, size); ok {
				t.Errorf("%s was decoded to %d bytes", name, size)
			}
		}
	}
}

// Codes at the ends of what is allowed, and what lies beyond: as the standard library takes them.
func TestDeflateCodes(t *testing.T) {
	type of = map[int]uint // symbol to bits
	for _, c := range []struct {
		name                string
		literals, distances int
		literal, distance   of
		data                []uint // values and bits of codes
		ok                  bool
	}{
		{"all literals", 286, 1, of{'a': 1, 256: 1}, of{}, []uint{0, 1, 1, 1}, true},
		{"more literals", 287, 1, of{'a': 1, 256: 1}, of{}, []uint{0, 1, 1, 1}, false},
		{"all distances", 257, 30, of{'a': 1, 256: 1}, of{29: 1}, []uint{0, 1, 1, 1}, true},
		{"more distances", 257, 31, of{'a': 1, 256: 1}, of{29: 1}, []uint{0, 1, 1, 1}, false},
		{"all of both", 286, 30, of{'a': 1, 256: 2, 285: 2}, of{0: 1, 29: 1}, []uint{0, 1, 3, 2, 0, 1, 2, 2}, true},
		{"more of both", 288, 32, of{'a': 1, 256: 1}, of{29: 1}, []uint{0, 1, 1, 1}, false},
		{"too many codes", 257, 1, of{'a': 1, 'b': 1, 256: 1}, of{}, []uint{0, 1, 1, 1}, false},
		{"too many long codes", 257, 1, of{'a': 1, 'b': 15, 'c': 15, 'd': 2, 256: 2}, of{}, []uint{0, 1, 3, 2}, false},
		{"too few codes", 257, 1, of{'a': 1, 256: 2}, of{}, []uint{0, 1, 2, 2}, false},
		{"only the end", 257, 1, of{256: 1}, of{}, []uint{0, 1}, true},
		{"only the end, of two bits", 257, 1, of{256: 2}, of{}, []uint{0, 2}, false},
		{"what only the end leaves open", 257, 1, of{256: 1}, of{}, []uint{1, 1, 0, 1}, false},
		{"no literals", 257, 1, of{}, of{}, []uint{0, 1}, false},
		{"one distance", 258, 1, of{'a': 1, 256: 2, 257: 2}, of{0: 1}, []uint{0, 1, 3, 2, 0, 1, 2, 2}, true},
		{"what one distance leaves open", 258, 1, of{'a': 1, 256: 2, 257: 2}, of{0: 1}, []uint{0, 1, 3, 2, 1, 1, 2, 2}, false},
		{"one distance of two bits", 258, 1, of{'a': 1, 256: 2, 257: 2}, of{0: 2}, []uint{0, 1, 3, 2, 0, 2, 2, 2}, false},
		{"one distance of two bits, not used", 257, 1, of{'a': 1, 256: 1}, of{0: 2}, []uint{0, 1, 1, 1}, false},
		{"a match without distances", 258, 1, of{'a': 1, 256: 2, 257: 2}, of{}, []uint{0, 1, 3, 2, 0, 1, 2, 2}, false},
	} {
		var w bitWriter
		w.bits(1|2<<1, 3)
		w.bits(uint(c.literals-257), 5)
		w.bits(uint(c.distances-1), 5)
		w.bits(15, 4) // 0 to 15 have four bits, repeats none
		w.bits(0, 9)
		for range 16 {
			w.bits(4, 3)
		}
		for s := range c.literals {
			w.code(c.literal[s], 4)
		}
		for s := range c.distances {
			w.code(c.distance[s], 4)
		}
		for d := c.data; len(d) > 0; d = d[2:] {
			w.code(d[0], d[1])
		}
		if ok := agrees(t, w.data); ok != c.ok {
			t.Errorf("%s: taken is %t", c.name, ok)
		}
	}
}

// agrees checks that our decoder takes data, and to the same content, if and only if the standard library does. It reports whether that is so.
func agrees(t *testing.T, data []byte) bool {
	const most = 1 << 17
	src := bytes.NewReader(data)
	want, err := io.ReadAll(io.LimitReader(flate.NewReader(src), most+1))
	if len(want) > most {
		return false
	}
	if err != nil {
		for size := max(0, len(want)-2); size < len(want)+8; size++ {
			if got, _, ok := inflated(new(deflate), data, size); ok {
				t.Errorf("%x: became %x, and for the standard library %x, %v", data, got, want, err)
			}
		}
		return false
	}
	got, read, ok := inflated(new(deflate), data, len(want))
	if !ok || read != len(data)-src.Len() || !bytes.Equal(got, want) {
		t.Errorf("%x: %t, %d read, became %x; for the standard library %d, %x", data, ok, read, got, len(data)-src.Len(), want)
	}
	return ok
}

func FuzzDeflate(f *testing.F) {
	text := trailText(3)
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		var packed bytes.Buffer
		w, _ := flate.NewWriter(&packed, level)
		w.Write(text[:len(text)/2])
		w.Flush()
		w.Write(text[len(text)/2:])
		w.Close()
		f.Add(packed.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) { agrees(t, data) })
}
