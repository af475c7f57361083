package pipeline

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// headed stands for a key while keys are sorted: the first bytes of its identity, and where it is.
type headed struct {
	head    uint64
	portion int32 // of a stretch
	row     int32
}

func headOf(identity [16]byte) uint64 { return binary.BigEndian.Uint64(identity[:]) }

// sortByID sorts keys by their heads, and those with the same one by compare. Identities are hashes: to sort them roughly by their first bits leaves two
// or three to compare. It needs room for as many, and returns it.
func sortByID(list, room []headed, compare func(a, b headed) int) []headed {
	low, high := uint64(math.MaxUint64), uint64(0)
	for _, h := range list {
		low, high = min(low, h.head), max(high, h.head)
	}
	n := bits.Len(uint(len(list)))
	shift := max(0, bits.Len64(high-low)-n)
	number := func(h *headed) int { return int((h.head - low) >> shift) }
	room = distribute(list, room, 1<<n, number)
	for rest := list; len(rest) > 0; {
		alike := 1
		for alike < len(rest) && number(&rest[alike]) == number(&rest[0]) {
			alike++
		}
		if alike > 1 {
			slices.SortFunc(rest[:alike], func(a, b headed) int {
				if a.head != b.head {
					return cmp.Compare(a.head, b.head)
				}
				return compare(a, b)
			})
		}
		rest = rest[alike:]
	}
	return room
}
