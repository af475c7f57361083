package decode

import "unsafe"

// view returns b as a string without copying: b must not change any more.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// arena hands out memory that lives as long as something points into its chunk, one allocation a chunk.
type arena struct{ free []byte }

// reserve returns an empty slice of capacity n.
func (a *arena) reserve(n int) []byte {
	const chunk = 64 << 10
	if n > chunk/4 {
		return make([]byte, 0, n)
	}
	if n > len(a.free) {
		a.free = make([]byte, chunk)
	}
	b := a.free[:0:n]
	a.free = a.free[n:]
	return b
}

// copyOf returns b as a string of its own.
func (a *arena) copyOf(b []byte) string { return view(append(a.reserve(len(b)), b...)) }

// interner makes one string of equal byte slices. It is bounded, since a trail's content is not: long texts
// and those that come after the table is full get a string each, in a.
type interner struct {
	seen  map[string]string
	arena arena // of its own: a few interned strings must not keep chunks of other text alive
}

func (in *interner) of(b []byte, a *arena) string {
	const longest, most = 256, 1 << 14
	if len(b) == 0 {
		return ""
	}
	if s, ok := in.seen[string(b)]; ok {
		return s
	}
	if len(b) > longest || len(in.seen) >= most {
		return a.copyOf(b)
	}
	if in.seen == nil {
		in.seen = make(map[string]string)
	}
	s := in.arena.copyOf(b)
	in.seen[s] = s
	return s
}
