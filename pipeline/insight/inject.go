package insight

import (
	"slices"
	"strings"

	"trailgauge/pipeline/counts"
)

// InjectedMinutes is how long an injected burst lasts.
const InjectedMinutes = 15

// Inject returns a copy of h with a burst of n more calls (at least 1), spread evenly over the 15 minutes from minute on (since 00:00 UTC of
// h's first day). They succeed, or end in code where one is given. They are rated where h's calls are. h is left alone.
func Inject(h *counts.History, minute int32, n int64, code string) *counts.History {
	burst := make(counts.Track, 0, InjectedMinutes)
	for m := range int64(InjectedMinutes) {
		if calls := n*(m+1)/InjectedMinutes - n*m/InjectedMinutes; calls > 0 {
			burst = append(burst, counts.Point{Minute: minute + int32(m), N: calls})
		}
	}
	x := *h
	x.All = x.All.Plus(burst)
	if len(x.Rated) > 0 {
		x.Rated = x.Rated.Plus(burst)
	}
	if code == "" {
		return &x
	}
	x.Errors = slices.Clone(x.Errors)
	at, ok := slices.BinarySearchFunc(x.Errors, code, func(c counts.CodeTrack, code string) int { return strings.Compare(c.Code, code) })
	if !ok {
		x.Errors = slices.Insert(x.Errors, at, counts.CodeTrack{Code: code})
	}
	x.Errors[at].Track = x.Errors[at].Plus(burst)
	return &x
}

// Found tells whether a unit of kind of h (of its errors: of that code) raises an alarm in one of the hours from..upto-1 of the scored day: reaches
// s.Alarm. masked is as for Score. It spoils s.Tally: nothing that was made up may teach the empirical null.
func (s *Scorer) Found(h *counts.History, masked func(Unit) []int32, kind Kind, code string, from, upto int) bool {
	x, found := *h, false
	if kind == ErrorRate { // what is not asked for costs most of the time
		x.Rated = nil
		x.Errors = slices.DeleteFunc(slices.Clone(x.Errors), func(c counts.CodeTrack) bool { return c.Code != code })
	} else {
		x.Errors = nil
	}
	s.Score(&x, masked, upto, func(d *DayScore) {
		if d.Kind != kind {
			return
		}
		for hour := from; hour < upto; hour++ {
			found = found || d.Hours[hour].Best.Score >= s.Alarm.Of(kind)
		}
	})
	return found
}
