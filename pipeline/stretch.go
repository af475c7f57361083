package pipeline

import (
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// stretch is the keys that a run's parts have in one range of identities.
type stretch struct {
	last  [16]byte // where it ends: what comes after it is greater
	runs  []run
	order []headed // the keys of all runs, ascending
	room  []headed // for sorting order
}

// run is what one part has of a day in it.
type run struct {
	lake.Keys // ascending
	shard     int
	day       trail.Day
}

func (s *stretch) key(h headed) lake.Key { return s.runs[h.run].At(int(h.row)) }

// sort brings the keys of all runs into order.
func (s *stretch) sort() {
	s.order = s.order[:0]
	for i := range s.runs {
		keys := s.runs[i].Keys
		for row := range keys.Len() {
			s.order = append(s.order, headed{headOf(keys.ID(row)), int32(i), int32(row)})
		}
	}
	s.room = sortByID(s.order, s.room, func(a, b headed) int { return s.key(a).Compare(s.key(b)) })
}
