package models

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

var sink float64

func BenchmarkTails(b *testing.B) {
	for _, c := range []struct {
		name string
		tail func() float64
	}{
		{"nb/near", func() float64 { return NBLogUpper(50, 50, 10) }},
		{"nb/near large", func() float64 { return NBLogUpper(2000, 2000, 1e6) }},
		{"nb/far", func() float64 { return NBLogUpper(5000, 2, 0.5) }},
		{"poisson/near", func() float64 { return PoissonLogUpper(50, 50) }},
		{"poisson/far", func() float64 { return PoissonLogUpper(5000, 2) }},
		{"binomial/near", func() float64 { return BinomialLogUpper(31, 1000, 0.03) }},
		{"betabinomial/near", func() float64 { return BetaBinomialLogUpper(3, 50, 0.2, 9.8) }},
		{"betabinomial/far", func() float64 { return BetaBinomialLogUpper(30, 50, 0.2, 9.8) }},
		{"betabinomial/long", func() float64 { return BetaBinomialLogUpper(300, 5000, 0.2, 9.8) }},
		{"betabinomial/endless", func() float64 { return BetaBinomialLogUpper(3e8, 1e10, 0.2, 9.8) }},
		{"nb/near endless", func() float64 { return NBLogUpper(1e10, 1e10, 1e9) }},
		{"student/near", func() float64 { return StudentTLogUpper(1.8, 600) }},
		{"student/far", func() float64 { return StudentTLogUpper(30, 4) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				sink = c.tail()
			}
		})
	}
}

// BenchmarkGrid is the mean time of a tail over all rows of the grid, which holds more extremes than the product meets.
func BenchmarkGrid(b *testing.B) {
	byTail := map[string][]point{}
	var names []string
	for _, p := range gridPoints() {
		name, _, _ := strings.Cut(p.tail, "-")
		if byTail[name] == nil {
			names = append(names, name)
		}
		byTail[name] = append(byTail[name], p)
	}
	for _, name := range names {
		b.Run(name, func(b *testing.B) {
			ps := byTail[name]
			for i := range b.N {
				sink = ps[i%len(ps)].fast()
			}
		})
	}
}

// BenchmarkMix is the mean time of what scoring asks for: nine negative binomials with means from a call a week to a thousand an hour, two
// Student t and two beta-binomials with up to thousands of trials, most counts above the mean but not by far.
func BenchmarkMix(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	var ps []point
	for range 1000 {
		for range 9 {
			mean, size := math.Exp(12*r.Float64()-5), math.Exp(5*r.Float64()-2)
			y := math.Ceil(mean + (mean+math.Sqrt(mean+mean*mean/size))*5*r.Float64())
			ps = append(ps, point{"nb-upper", y, []float64{mean, size}})
		}
		for range 2 {
			ps = append(ps, point{"student", 10*r.Float64() - 3, []float64{4 + math.Floor(300*r.Float64())}})
			n, rate, worth := math.Ceil(math.Exp(8*r.Float64())), math.Exp(-5*r.Float64()), math.Exp(4*r.Float64()+1)
			ps = append(ps, point{"beta-binomial", math.Ceil(n * min(1, rate*(1+4*r.Float64()))), []float64{n, rate * worth, (1 - rate) * worth}})
		}
	}
	r.Shuffle(len(ps), func(i, j int) { ps[i], ps[j] = ps[j], ps[i] })
	b.ResetTimer()
	for i := range b.N {
		sink = ps[i%len(ps)].fast()
	}
}
