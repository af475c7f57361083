package pipeline

import (
	"context"
	"slices"
	"sort"

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
	if err != nil || streams.done() {
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
	for !streams.done() {
		next, err := streams.next(ctx)
		if err != nil {
			return nil, err
		}
		upto := sort.Search(len(asked), func(i int) bool { return compareIDs(asked[i], next.last) > 0 })
		if err := t.stretch(ctx, x, next, asked[:upto]); err != nil {
			return nil, err
		}
		asked = asked[upto:]
	}
	return t, x.close(ctx)
}

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

// stretch settles who keeps the events of a stretch, and where those are that are asked for in it.
func (t *settlement) stretch(ctx context.Context, x *index, s *stretch, asked []id) error {
	there, err := x.find(ctx, asked, s)
	if err != nil {
		return err
	}
	next := 0 // of those asked for, the first that no event so far goes before
	for list := s.order; len(list) > 0; {
		head := list[0].head
		alone := len(list) == 1 || list[1].head != head
		if alone && len(there) == 0 && (next == len(asked) || headOf(asked[next]) > head) { // nobody has it, or asks for it
			list = list[1:]
			continue
		}
		first, n := s.key(list[0]), 1
		for n < len(list) && list[n].head == head && s.key(list[n]).ID == first.ID {
			n++
		}
		for next < len(asked) && compareIDs(asked[next], first.ID) < 0 {
			next++
		}
		if l, ok := there[first.ID]; ok {
			t.exclude(s.of(list[0]).shard, l.key)
			first = l.key
		} else if next < len(asked) && asked[next] == first.ID {
			t.where[first.ID] = s.of(list[0]).day
		}
		for _, h := range list[1:n] {
			t.exclude(s.of(h).shard, first)
		}
		list = list[n:]
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
