package counts

import "container/heap"

// Reader yields tiles in the order of Tile.Compare. Next returns nil at the end. The tile is valid until the next call
// unless its reader says otherwise; its slices may be kept.
type Reader interface {
	Next() (*Tile, error)
}

// Merge reads several readers as one, in the order of Tile.Compare; tiles of the same series, class and day are added up
// and a tile that comes to nothing is left out.
func Merge(readers ...Reader) Reader {
	return &merge{todo: readers, heads: heads{compare: (*Tile).Compare}}
}

type merge struct {
	todo  []Reader // not read from yet
	heads heads
	out   Tile
}

type head struct {
	tile *Tile
	from Reader
}

// heads are the next tiles of all readers, the smallest first.
type heads struct {
	list    []head
	compare func(t, u *Tile) int
}

func (h *heads) Len() int           { return len(h.list) }
func (h *heads) Less(i, j int) bool { return h.compare(h.list[i].tile, h.list[j].tile) < 0 }
func (h *heads) Swap(i, j int)      { h.list[i], h.list[j] = h.list[j], h.list[i] }
func (h *heads) Push(x any)         { h.list = append(h.list, x.(head)) }
func (h *heads) Pop() any {
	last := len(h.list) - 1
	x := h.list[last]
	h.list = h.list[:last]
	return x
}

func (m *merge) Next() (*Tile, error) {
	for _, r := range m.todo {
		t, err := r.Next()
		if err != nil {
			return nil, err
		}
		if t != nil {
			heap.Push(&m.heads, head{t, r})
		}
	}
	m.todo = nil
	for m.heads.Len() > 0 {
		m.out = *m.heads.list[0].tile
		if err := m.advance(); err != nil {
			return nil, err
		}
		for m.heads.Len() > 0 && m.heads.compare(m.heads.list[0].tile, &m.out) == 0 {
			m.out.plus(m.heads.list[0].tile)
			if err := m.advance(); err != nil {
				return nil, err
			}
		}
		if len(m.out.Minutes) > 0 {
			return &m.out, nil
		}
	}
	return nil, nil
}

// advance replaces the smallest head by its reader's next tile.
func (m *merge) advance() error {
	t, err := m.heads.list[0].from.Next()
	switch {
	case err != nil:
		return err
	case t == nil:
		heap.Pop(&m.heads)
	default:
		m.heads.list[0].tile = t
		heap.Fix(&m.heads, 0)
	}
	return nil
}

// plus adds u's counts to t, into fresh slices: both tiles may share theirs with a file's buffers.
func (t *Tile) plus(u *Tile) {
	sum := Tile{Series: t.Series, Class: t.Class, Day: t.Day}
	i, j := 0, 0
	for i < len(t.Minutes) || j < len(u.Minutes) {
		if j == len(u.Minutes) || i < len(t.Minutes) && t.Minutes[i] <= u.Minutes[j] {
			sum.add(t.Minutes[i], t.Counts[i])
			i++
		} else {
			sum.add(u.Minutes[j], u.Counts[j])
			j++
		}
	}
	sum.dropZeros()
	*t = sum
}

// Slice reads tiles from memory.
func Slice(tiles []Tile) Reader { return &slice{tiles} }

type slice struct{ rest []Tile }

func (s *slice) Next() (*Tile, error) {
	if len(s.rest) == 0 {
		return nil, nil
	}
	t := &s.rest[0]
	s.rest = s.rest[1:]
	return t, nil
}

// Collect reads all there is.
func Collect(r Reader) ([]Tile, error) {
	var tiles []Tile
	for {
		t, err := r.Next()
		if t == nil || err != nil {
			return tiles, err
		}
		tiles = append(tiles, *t)
	}
}
