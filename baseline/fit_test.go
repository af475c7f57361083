package baseline

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"trailgauge/pipeline/counts"
)

func fitted(h *counts.History, e *counts.Exposure, masked []int32) Params {
	var f Fitter
	var g Grid
	g.Begin(h, e, 24)
	g.Load(h.Rated)
	return *f.Fit(&g, vague, masked)
}

// An hour that was not observed is no zero: seeing half of the hours gives the same level, and half of the exposure.
func TestUnobservedIsNotZero(t *testing.T) {
	h := &counts.History{First: testDay, Days: 15, Rated: every(60, 4, 15)}
	whole := fitted(h, always(15), nil)
	half := always(15)
	for d := range half.Hours {
		half.Hours[d] = 0x555555 // every other hour
	}
	part := fitted(h, half, nil)
	if part.Exposure != whole.Exposure/2 {
		t.Errorf("exposure %d, want half of %d", part.Exposure, whole.Exposure)
	}
	if r := part.Level / whole.Level; r < .97 || r > 1.03 {
		t.Errorf("level %.3g of the half, %.3g of the whole", part.Level, whole.Level)
	}
	empty := &counts.History{First: testDay, Days: 15, Rated: every(120, 4, 15)} // calls in every other hour, the rest zero
	if zero := fitted(empty, always(15), nil); zero.Level > .6*whole.Level {
		t.Errorf("zeros count nothing: level %.3g against %.3g", zero.Level, whole.Level)
	}
}

// A masked burst leaves no trace in the fit: the same as if its hours had not been observed.
func TestMaskedHours(t *testing.T) {
	quiet := &counts.History{First: testDay, Days: 15, Rated: every(60, 4, 15)}
	loud := &counts.History{First: testDay, Days: 15, Rated: every(60, 4, 15)}
	e := always(15)
	var masked []int32
	for h := range 5 {
		loud.Rated[100+h].N = 5000
		masked = append(masked, int32(testDay)*24+100+int32(h))
		e.Hours[(100+h)/24] &^= 1 << ((100 + h) % 24)
	}
	got, want := fitted(loud, always(15), masked), fitted(quiet, e, nil)
	if got.Level != want.Level || got.Alpha != want.Alpha || got.mu != want.mu || got.Exposure != want.Exposure || got.VIF != want.VIF {
		t.Errorf("masked: level %v alpha %v exposure %d, unobserved: %v %v %d", got.Level, got.Alpha, got.Exposure, want.Level, want.Alpha, want.Exposure)
	}
	if seen := fitted(loud, always(15), nil); seen.Level < 2*got.Level {
		t.Errorf("the burst is too small for this test: %v against %v", seen.Level, got.Level)
	}
}

// A job at 3 o'clock every day is expected there and nowhere else.
func TestShapeLearnsJob(t *testing.T) {
	h := &counts.History{First: testDay, Days: 29}
	for d := range 29 {
		h.Rated = append(h.Rated, counts.Point{Minute: int32(d*1440 + 3*60 + 7), N: 40})
	}
	p := fitted(h, always(29), nil)
	var g Grid
	g.Begin(h, always(29), 24)
	at, before := p.Mean(g.Slot(g.Fit+3)), p.Mean(g.Slot(g.Fit+2))
	if at < 20 || before > at/20 {
		t.Errorf("expected %.3g at 3 o'clock and %.3g at 2", at, before)
	}
	if a, b := p.ActiveProb(g.Slot(g.Fit+3)), p.ActiveProb(g.Slot(g.Fit+12)); a < .8 || b > .1 {
		t.Errorf("active with probability %.3g at 3 and %.3g at 12 o'clock", a, b)
	}
}

// The grid agrees with sums over every minute.
func TestGridSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, e := drawHistory(t)
		for i := range h.All {
			h.All[i].N = min(h.All[i].N, 1000)
		}
		upto := rapid.IntRange(0, 24).Draw(t, "upto")
		var g Grid
		g.Begin(h, e, upto)
		g.Load(h.All)
		skip := int32(max(0, h.Days-29)) * 1440
		minutes := make([]int64, g.Hours*60)
		for _, p := range h.All {
			if m := p.Minute - skip; m >= 0 && g.Seen[m/60] {
				minutes[m] += p.N
			}
		}
		for hour := range g.Hours {
			var sum int64
			var peak [2]int64
			for end := hour*60 + 5; end <= hour*60+60; end += 5 {
				own := total(minutes, end-5, end)
				sum += own
				if own > 0 {
					peak[0] = max(peak[0], own)
					peak[1] = max(peak[1], total(minutes, end-15, end))
				}
			}
			if g.N[hour] != sum || g.Peak[0][hour] != peak[0] || g.Peak[1][hour] != peak[1] {
				t.Fatalf("hour %d: %d, peaks %d %d, want %d, %v", hour, g.N[hour], g.Peak[0][hour], g.Peak[1][hour], sum, peak)
			}
			for w := range peak {
				if h := hour - g.Fit; h >= 0 && peak[w] > 0 {
					if got := g.CallsBefore(w, g.PeakEnd(w, h)); got != peak[w] {
						t.Fatalf("hour %d: %d calls before the end of peak %d, want %d", hour, got, w, peak[w])
					}
				}
			}
		}
	})
}

func total(minutes []int64, from, to int) (n int64) {
	for m := max(from, 0); m < to; m++ {
		n += minutes[m]
	}
	return n
}

// Whatever a trail says, every estimate is a number in its range.
func TestFitIsFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Sketch
		for range 6 {
			h, e := drawHistory(t)
			s.Add(h, e, nil)
		}
		h, e := drawHistory(t)
		priors := s.Priors()
		var f Fitter
		var g, calls Grid
		g.Begin(h, e, 24)
		g.Load(h.Rated)
		check(t, f.Fit(&g, priors.Of(h, Calls), nil))
		calls.Begin(h, e, 24)
		calls.Load(h.All)
		for _, c := range h.Errors {
			g.Load(c.Track)
			x := f.FitErrors(&g, &calls, priors.Of(h, Errors), nil)
			check(t, x.Params)
			for _, hours := range []int{1, 12} {
				if a, b := x.Beta(hours); !(a > 0 && b > 0 && a < 1e9 && b < 1e9) {
					t.Fatalf("beta(%v, %v)", a, b)
				}
			}
		}
	})
}

func check(t *rapid.T, p *Params) {
	for slot := range Slots {
		for _, x := range []float64{p.Mean(slot), p.Dispersion(slot), p.PeakDispersion(1, slot), p.Cap(slot), p.ActiveProb(slot)} {
			if !(x > 0) || math.IsInf(x, 0) {
				t.Fatalf("slot %d: %v", slot, x)
			}
		}
	}
	for _, y := range []int64{1, 30, 1 << 40, math.MaxInt64} {
		for w := range 3 {
			if s := p.SizeTail(w, y); !(s.Pooled <= 0) || !(s.Record <= 0) || math.IsNaN(s.T) || s.Weight <= 0 || s.Weight > 1 {
				t.Fatalf("size tail at %d: %+v", y, s)
			}
		}
	}
}
