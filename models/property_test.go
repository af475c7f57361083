package models

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

var fuzzTails = flag.Int("fuzz-tails", 300_000, "random inputs of TestNoInputBreaksATail")

// wild is any float a broken fit could hand over: ordinary, extreme, special.
func wild(r *rand.Rand) float64 {
	switch r.IntN(10) {
	case 0:
		return []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), 5e-324, math.MaxFloat64, 1}[r.IntN(8)]
	case 1:
		return math.Exp(r.Float64()*1400 - 700)
	default:
		return math.Exp(r.Float64()*30 - 15)
	}
}

func wildCount(r *rand.Rand) int64 {
	if r.IntN(20) == 0 {
		return []int64{math.MinInt64, -1, 0, math.MaxInt64}[r.IntN(4)]
	}
	return int64(math.Exp(r.Float64() * 30))
}

func TestNoInputBreaksATail(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 20))
	for range *fuzzTails {
		soundTails(t, wildCount(r), wildCount(r), wild(r), wild(r))
	}
}

func FuzzTails(f *testing.F) {
	r := rand.New(rand.NewPCG(4, 21))
	for range 50 {
		f.Add(wildCount(r), wildCount(r), wild(r), wild(r))
	}
	f.Fuzz(func(t *testing.T, x, n int64, a, b float64) { soundTails(t, x, n, a, b) })
}

// soundTails checks that every tail is a logarithm of a probability, whatever it is asked for.
func soundTails(t *testing.T, x, n int64, a, b float64) {
	for i, l := range [...]float64{
		NBLogUpper(x, a, b), NBLogLower(x, a, b), PoissonLogUpper(x, a), PoissonLogLower(x, b), BinomialLogUpper(x, n, a),
		BetaBinomialLogUpper(x, n, a, b), StudentTLogUpper(a*float64(1-2*(n&1)), b), LogAdd(StudentTLogUpper(a, b), NBLogUpper(n, b, a)) - math.Ln2,
	} {
		if !(l <= 0) {
			t.Fatalf("tail %d: x=%d n=%d a=%v b=%v gives %v", i, x, n, a, b, l)
		}
	}
	if y := NBUpperQuantile(-math.Abs(a), b, a); y < 0 {
		t.Fatalf("quantile: a=%v b=%v gives %d", a, b, y)
	}
}

// TestTailsFallAsTheCountGrows walks neighbouring counts over every branch; rounding may lift a neighbour by 1e-13, no more.
func TestTailsFallAsTheCountGrows(t *testing.T) {
	falls := func(name string, from, to int64, tail func(int64) float64) {
		last := 0.0
		for y := from; y <= to; y++ {
			l := tail(y)
			if l > last+1e-13*math.Abs(last) {
				t.Fatalf("%s: %v at %d after %v", name, l, y, last)
			}
			last = l
		}
	}
	for _, mean := range []float64{0.01, 0.9, 7, 80, 900, 1e5} {
		for _, size := range []float64{0.01, 0.5, 4, 100, 1e6, math.Inf(1)} {
			from := max(0, int64(mean)-1500)
			falls(fmt.Sprint("nb ", mean, size), from, from+3000, func(y int64) float64 { return NBLogUpper(y, mean, size) })
		}
	}
	for _, a := range []float64{0.05, 2, 60} {
		falls(fmt.Sprint("beta-binomial ", a), 0, 500, func(x int64) float64 { return BetaBinomialLogUpper(x, 500, a, 9) })
		falls(fmt.Sprint("long beta-binomial ", a), 0, 3000, func(x int64) float64 { return BetaBinomialLogUpper(10*x+1, 30_000, a, 9) })
		falls(fmt.Sprint("binomial ", a), 0, 500, func(x int64) float64 { return BinomialLogUpper(x, 500, a/100) })
		falls(fmt.Sprint("t ", a), -300, 3000, func(i int64) float64 { return StudentTLogUpper(float64(i)/100, a) })
	}
}

func TestQuantileInvertsTheTail(t *testing.T) {
	for _, mean := range []float64{0.01, 2, 300, 1e5} {
		for _, size := range []float64{0.2, 5, math.Inf(1)} {
			for _, lnp := range []float64{-0.01, -1, -7, -200} {
				y := NBUpperQuantile(lnp, mean, size)
				if NBLogUpper(y+1, mean, size) > lnp || y > 0 && NBLogUpper(y, mean, size) <= lnp {
					t.Errorf("quantile(%v, %v, %v) = %d is not the smallest", lnp, mean, size, y)
				}
			}
		}
	}
	if y := NBUpperQuantile(-5, math.NaN(), 1); y != math.MaxInt64 {
		t.Errorf("an invalid model allows %d, want every count", y)
	}
}

func TestLogSums(t *testing.T) {
	inf := math.Inf(-1)
	for _, c := range []struct{ got, want float64 }{
		{LogAdd(inf, inf), inf}, {LogAdd(-5, inf), -5}, {LogAdd(-1e4, -1e4), -1e4 + math.Ln2},
	} {
		if c.got != c.want && !(math.Abs(c.got-c.want) <= 1e-12*math.Abs(c.want)) {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
}
