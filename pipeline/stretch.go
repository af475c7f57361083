package pipeline

import (
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// stretch is the keys that a run's parts have in one range of identities.
type stretch struct {
	last     [16]byte // where it ends: what comes after it is greater
	portions []portion
	order    []headed // all keys, ascending
	room     []headed // for sorting order
}

// portion is what one part has of a day in a stretch.
type portion struct {
	lake.Keys // ascending
	shard     int
	day       trail.Day
}

// of returns where a key is from.
func (s *stretch) of(h headed) *portion { return &s.portions[h.portion] }

func (s *stretch) key(h headed) lake.Key { return s.of(h).At(int(h.row)) }

// sort brings all keys into order.
func (s *stretch) sort() {
	s.order = s.order[:0]
	for i := range s.portions {
		keys := s.portions[i].Keys
		for row := range keys.Len() {
			s.order = append(s.order, headed{headOf(keys.ID(row)), int32(i), int32(row)})
		}
	}
	s.room = sortByID(s.order, s.room, func(a, b headed) int { return s.key(a).Compare(s.key(b)) })
}
