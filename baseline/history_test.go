package baseline

import (
	"fmt"
	"sort"

	"pgregory.net/rapid"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

const testDay = trail.Day(20001)

// drawTrack draws a sparse track of so many days.
func drawTrack(t *rapid.T, name string, days int) counts.Track {
	minutes := rapid.SliceOfNDistinct(rapid.Int32Range(0, int32(days)*1440-1), 0, 60, rapid.ID[int32]).Draw(t, name)
	sort.Slice(minutes, func(i, j int) bool { return minutes[i] < minutes[j] })
	var track counts.Track
	for _, m := range minutes {
		n := rapid.OneOf(rapid.Int64Range(1, 20), rapid.Int64Range(1, 1<<62)).Draw(t, "n")
		track = append(track, counts.Point{Minute: m, N: n})
	}
	return track
}

// drawHistory draws a history of up to 30 days and an exposure with gaps that covers it.
func drawHistory(t *rapid.T) (*counts.History, *counts.Exposure) {
	days := rapid.IntRange(1, 30).Draw(t, "days")
	h := &counts.History{
		Series: counts.Series{Account: "1", Region: "r", Source: fmt.Sprint("s", rapid.IntRange(0, 3).Draw(t, "source")), Name: fmt.Sprint("n", rapid.IntRange(0, 20).Draw(t, "name"))},
		First:  testDay, Days: days, Data: rapid.Bool().Draw(t, "data"),
	}
	if rapid.Bool().Draw(t, "principal") {
		h.Principal = "p"
	}
	h.Born = rapid.Int32Range(-5000, int32(days)*1440).Draw(t, "born")
	h.All = drawTrack(t, "calls", days)
	if rapid.Bool().Draw(t, "rated") {
		h.Rated = h.All
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "codes") {
		h.Errors = append(h.Errors, counts.CodeTrack{Code: fmt.Sprint("c", i), Track: drawTrack(t, "errors", days)})
	}
	e := &counts.Exposure{First: testDay, Hours: rapid.SliceOfN(rapid.Uint32Range(0, 1<<24-1), days, days).Draw(t, "hours")}
	return h, e
}

// always observes so many days from testDay on.
func always(days int) *counts.Exposure {
	e := &counts.Exposure{First: testDay, Hours: make([]uint32, days)}
	for d := range e.Hours {
		e.Hours[d] = 1<<24 - 1
	}
	return e
}

// every is n calls every so many minutes over days days.
func every(minutes int, n int64, days int) (t counts.Track) {
	for m := 0; m < days*1440; m += minutes {
		t = append(t, counts.Point{Minute: int32(m), N: n})
	}
	return t
}
