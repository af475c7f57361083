package insight

import (
	"sort"
	"time"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// Minutes within a life count from 00:00 UTC of the track's first day. They may be negative.

// minute returns the minute that hour h of day begins with.
func (l *life) minute(day trail.Day, h int) int32 {
	return int32(day-l.c.First)*trail.MinutesPerDay + int32(h)*60
}

// at is the inverse of instant.
func (l *life) at(t time.Time) int32 { return int32(t.Sub(l.c.First.Start()) / time.Minute) }

func (l *life) instant(minute int32) time.Time {
	return l.c.First.Start().Add(time.Duration(minute) * time.Minute)
}

// time returns the instant at which hour h of the day begins.
func (l *life) time(h int) time.Time { return l.day.Start().Add(time.Duration(h) * time.Hour) }

// between returns the part of the track in [from, to).
func (l *life) between(from, to int32) counts.Track {
	tr := l.c.Track
	lo := sort.Search(len(tr), func(k int) bool { return tr[k].Minute >= from })
	hi := sort.Search(len(tr), func(k int) bool { return tr[k].Minute >= to })
	return tr[lo:max(lo, hi)]
}

// span counts [from, to).
func (l *life) span(from, to int32) Span {
	s := Span{Start: l.instant(from), End: l.instant(to)}
	for _, p := range l.between(from, to) {
		s.Count += p.N
	}
	return s
}

// before counts the minutes [start, end) of the days before, as far as the unit's track reaches and they do not run into each other.
func (l *life) before(start, end int32) (out []Earlier) {
	for k := int32(1); k <= 7; k++ {
		from, to := start-k*trail.MinutesPerDay, end-k*trail.MinutesPerDay
		if to > start || from < 0 {
			continue
		}
		x := Earlier{Days: int(k), Count: l.span(from, to).Count, Observed: true}
		if e := l.c.Exposure; e != nil {
			for at := l.instant(from).Truncate(time.Hour); at.Before(l.instant(to)); at = at.Add(time.Hour) {
				x.Observed = x.Observed && e.Observed(int(at.Sub(e.First.Start())/time.Hour))
			}
		}
		out = append(out, x)
	}
	return out
}

// picture adds hour h to the open insight's bars.
func (l *life) picture(h int) { l.open.Hours = append(l.open.Hours, l.bar(l.minute(l.day, h))) }

// sketch sets the open insight's bars, from the hour that holds minute from to hour h.
func (l *life) sketch(from int32, h int) {
	first := l.instant(from).Truncate(time.Hour)
	for m := l.at(first); m <= l.minute(l.day, h); m += 60 {
		l.open.Hours = append(l.open.Hours, l.bar(m))
	}
}

// bar returns the hour that begins at a minute. An hour of an earlier day is drawn with what the scored day's fit expects at that time of
// day; what was expected when that day was scored is not kept.
func (l *life) bar(minute int32) Bar {
	t := l.instant(minute)
	hour := &l.c.Hours[t.Hour()]
	b := Bar{Hour: t, Observed: hour.Observed, Mean: hour.Mean, Upper: hour.Upper}
	if minute >= l.minute(l.day, 0) {
		b.Count = hour.Count
		return b
	}
	e := l.c.Exposure
	b.Observed = e == nil || e.Observed(int(t.Sub(e.First.Start())/time.Hour))
	b.Count = l.span(minute, minute+60).Count
	return b
}

// expected returns what the bars expect in the minutes [from, to). An unobserved hour expects nothing: nothing could be counted.
func (l *life) expected(from, to int32) float64 {
	var sum float64
	for _, b := range l.open.Hours {
		start := l.at(b.Hour)
		if n := min(to, start+60) - max(from, start); n > 0 && b.Observed {
			sum += b.Mean * float64(n) / 60
		}
	}
	return sum
}
