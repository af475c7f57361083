package pipeline

import (
	"container/heap"
	"context"
	"fmt"
	"slices"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// settlement is what comparing the identities of a run's records with each other and with the lake came to.
type settlement struct {
	again   map[int]survivors            // by shard: its events that another shard has first, or the lake has on another day, and who keeps them
	where   map[id]trail.Day             // days of the events that corrections replace; those that have not arrived are missing
	awaited map[trail.Day]map[id]bool    // what corrections of earlier runs wait for, by their own day
	known   map[trail.Day]*lake.Manifest // of the days that were looked at, as committed
}

// settle reads the identities of all parts side by side, in ascending order, and asks the lake for them. Mostly no shard has to be scanned again: the
// plan keeps an account's delivery day together, and the scan knows the events that the lake has of the record's own day.
func settle(ctx context.Context, s store.Store, before *lake.Commit, asOf trail.Day, parts []*part) (*settlement, error) {
	t := &settlement{again: map[int]survivors{}, where: map[id]trail.Day{}, awaited: map[trail.Day]map[id]bool{}}
	streams, days, err := openStreams(ctx, s, parts)
	if err != nil || len(streams) == 0 {
		return t, err
	}
	x, err := openIndex(ctx, s, before, asOf-RelistDays, days)
	if err != nil {
		return nil, err
	}
	t.known = x.days
	asked, err := t.asked(parts)
	if err != nil {
		return nil, err
	}
	var batch []occurrence
	for len(streams) > 0 {
		if n := len(batch); n >= batchKeys && batch[n-1].ID != streams[0].head.ID {
			upto, _ := slices.BinarySearchFunc(asked, id(streams[0].head.ID), compareIDs)
			if err := t.batch(ctx, x, batch, asked[:upto]); err != nil {
				return nil, err
			}
			batch, asked = batch[:0], asked[upto:]
		}
		o, err := streams.next(ctx)
		if err != nil {
			return nil, err
		}
		batch = append(batch, o)
	}
	if err := t.batch(ctx, x, batch, asked); err != nil {
		return nil, err
	}
	return t, x.close(ctx)
}

// batchKeys is how many identities are compared with the lake at once.
const batchKeys = 1 << 16

// asked returns the events that corrections replace, ascending: of this run's, and of earlier ones that still wait.
func (t *settlement) asked(parts []*part) (list []id, err error) {
	for _, p := range parts {
		for _, c := range p.Corrections {
			list = append(list, c.ID)
		}
	}
	for d, m := range t.known {
		if t.awaited[d], err = readIDs(m, m.Awaited); err != nil {
			return nil, err
		}
		for a := range t.awaited[d] {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, compareIDs)
	return slices.Compact(list), nil
}

// batch settles who keeps some events, which come ascending, and where those are that are asked for in the same stretch.
func (t *settlement) batch(ctx context.Context, x *index, list []occurrence, asked []id) error {
	there, err := x.find(ctx, asked, list)
	if err != nil {
		return err
	}
	for len(list) > 0 {
		first, rest := list[0], list[1:]
		n := 0
		for n < len(rest) && rest[n].ID == first.ID {
			n++
		}
		list = rest[n:]
		if l, ok := there[first.ID]; ok {
			t.exclude(first.shard, l.key)
			first.Key = l.key
		} else if _, ok := slices.BinarySearchFunc(asked, id(first.ID), compareIDs); ok {
			t.where[first.ID] = first.day
		}
		for _, o := range rest[:n] {
			t.exclude(o.shard, first.Key)
		}
	}
	for _, a := range asked {
		if l, ok := there[a]; ok {
			t.where[a] = l.day
		}
	}
	return nil
}

// exclude lets a shard be scanned again without an event that somebody else keeps.
func (t *settlement) exclude(shard int, survivor lake.Key) {
	if t.again[shard] == nil {
		t.again[shard] = survivors{}
	}
	t.again[shard][survivor.ID] = survivor
}

// occurrence is an event as one shard has it.
type occurrence struct {
	lake.Key
	shard int
	day   trail.Day
}

// keyStream reads one sorted run of keys a chunk at a time: all parts are open at once.
type keyStream struct {
	store store.Store
	key   string
	shard int
	day   trail.Day
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

// keyStreams is a heap of streams that are not at their end, the one with the least key first.
type keyStreams []*keyStream

// openStreams opens the keys of all parts, and returns the days they are of.
func openStreams(ctx context.Context, s store.Store, parts []*part) (streams keyStreams, days map[trail.Day]bool, err error) {
	days = map[trail.Day]bool{}
	for shard, p := range parts {
		for _, d := range p.Days {
			k := &keyStream{store: s, key: d.Keys.File, off: d.Keys.From, shard: shard, day: d.Day, left: d.Events.Rows}
			if d.Keys.held != nil {
				k.chunk, k.left = lake.Keys(d.Keys.held[:k.left*lake.KeySize]), 0
			}
			if err := k.next(ctx); err != nil {
				return nil, nil, err
			}
			if days[d.Day] = true; !k.done {
				streams = append(streams, k)
			}
		}
	}
	heap.Init(&streams)
	return streams, days, nil
}

// next takes the least key.
func (h *keyStreams) next(ctx context.Context) (occurrence, error) {
	k := (*h)[0]
	o := occurrence{k.head, k.shard, k.day}
	if err := k.next(ctx); err != nil {
		return o, err
	}
	if k.done {
		heap.Pop(h)
	} else {
		heap.Fix(h, 0)
	}
	return o, nil
}

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
