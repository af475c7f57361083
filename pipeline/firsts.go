package pipeline

import (
	"hash/maphash"

	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/lake"
)

// firsts finds the row that has an identity in a shard: numbers of rows by a hash of their keys' IDs, with linear probing. A map would hold the
// identities a second time, and take three times as long: it is asked for every record. The seed keeps collisions from being arranged.
type firsts struct {
	seed  maphash.Seed
	slots []int32 // 1 + the row; 0: free. A power of two of them, at most a half taken
	taken int

	fetched int32 // of nothing: so that fetching is not left out
}

// clear makes room for about n rows.
func (f *firsts) clear(n int) {
	size := 64
	for size < 2*n {
		size *= 2
	}
	f.taken = 0
	if f.slots == nil || len(f.slots) > 4*size { // more comes from a freak of a shard, and is given back
		f.slots, f.seed = make([]int32, size), maphash.MakeSeed()
	}
	clear(f.slots)
}

// home is where the slot of an identity is looked for first.
func (f *firsts) home(id *[16]byte) int {
	return int(maphash.Bytes(f.seed, id[:])) & (len(f.slots) - 1)
}

// find returns the row that has an identity, and where it has its slot; -1 and where it would have.
func (f *firsts) find(keys []lake.Key, id [16]byte) (row int32, slot int) {
	mask := len(f.slots) - 1
	for slot = f.home(&id); ; slot = (slot + 1) & mask {
		row = f.slots[slot] - 1
		if row < 0 || keys[row].ID == id {
			return row, slot
		}
	}
}

// fetch brings what find will want of these into the processor's cache. Each find alone would wait for memory as long as all of them do here, where
// none depends on another.
func (f *firsts) fetch(metas []decode.Meta) {
	seen := int32(0)
	for i := range metas {
		seen |= f.slots[f.home(&metas[i].Key)]
	}
	f.fetched = seen
}

// put gives a free slot, that find has just returned, to a row.
func (f *firsts) put(keys []lake.Key, slot int, row int32) {
	f.slots[slot] = row + 1
	if f.taken++; 2*f.taken <= len(f.slots) {
		return
	}
	old := f.slots
	f.slots = make([]int32, 2*len(old))
	for _, r := range old {
		if r > 0 {
			_, slot := f.find(keys, keys[r-1].ID)
			f.slots[slot] = r
		}
	}
}
