package insight

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// The time of day of an insight on the days before: days that were not observed say so, and those that the insight itself reaches into are left out.
func TestBefore(t *testing.T) {
	first := trail.DayOf(time.Date(2026, 10, 22, 0, 0, 0, 0, time.UTC))
	e := counts.NewExposure(first, 11)
	for h := range 11 * 24 {
		if h/24 != 7 && h/24 != 8 { // and hours 0 and 1 of day 8 are: a day's last deliveries speak for no later hour
			e.Deliver(h)
		}
	}
	var track counts.Track
	for day := range int32(10) {
		track = append(track, counts.Point{Minute: day*1440 + 10*60 + 5, N: int64(day)}, counts.Point{Minute: day*1440 + 11*60, N: 100})
	}
	l := &life{c: &Candidate{Track: track, First: first, Exposure: e}, day: first + 9}
	at := int32(9 * 1440)
	want := []Earlier{{1, 8, false}, {2, 7, false}, {3, 6, true}, {4, 5, true}, {5, 4, true}, {6, 3, true}, {7, 2, true}}
	if d := cmp.Diff(want, l.before(at+10*60, at+11*60)); d != "" { // 11:00 is outside
		t.Error(d)
	}
	if got := l.before(at-10*60, at+20*60); len(got) != 6 || got[0].Days != 2 { // 30 hours reach into the day before
		t.Errorf("%+v", got)
	}
	l.c.First += 5 // the track begins four days before
	if got := l.before(4*1440+60, 4*1440+120); len(got) != 4 {
		t.Errorf("%+v", got)
	}
}
