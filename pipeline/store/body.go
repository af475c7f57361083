package store

import "sync"

// Release hands the memory of a body that Get returned, and that nobody reads any more, to later calls of Get. Nobody has to: it saves whoever reads
// object after object that each has fresh memory, which costs as much as to read it from a disk's cache.
func Release(body []byte) {
	if n := cap(body); n >= leastReleased && n <= mostReleased {
		released.Put(&body)
	}
}

// The sizes in bytes of bodies that are worth keeping, and that are not too much to keep.
const (
	leastReleased = 64 << 10
	mostReleased  = 4 << 20
)

var released sync.Pool // of *[]byte

// newBody returns room for n bytes, whatever is in it. Larger bodies have a little more, so that they fit more often.
func newBody(n int64) []byte {
	if n < leastReleased/2 {
		return make([]byte, n)
	}
	if p, _ := released.Get().(*[]byte); p != nil {
		switch size := int64(cap(*p)); {
		case size > 4*n: // much memory would be kept alive for little
			released.Put(p)
		case n <= size:
			return (*p)[:n]
		} // one that is too small makes room for what follows
	}
	return make([]byte, n, (n+leastReleased-1)/leastReleased*leastReleased)
}
