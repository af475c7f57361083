package models

import (
	"math"
	"testing"
)

// A whole shape n is the waiting time for n arrivals of a Poisson process: P(X >= x) = P(fewer than n arrivals in x).
func TestGammaIsAPoissonWait(t *testing.T) {
	for _, n := range []int64{1, 2, 5, 40} {
		for _, x := range []float64{.01, .9, 1.1, 4, 30, 100, 5000} {
			got, want := GammaLogUpper(float64(n), x), PoissonLogLower(n-1, x)
			if math.Abs(got-want) > 1e-9*math.Max(1, -want) {
				t.Errorf("shape %d, x %g: %g, want %g", n, x, got, want)
			}
		}
	}
}

// A shape of one half is the square of a normal deviate: P(X >= x) = erfc(sqrt x).
func TestGammaIsASquaredNormal(t *testing.T) {
	for _, x := range []float64{.001, .3, 1.4, 1.6, 9, 400} {
		if got, want := GammaLogUpper(.5, x), math.Log(math.Erfc(math.Sqrt(x))); math.Abs(got-want) > 1e-9*math.Max(1, -want) {
			t.Errorf("x %g: %g, want %g", x, got, want)
		}
	}
	for _, bad := range [][2]float64{{0, 1}, {-1, 1}, {math.NaN(), 1}, {1, math.NaN()}, {1, 0}, {1, -3}} {
		if got := GammaLogUpper(bad[0], bad[1]); got != 0 {
			t.Errorf("shape %g, x %g: %g", bad[0], bad[1], got)
		}
	}
	if got := GammaLogUpper(2, math.Inf(1)); !math.IsInf(got, -1) {
		t.Errorf("at infinity: %g", got)
	}
}
