package insight

import (
	"slices"

	"trailgauge/baseline"
	"trailgauge/pipeline/trail"
)

// DayState is all that Step carries from one day to the next. Its JSON is deterministic.
type DayState struct {
	Day     trail.Day `json:"day"`               // the state is as of 00:00 UTC of this day
	Open    []Running `json:"open,omitempty"`    // sorted by unit
	Ended   []Ended   `json:"ended,omitempty"`   // sorted by unit
	Flagged []Flags   `json:"flagged,omitempty"` // sorted by unit
	Past    []Past    `json:"past,omitempty"`    // sorted by unit, then time

	Marks *Marks `json:"-"` // what the day heeds; no part of the state: it is given them anew each time. Nil: none
}

// Running is an open insight, or one that a mark closed while what it is about goes on.
type Running struct {
	Insight Insight `json:"insight"`
	Quiet   int     `json:"quiet"`            // observed hours since the last unusual one
	Hushed  bool    `json:"hushed,omitempty"` // closed by a mark: it keeps others from opening until it is over
}

// Ended remembers for a day that an insight of the unit was closed, so that the next one is not dated back into it.
type Ended struct {
	Unit Unit  `json:"unit"`
	Hour int32 `json:"hour"` // since 1970: the first hour after the closing
}

// Flags are a unit's unusual hours of the last flagDays days.
type Flags struct {
	Unit  Unit    `json:"unit"`
	Hours []int32 `json:"hours"` // since 1970, ascending
}

// An unusual hour is hidden from the fits of 28 days, unless its pattern is the new usual: within releaseSpan days it goes on for releaseDays, or has come
// as many times; or it lasted for a week, which is when an insight is closed as the new usual (LongestHours). What lasted for some days and is over
// stays hidden, and so does what came back once. Hours are kept for as long as they may decide that of an hour that is still hidden.
const (
	releaseDays = 3
	releaseSpan = 14
	fitDays     = baseline.FitDays
	flagDays    = fitDays + releaseSpan - 1
)

// NewDayState returns the state of a lake that has decided nothing before day.
func NewDayState(day trail.Day) *DayState { return &DayState{Day: day} }

// Masked returns the hours (since 1970, ascending) that u's fit must not see: unusual ones of the last 28 days, but for those
// that have become usual. Marked insights are their own case: benign ones are as if they had not been unusual, those of incidents
// stay hidden however often they come. Nil hides nothing.
func (s *DayState) Masked(u Unit) []int32 {
	n, ok := slices.BinarySearchFunc(s.Flagged, u, func(f Flags, u Unit) int { return f.Unit.Compare(u) })
	if !ok {
		return nil
	}
	hours, incidents := s.judge(u, s.Flagged[n].Hours)
	episodes := episodesOf(hours)
	var masked []int32
	for _, h := range hours {
		if h >= hourOf(s.Day-fitDays, 0) && !released(episodes, dayOf(h), int32(s.Day)) {
			masked = append(masked, h)
		}
	}
	masked = append(masked, incidents...)
	slices.Sort(masked)
	return masked
}

func dayOf(hour int32) int32 { return hour / 24 }

// episode is flagged days that follow each other without a gap.
type episode struct{ from, to int32 }

func episodesOf(hours []int32) (list []episode) {
	for _, h := range hours {
		d, n := dayOf(h), len(list)
		switch {
		case n > 0 && d <= list[n-1].to+1:
			list[n-1].to = d
		default:
			list = append(list, episode{d, d})
		}
	}
	return list
}

// released tells whether day, one of the episodes', is usual: together with releaseDays of the days of an episode that goes on until yesterday, or
// with releaseDays episodes, it lies in a run of releaseSpan days. Twice is not enough, however long each time: an attack that comes back is none the
// less one.
func released(episodes []episode, day, today int32) bool {
	for k, e := range episodes {
		if e.to >= today-1 && e.to-e.from >= releaseDays-1 && e.from+releaseDays-1-day < releaseSpan {
			return true
		}
		if e.from <= day && day <= e.to && e.to-e.from >= LongestHours/24-1 {
			return true
		}
		if last := k + releaseDays - 1; last < len(episodes) && max(episodes[last].from, day)-min(e.to, day) < releaseSpan {
			return true
		}
	}
	return false
}

func (s *DayState) running(u Unit) *Running {
	n, ok := slices.BinarySearchFunc(s.Open, u, func(r Running, u Unit) int { return r.Insight.Unit.Compare(u) })
	if !ok {
		return nil
	}
	return &s.Open[n]
}

// ended returns the first hour that a new insight of u may begin in; 0 when any may.
func (s *DayState) ended(u Unit) int32 {
	n, ok := slices.BinarySearchFunc(s.Ended, u, func(e Ended, u Unit) int { return e.Unit.Compare(u) })
	if !ok {
		return 0
	}
	return s.Ended[n].Hour
}

// flagger collects the flags of one more day.
type flagger struct{ hours map[Unit][]int32 }

// newFlagger begins with those of state that still matter on the day after.
func newFlagger(state *DayState, day trail.Day) *flagger {
	f := &flagger{hours: map[Unit][]int32{}}
	for _, old := range state.Flagged {
		n, _ := slices.BinarySearch(old.Hours, hourOf(day+1-flagDays, 0))
		if n < len(old.Hours) {
			f.hours[old.Unit] = slices.Clone(old.Hours[n:])
		}
	}
	return f
}

// see notes hour h of c if it is to be hidden, and with it the hours of its window that have more than usual too. Where calls are missing
// there is nothing to hide.
func (f *flagger) see(c *Candidate, day trail.Day, h int) {
	if c.Kind == Silence || c.Hours[h].Best.Score <= QuarantineScore {
		return
	}
	l, v := life{c: c, day: day}, &c.Hours[h].Best
	for back := range max(1, v.Window/60) {
		b := l.bar(l.minute(day, h-back))
		within := back == 0 && int(v.End)-v.Window >= h*60
		if within || float64(b.Count) > b.Mean {
			f.add(c.Unit, hourOf(day, h-back))
		}
	}
}

// add keeps a unit's hours ascending.
func (f *flagger) add(u Unit, hour int32) {
	n, ok := slices.BinarySearch(f.hours[u], hour)
	if !ok {
		f.hours[u] = slices.Insert(f.hours[u], n, hour)
	}
}

func (f *flagger) list() []Flags {
	var out []Flags
	for u, hours := range f.hours {
		out = append(out, Flags{Unit: u, Hours: hours})
	}
	slices.SortFunc(out, func(a, b Flags) int { return a.Unit.Compare(b.Unit) })
	return out
}
