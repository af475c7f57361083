package insight

import (
	"cmp"
	"slices"
	"time"

	"trailgauge/pipeline/trail"
)

// Marks act through the state of a day. Benign and incident hold from the first day that begins after they were made, closed from the first hour. So
// what a day comes to depends on the marks and their times alone, not on when it is decided.

// Past remembers an insight that was closed, for as long as its hours may matter to a fit: what is marked while it is open is of all its hours.
type Past struct {
	Unit Unit  `json:"unit"`
	From int32 `json:"from"` // first hour since 1970
	To   int32 `json:"to"`   // first hour after
}

// past brings what is remembered up to the end of a day, in which found were open.
func past(old []Past, found []Insight, day trail.Day) []Past {
	var out []Past
	for _, p := range old {
		if p.To > hourOf(day+1-flagDays, 0) {
			out = append(out, p)
		}
	}
	for k := range found {
		if i := &found[k]; i.State == Closed {
			from, to := hoursOf(i.Whole.Start, i.Whole.End)
			out = append(out, Past{i.Unit, from, to})
		}
	}
	slices.SortFunc(out, func(a, b Past) int { return cmp.Or(a.Unit.Compare(b.Unit), cmp.Compare(a.From, b.From)) })
	return out
}

// hoursOf returns the hours since 1970 that [start, end) touches, half-open.
func hoursOf(start, end time.Time) (from, to int32) {
	const hour = int64(time.Hour / time.Second)
	return int32(start.Unix() / hour), int32((end.Unix() + hour - 1) / hour)
}

// judge takes the hours (since 1970, ascending) of u's insights that are marked benign or incident when the state's day begins out of hours, and returns
// those of incidents that a fit could see. Of an hour that is marked twice the newer mark holds.
func (s *DayState) judge(u Unit, hours []int32) (rest, incidents []int32) {
	if s.Marks == nil || len(s.Marks.byUnit[u]) == 0 {
		return hours, nil
	}
	as := map[int32]As{}
	say := func(from, to int32, what As) {
		n, _ := slices.BinarySearch(hours, from)
		for ; n < len(hours) && hours[n] < to; n++ {
			as[hours[n]] = what
		}
	}
	begin := s.Day.Start()
	for _, x := range s.Marks.byUnit[u] {
		if x.As == AsClosed || !s.Marks.holds(x.Mark, begin) {
			continue
		}
		from, to := hoursOf(x.of.Start, x.of.End)
		say(from, to, x.As)
		for _, p := range s.Past {
			if p.Unit == u && p.From < to && from < p.To {
				say(p.From, p.To, x.As)
			}
		}
		if r := s.running(u); r != nil && r.Insight.Whole.Start.Before(x.of.End) {
			from, _ := hoursOf(r.Insight.Whole.Start, begin)
			say(from, hourOf(s.Day, 0), x.As)
		}
	}
	for _, h := range hours {
		switch {
		case as[h] == "":
			rest = append(rest, h)
		case as[h] == AsIncident && h >= hourOf(s.Day-fitDays, 0):
			incidents = append(incidents, h)
		}
	}
	return rest, incidents
}

// hush closes what a mark wants closed as of hour h, and ends the silence about what was closed like that: when it is over, or the mark is taken back.
func (l *life) hush(h int) {
	if i := l.open; i != nil && l.marks.closes(i, l.time(h)) {
		l.close(h - 1)
		l.hushed = i
	}
	if l.hushed == nil {
		return
	}
	hour := &l.c.Hours[h]
	switch {
	case !l.marks.closes(l.hushed, l.time(h)):
		l.hushed, l.quiet = nil, 0
	case l.loud(l.hushed, hour):
		l.quiet = 0
	case hour.Observed:
		if l.quiet++; l.quiet >= QuietHours {
			l.hushed, l.quiet, l.resume = nil, 0, hourOf(l.day, h+1)
		}
	}
}

// louder is how many times the busiest hour of what a mark closed an hour must bring to be news while that goes on. Scores would not do: over longer
// windows they rise for as long as a burst lasts.
const louder = 2

// hushes tells whether an alarm is no news: what a mark closed is still going on, about as before.
func (l *life) hushes(hour *Hour) bool {
	if l.hushed == nil {
		return false
	}
	var busiest int64
	for _, b := range l.hushed.Hours {
		if b.Hour.Add(time.Hour).After(l.hushed.Whole.Start) {
			busiest = max(busiest, b.Count)
		}
	}
	return l.falls() || hour.Count <= louder*busiest
}
