package counts

import (
	"math"
	"slices"
	"time"
)

// Zone says how far the clocks of an account are ahead of UTC, in whole hours, as shifts in ascending order. Before the first one its
// Ahead holds already. Nil is UTC.
type Zone []Shift

// Shift is a change of an account's clocks.
type Shift struct {
	From  int32 `json:"from"`  // hours since 1970 UTC
	Ahead int8  `json:"ahead"` // hours ahead of UTC from then on; negative west of Greenwich
}

// ZoneOf returns what l says of the hours from..to. An offset of 5:30 counts as 5 hours and one of -3:30 as -4: the hours of the week then
// begin half past, all of them, and daylight saving time moves them as it should.
func ZoneOf(l *time.Location, from, to time.Time) Zone {
	var z Zone
	for at := from; !at.After(to); {
		_, seconds := at.In(l).Zone()
		hour := int32(math.Ceil(float64(at.Unix()) / 3600))
		if ahead := int8(math.Floor(float64(seconds) / 3600)); len(z) == 0 || z[len(z)-1].Ahead != ahead {
			z = append(z, Shift{hour, ahead})
		}
		_, end := at.In(l).ZoneBounds()
		if end.IsZero() {
			break
		}
		at = end
	}
	if len(z) == 1 && z[0].Ahead == 0 {
		return nil
	}
	return z
}

// Ahead returns how many hours the clocks are ahead of UTC in an hour since 1970, and until which hour (exclusive) that is known to hold;
// 0 when nothing is known to change it.
func (z Zone) Ahead(hour int32) (ahead int, until int32) {
	if len(z) == 0 {
		return 0, 0
	}
	next, _ := slices.BinarySearchFunc(z, hour+1, func(s Shift, h int32) int { return int(s.From) - int(h) })
	if next < len(z) {
		until = z[next].From
	}
	return int(z[max(next-1, 0)].Ahead), until
}

// zone returns an account's clocks.
func (a Assembly) zone(account string) Zone {
	if z, ok := a.Zones[account]; ok {
		return z
	}
	return a.Zones[""]
}
