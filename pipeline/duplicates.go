package pipeline

import (
	"container/heap"
	"context"
	"fmt"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
)

// duplicates reads the identities of all parts side by side, and returns for every shard that holds an event another shard
// has first which place keeps it. Mostly there is none: the plan keeps an account's delivery day together.
func duplicates(ctx context.Context, s store.Store, parts []*part) (map[int]survivors, error) {
	var streams keyStreams
	for shard, p := range parts {
		for _, d := range p.Days {
			k := &keyStream{store: s, key: d.Keys, shard: shard, left: d.Events.Rows}
			if err := k.next(ctx); err != nil {
				return nil, err
			}
			streams = append(streams, k)
		}
	}
	heap.Init(&streams)
	again := map[int]survivors{}
	var first lake.Key
	for seen := false; len(streams) > 0; {
		k := streams[0]
		if seen && k.head.ID == first.ID {
			if again[k.shard] == nil {
				again[k.shard] = survivors{}
			}
			again[k.shard][k.head.ID] = first
		} else {
			first, seen = k.head, true
		}
		switch err := k.next(ctx); {
		case err != nil:
			return nil, err
		case k.done:
			heap.Pop(&streams)
		default:
			heap.Fix(&streams, 0)
		}
	}
	return again, nil
}

// keyStream reads one sorted file of keys a chunk at a time: all parts are open at once.
type keyStream struct {
	store store.Store
	key   string
	shard int
	left  int64 // keys not read from the store yet
	off   int64
	chunk lake.Keys
	head  lake.Key
	done  bool
}

// streamKeys is how many keys a stream holds: 64 KiB.
const streamKeys = 2048

func (k *keyStream) next(ctx context.Context) error {
	if k.chunk.Len() == 0 {
		if k.left == 0 {
			k.done = true
			return nil
		}
		n := min(k.left, streamKeys)
		body, err := k.store.GetRange(ctx, k.key, k.off, n*lake.KeySize)
		if err != nil {
			return err
		}
		if k.chunk = lake.Keys(body); int64(len(k.chunk)) != n*lake.KeySize {
			return fmt.Errorf("reading %s: %w", k.store.URL(k.key), lake.ErrForeign)
		}
		k.left -= n
		k.off += n * lake.KeySize
	}
	k.head = k.chunk.At(0)
	k.chunk = k.chunk[lake.KeySize:]
	return nil
}

type keyStreams []*keyStream

func (h keyStreams) Len() int           { return len(h) }
func (h keyStreams) Less(i, j int) bool { return h[i].head.Compare(h[j].head) < 0 }
func (h keyStreams) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *keyStreams) Push(x any)        { *h = append(*h, x.(*keyStream)) }
func (h *keyStreams) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
