package pipeline

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"sync"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
)

// neighbours tell a shard which events the shards just before it hold, so that it leaves them out while its records are still in memory: else it had to be
// scanned a second time. CloudTrail delivers most events twice within minutes, in other objects, and a cut between shards parts them. What this does
// not find (repeats from farther away, other content) is found in the files (settle). What a shard finds here follows from the plan and the
// objects alone, not from who works when, nor on which machine: it waits for the shards before it, and of those that somebody else scans it gets the
// keys itself (scanner.look).
type neighbours struct {
	first []int           // by shard: the first one it looks at
	ready []chan struct{} // closed when the keys of a shard are there
	mu    sync.Mutex
	keys  [][]lake.Key // ascending; nil: not there yet, more than was to be expected, or not needed any more
	left  []int        // how many shards have yet to look at it
}

// keysBefore is about how many keys of earlier shards are in memory, of 32 bytes each; a shard of tiny records may have keysPerExpected times
// as many as its size lets expect, beyond that it shows none.
const (
	keysBefore      = 1 << 18
	keysPerExpected = 4
)

// newNeighbours prepares for those of the shards that look.
func newNeighbours(shards []Shard, looks func(shard int) bool) *neighbours {
	b := &neighbours{first: make([]int, len(shards)), ready: make([]chan struct{}, len(shards)), keys: make([][]lake.Key, len(shards)), left: make([]int, len(shards))}
	from, sum := 0, 0
	for i := range shards {
		for ; sum > keysBefore; from++ {
			sum -= expected(shards[from])
		}
		b.first[i], b.ready[i] = from, make(chan struct{})
		for k := from; k < i && looks(i); k++ {
			b.left[k]++
		}
		sum += expected(shards[i])
	}
	return b
}

// needed tells whether anybody looks at a shard.
func (b *neighbours) needed(shard int) bool { return b.left[shard] > 0 }

// show makes the keys of a shard known, ascending, once.
func (b *neighbours) show(shard int, keys []lake.Key, expected int) {
	b.mu.Lock()
	if b.left[shard] > 0 && len(keys) <= keysPerExpected*expected {
		b.keys[shard] = keys
	}
	b.mu.Unlock()
	close(b.ready[shard])
}

// showPart shows what a shard held that an earlier attempt has scanned.
func (b *neighbours) showPart(ctx context.Context, s store.Store, shard int, p *part, expected int) error {
	struck, err := p.struck()
	if err != nil {
		return err
	}
	files, err := keysOf(ctx, s, p.Days)
	if err != nil {
		return err
	}
	var keys []lake.Key
	for _, f := range append(files, struck) {
		for i := range f.Len() {
			keys = append(keys, f.At(i))
		}
	}
	slices.SortFunc(keys, lake.Key.Compare)
	b.show(shard, keys, expected)
	return nil
}

// repeats waits for the shards before and calls found for those of the keys, ascending, whose IDs one of them has, with the first of theirs.
func (b *neighbours) repeats(ctx context.Context, shard int, keys []lake.Key, found func(i int, first lake.Key)) error {
	mine, seen := sieveOf(keys), make([]bool, len(keys))
	for earlier := b.first[shard]; earlier < shard; earlier++ {
		select {
		case <-b.ready[earlier]:
		case <-ctx.Done():
			return ctx.Err()
		}
		b.mu.Lock()
		theirs := b.keys[earlier]
		b.mu.Unlock()
		for k := range theirs {
			if !mine.passes(theirs[k].ID) {
				continue
			}
			i, ok := slices.BinarySearchFunc(keys, theirs[k].ID, func(m lake.Key, id [16]byte) int { return lake.CompareIDs(m.ID, id) })
			if ok && !seen[i] {
				seen[i] = true
				found(i, theirs[k])
			}
		}
	}
	return nil
}

// sieve holds the first bits of some keys, one bit set for each: most others do not pass.
type sieve struct {
	bits  []uint64
	shift int
}

// sieveOf makes a sieve that one in 32 other keys passes, or fewer.
func sieveOf(keys []lake.Key) sieve {
	size := max(6, bits.Len(uint(32*len(keys))))
	v := sieve{make([]uint64, 1<<(size-6)), 64 - size}
	clear(v.bits) // else each page of it is found empty first and written later, which halts all other processors
	for i := range keys {
		head := headOf(keys[i].ID) >> v.shift
		v.bits[head>>6] |= 1 << (head & 63)
	}
	return v
}

func (v *sieve) passes(id [16]byte) bool {
	head := headOf(id) >> v.shift
	return v.bits[head>>6]>>(head&63)&1 != 0
}

// looked lets go of keys that no other shard needs.
func (b *neighbours) looked(shard int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := b.first[shard]; k < shard; k++ {
		if b.left[k]--; b.left[k] == 0 {
			b.keys[k] = nil
		}
	}
}

// show makes known what the shard holds, what it strikes included: whether that was before or after must not matter.
func (s *scanner) show(shard Shard, last keyedRows) {
	if s.neighbours == nil {
		return
	}
	if s.spilled > 0 {
		last = s.byKey(0)
	}
	s.neighbours.show(s.shard, last.keys, expected(shard))
}

// strike drops those of the rows that the shards before hold too, of whole objects. A conflict stays: its text is told when the shard is scanned again.
func (s *scanner) strike(ctx context.Context, rows keyedRows) error {
	if s.neighbours == nil || s.looks {
		return nil
	}
	return s.neighbours.repeats(ctx, s.shard, rows.keys, func(i int, first lake.Key) {
		k := rows.keys[i]
		if k.Sum != first.Sum {
			return
		}
		s.dropped[rows.rows[i]] = true
		s.struck[k.ID] = true
		s.strikes = append(s.strikes, first)
		at, _ := slices.BinarySearchFunc(s.part.Objects, int(k.Object), func(o scanned, n int) int { return o.Number - n })
		o := &s.part.Objects[at]
		o.Kept, o.Duplicate = o.Kept-1, o.Duplicate+1
		s.part.Ledger.Kept, s.part.Ledger.Duplicate = s.part.Ledger.Kept-1, s.part.Ledger.Duplicate+1
	})
}

// struck is the events a shard left out because shards before it hold them.
func (p *part) struck() (lake.Keys, error) {
	if p.Struck == nil {
		return nil, nil
	}
	keys, err := lake.DecodeKeys(p.Struck)
	if err != nil {
		return nil, fmt.Errorf("reading a part: %w: %w", err, lake.ErrForeign)
	}
	return keys, nil
}

// strike brings what the shards left out in line with what was settled since. Who takes an event from the shard that another one left it to, is whom that
// other one must be compared with too: it is scanned again. And who is, must leave out again what it did.
func (t *settlement) strike(parts []*part) error {
	if len(t.again) == 0 {
		return nil
	}
	keepers := survivors{}
	for _, list := range t.again {
		for id, k := range list {
			keepers[id] = k
		}
	}
	for shard, p := range parts {
		struck, err := p.struck()
		if err != nil {
			return err
		}
		for i := range struck.Len() {
			if keeper, ok := keepers[struck.At(i).ID]; ok {
				t.exclude(shard, keeper)
			}
		}
		for i := range struck.Len() {
			k := struck.At(i)
			if _, named := t.again[shard][k.ID]; !named && t.again[shard] != nil {
				t.again[shard][k.ID] = k
			}
		}
	}
	return nil
}
