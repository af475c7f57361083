package pipeline

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"sort"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// keyStream reads one sorted run of keys a chunk at a time: all parts are open at once.
type keyStream struct {
	store store.Store
	key   string
	shard int
	day   trail.Day
	left  int64 // keys not read from the store yet
	off   int64
	chunk lake.Keys
}

// streamKeys is how many keys a stream reads at once, when it has no more than half of that: 48 KiB.
const streamKeys = 1536

func (k *keyStream) fill(ctx context.Context) error {
	if k.left == 0 || k.chunk.Len() > streamKeys/2 {
		return nil
	}
	n := min(k.left, streamKeys)
	body, err := k.store.GetRange(ctx, k.key, k.off, n*lake.KeySize)
	if err != nil {
		return err
	}
	if int64(len(body)) != n*lake.KeySize {
		return fmt.Errorf("reading %s: %w", k.store.URL(k.key), lake.ErrForeign)
	}
	k.chunk = append(k.chunk[:len(k.chunk):len(k.chunk)], body...)
	k.left -= n
	k.off += n * lake.KeySize
	return nil
}

// upto returns how many keys of the chunk are no greater than an identity.
func (k *keyStream) upto(last [16]byte) int {
	return sort.Search(k.chunk.Len(), func(i int) bool { return lake.CompareIDs(k.chunk.ID(i), last) > 0 })
}

// keyStreams reads streams side by side: the identities of one stretch after the other, from all of them.
type keyStreams struct {
	open      []*keyStream // those that are not at their end
	stretches uint64       // what the identities, which are spread evenly, are divided into
	at        uint64       // the stretch in hand
	stretch   stretch
}

// stretchKeys is about how many identities a stretch has, and how many are compared with the lake at once.
const stretchKeys = 1 << 14

// openStreams opens the keys of all parts, and returns the days they are of.
func openStreams(ctx context.Context, s store.Store, parts []*part) (h *keyStreams, days map[trail.Day]bool, err error) {
	h, days = new(keyStreams), map[trail.Day]bool{}
	var keys int64
	for shard, p := range parts {
		for _, d := range p.Days {
			k := &keyStream{store: s, key: d.Keys.File, off: d.Keys.From, shard: shard, day: d.Day, left: d.Events.Rows}
			keys += k.left
			if d.Keys.held != nil {
				k.chunk, k.left = lake.Keys(d.Keys.held[:k.left*lake.KeySize]), 0
			}
			if days[d.Day] = true; k.left > 0 || len(k.chunk) > 0 {
				h.open = append(h.open, k)
			}
		}
	}
	h.stretches = uint64(keys/stretchKeys) + 1
	return h, days, nil
}

func (h *keyStreams) done() bool { return len(h.open) == 0 }

// next returns the keys of the next stretch. It is valid until the next call.
func (h *keyStreams) next(ctx context.Context) (*stretch, error) {
	s, whole := &h.stretch, true
	s.last, s.portions = h.end(), s.portions[:0]
	for _, k := range h.open {
		if err := k.fill(ctx); err != nil {
			return nil, err
		}
		if k.left == 0 {
			continue
		}
		if l := k.chunk.ID(k.chunk.Len() - 1); lake.CompareIDs(l, s.last) < 0 { // what follows it is not at hand
			s.last, whole = l, false
		}
	}
	if whole {
		h.at++
	}
	open := h.open[:0]
	for _, k := range h.open {
		n := k.upto(s.last) * lake.KeySize
		s.portions = append(s.portions, portion{k.chunk[:n], k.shard, k.day})
		if k.chunk = k.chunk[n:]; k.left > 0 || len(k.chunk) > 0 {
			open = append(open, k)
		}
	}
	if h.open = open; h.done() {
		s.last = lastID(math.MaxUint64)
	}
	s.sort()
	return s, nil
}

// end returns the last identity of the stretch in hand.
func (h *keyStreams) end() [16]byte {
	if h.at+1 < h.stretches {
		return lastID(math.MaxUint64 / h.stretches * (h.at + 1))
	}
	return lastID(math.MaxUint64)
}

// lastID returns the last identity that begins with head.
func lastID(head uint64) (last [16]byte) {
	binary.BigEndian.PutUint64(last[:], head)
	binary.BigEndian.PutUint64(last[8:], math.MaxUint64)
	return last
}
