package insight

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trailgauge/pipeline/trail"
)

// life walks one unit through the hours of one day.
type life struct {
	c      *Candidate
	day    trail.Day
	limit  float64 // the threshold
	resume int32   // hour since 1970 that the next insight may begin in at the earliest

	open   *Insight
	hushed *Insight  // closed by a mark, and still going on
	quiet  int       // observed hours since the last unusual one, of open or hushed
	closed []Insight // in this step

	marks *Marks
}

// hour decides one hour.
func (l *life) hour(h int) {
	hour := &l.c.Hours[h]
	if l.hush(h); l.open == nil {
		if !hour.Observed || hour.Best.Score < l.limit || l.hushes(hour) || !l.begin(h) {
			return
		}
	} else {
		l.picture(h)
		switch {
		case l.loud(l.open, hour):
			l.quiet = 0
		case hour.Observed:
			l.quiet++
		}
	}
	if i := l.open; hour.Best.Score > i.Worst.Score {
		i.Worst = hour.Best
	}
	if l.quiet >= QuietHours || l.time(h+1).Sub(l.open.Whole.Start) >= LongestHours*time.Hour {
		l.close(h)
	}
}

// loud tells whether an hour keeps insight i open. The windows that count are those up to the one that opened it: a longer one still holds the
// burst for hours after it is over.
func (l *life) loud(i *Insight, hour *Hour) bool {
	if !hour.Observed {
		return false
	}
	v := &hour.Best
	unusual := v.Score >= l.limit-hysteresis && v.Window <= max(60, i.First.Window)
	if l.falls() {
		return unusual && float64(hour.Count) < hour.Mean
	}
	return unusual || float64(hour.Count) > hour.Mean+2*hour.SD
}

// falls tells whether the unit's insights are about too little.
func (l *life) falls() bool { return l.c.Kind == Silence }

// begin opens an insight on the alarm of hour h. It tells false when nothing that matters is left in the window, because the insight before has
// covered it: a long window holds a burst for hours after it is over.
func (l *life) begin(h int) bool {
	v := l.c.Hours[h].Best
	end := l.minute(l.day, 0) + v.End
	back := int32(v.Window)
	if v.Window <= 60 {
		back += 60 // what led up to it
	}
	earliest := max(end-back, l.minute(trail.Day(0), 0)+l.resume*60)
	i := &Insight{Revision: 1, State: Open, Unit: l.c.Unit, First: v, Worst: v, Threshold: l.limit, Fit: l.c.Fit}
	l.open = i
	l.sketch(earliest, h)
	start, ok := l.from(earliest, end)
	if !ok {
		l.open = nil
		return false
	}
	last := l.last(start, end)
	i.Detected = l.span(start, last)
	if earliest > end-back && !l.falls() && !material(i.Kind, float64(i.Detected.Count), l.expected(start, last)) {
		l.open = nil
		return false
	}
	day := trail.DayOf(i.Detected.Start.AddDate(0, 0, -7))
	i.Baseline = l.span(l.minute(day, 0), start)
	i.ID = newID(i.Unit, i.Detected.Start)
	i.Whole = i.Detected
	i.Hours = nil
	l.sketch(start-24*60, h)
	l.quiet, l.hushed = 0, nil
	return true
}

// last returns the exclusive end of what raised an alarm: the last minute with calls, or where it is calls that are missing, the end of the window.
func (l *life) last(start, end int32) int32 {
	if points := l.between(start, end); !l.falls() && len(points) > 0 {
		return points[len(points)-1].Minute + 1
	}
	return max(end, start+1)
}

// slack is how many times of the expected a minute must bring to lengthen an insight, as the reference value of a CUSUM: with 1, the noise of
// ordinary minutes would move a start or an end about. An alarm needs at least twice the expected.
const slack = 1.5

// from returns the minute that the unusual activity before end began in: of the minutes with calls, the one from which the excess over slack times
// the expected is largest.
func (l *life) from(earliest, end int32) (start int32, ok bool) {
	if l.falls() {
		return l.silentFrom(earliest, end), earliest < end
	}
	var best, sum float64
	points := l.between(earliest, end)
	at := end
	for k := len(points) - 1; k >= 0; k-- {
		p := points[k]
		sum += float64(p.N) - slack*l.expected(p.Minute, at)
		at = p.Minute
		if !ok || sum > best {
			best, start, ok = sum, p.Minute, true
		}
	}
	return start, ok
}

// until returns the exclusive end of the unusual activity that began in start: the minute up to which that excess is largest, at least
// one after start.
func (l *life) until(start, end int32) int32 {
	if l.falls() {
		return l.silentUntil(start, end)
	}
	var best, sum float64
	last, at := start, start
	for k, p := range l.between(start, end) {
		sum += float64(p.N) - slack*l.expected(at, p.Minute+1)
		at = p.Minute + 1
		if k == 0 || sum > best {
			best, last = sum, p.Minute
		}
	}
	return last + 1
}

// close ends the insight after hour h.
func (l *life) close(h int) {
	i := l.open
	start := l.at(i.Whole.Start)
	i.State = Closed
	until := l.until(start, l.minute(l.day, h+1))
	i.Extent = l.extent(start, until)
	l.measure(start, until)
	l.closed = append(l.closed, *i)
	l.open, l.quiet, l.resume = nil, 0, hourOf(l.day, h+1)
}

// extent counts, or with a silence misses, [start, until).
func (l *life) extent(start, until int32) int64 {
	n := l.span(start, until).Count
	if l.falls() {
		return max(0, int64(l.expected(start, until))-n)
	}
	return n
}

// progress brings an open insight up to date.
func (l *life) progress(upto int) {
	start := l.at(l.open.Whole.Start)
	end := max(start+1, l.minute(l.day, upto))
	l.open.Extent = l.extent(start, l.until(start, end))
	l.measure(start, end)
}

// measure sets what an insight says about its whole time.
func (l *life) measure(start, end int32) {
	i := l.open
	i.Whole = l.span(start, end)
	i.Expected, i.Members = l.expected(start, end), l.c.Members
	i.Before = l.before(start, end)
	var most int64
	i.Peak = i.Whole.Start
	for _, p := range l.between(start, end) {
		if p.N > most && !l.falls() {
			most, i.Peak = p.N, l.instant(p.Minute)
		}
	}
	for len(i.Hours) > 0 && !i.Hours[len(i.Hours)-1].Hour.Before(i.Whole.End) {
		i.Hours = i.Hours[:len(i.Hours)-1]
	}
}

// namespace makes the IDs of trailgauge's insights its own: UUIDv5 of the URL namespace and "urn:trailgauge:insight".
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:trailgauge:insight"))

// newID names an insight by its unit and the start it opened with. Lengths keep texts of an attacker's choice from running into each other.
func newID(u Unit, start time.Time) string {
	var b strings.Builder
	for _, s := range []string{u.Account, u.Region, u.Source, u.Name, u.Principal, strconv.FormatBool(u.Data),
		strconv.Itoa(int(u.Kind)), u.ErrorCode, start.UTC().Format(time.RFC3339)} {
		b.WriteString(strconv.Itoa(len(s)))
		b.WriteByte(':')
		b.WriteString(s)
	}
	return uuid.NewSHA1(namespace, []byte(b.String())).String()
}

// clone copies what a later hour may change.
func (i *Insight) clone() *Insight {
	c := *i
	c.Hours = append([]Bar(nil), i.Hours...)
	return &c
}
