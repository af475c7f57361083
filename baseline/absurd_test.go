package baseline

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// Nothing panics and every estimate stays in its range: no days, no calls, an exposure of another year, negative and huge counts, minutes
// outside of the history, masks of anywhere, hours that do not exist.
func TestAbsurdHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.IntRange(0, 60).Draw(t, "days")
		h := &counts.History{
			Series: counts.Series{Source: "s", Name: "n"}, First: testDay + trail.Day(rapid.IntRange(-40_000, 40_000).Draw(t, "first")), Days: days,
			Born: rapid.Int32().Draw(t, "born"), RatedBorn: rapid.Int32().Draw(t, "rated born"),
			All: absurdTrack(t, days), Rated: absurdTrack(t, days), Errors: []counts.CodeTrack{{Code: "c", Track: absurdTrack(t, days)}},
		}
		e := &counts.Exposure{
			First: h.First + trail.Day(rapid.SampledFrom([]int{0, 0, -3, 50, -9000}).Draw(t, "exposure")),
			Hours: rapid.SliceOfN(rapid.Uint32(), 0, 40).Draw(t, "hours"),
		}
		hours := rapid.SliceOfN(rapid.OneOf(rapid.Int32(), rapid.Int32Range(int32(h.First)*24, int32(h.First)*24+700)), 0, 9).Draw(t, "masked")
		masked := func(Channel, string) []int32 { return hours }
		var s Sketch
		s.Add(h, e, masked)
		var none *Priors
		for _, priors := range []*Priors{none, new(Sketch).Priors(), s.Priors()} {
			var f Fitter
			var g, calls Grid
			upto := rapid.IntRange(-30, 60).Draw(t, "upto")
			g.Begin(h, e, upto)
			calls.Begin(h, e, upto)
			g.Load(h.Rated)
			calls.Load(h.All)
			p := f.Fit(&g, priors.Of(h, Calls), hours)
			check(t, p)
			if !(p.Level > 0) || math.IsInf(p.Level, 0) || p.Exposure < 0 || p.Exposure > g.Fit || p.Total < 0 || p.Busiest < 0 {
				t.Fatalf("%+v", p)
			}
			for w := range 2 {
				if n := g.CallsBefore(w, rapid.Int32().Draw(t, "end")); n < 0 {
					t.Fatalf("%d calls", n)
				}
			}
			g.Load(h.Errors[0].Track)
			x := f.FitErrors(&g, &calls, priors.Of(h, Errors), hours)
			check(t, x.Params)
			if a, b := x.Beta(rapid.IntRange(-5, 99).Draw(t, "window")); !(a > 0 && b > 0) || math.IsInf(a+b, 0) {
				t.Fatalf("beta(%v, %v)", a, b)
			}
		}
	})
}

// absurdTrack is ascending, as tracks are, and nothing else.
func absurdTrack(t *rapid.T, days int) (track counts.Track) {
	m := rapid.Int32Range(-5000, 5000).Draw(t, "minute")
	for range rapid.IntRange(0, 30).Draw(t, "points") {
		n := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-2, 9)).Draw(t, "n")
		track = append(track, counts.Point{Minute: m, N: n})
		m += rapid.Int32Range(1, int32(max(days, 1))*150).Draw(t, "gap")
	}
	return track
}
