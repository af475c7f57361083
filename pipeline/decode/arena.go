package decode

import "unsafe"

// view returns b as a string without copying: b must not change any more.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// arena hands out memory, one allocation a chunk.
type arena struct {
	chunk []byte
	used  int
	keep  bool // what was handed out stays as it is after reset
}

// reset makes what was handed out free again.
func (a *arena) reset() {
	if !a.keep {
		a.used = 0
	}
}

// reserve returns an empty slice of capacity n.
func (a *arena) reserve(n int) []byte {
	const chunk = 64 << 10
	if n > chunk/4 {
		return make([]byte, 0, n)
	}
	if n > len(a.chunk)-a.used {
		a.chunk, a.used = make([]byte, chunk), 0
	}
	b := a.chunk[a.used : a.used : a.used+n]
	a.used += n
	return b
}
