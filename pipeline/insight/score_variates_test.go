package insight

import (
	"math"
	"math/rand/v2"
)

func poisson(r *rand.Rand, mu float64) int64 {
	if mu > 30 {
		return max(0, int64(math.Round(mu+math.Sqrt(mu)*r.NormFloat64())))
	}
	n, p := int64(0), r.Float64()
	for limit := math.Exp(-mu); p > limit; n++ {
		p *= r.Float64()
	}
	return n
}

// gammaVariate draws by Marsaglia and Tsang.
func gammaVariate(r *rand.Rand, k float64) float64 {
	if k < 1 {
		return gammaVariate(r, k+1) * math.Pow(r.Float64(), 1/k)
	}
	d := k - 1./3
	for {
		x := r.NormFloat64()
		v := 1 + x/math.Sqrt(9*d)
		if v = v * v * v; v > 0 && math.Log(r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func negBinomial(r *rand.Rand, k, mu float64) int64 { return poisson(r, gammaVariate(r, k)*mu/k) }

func betaVariate(r *rand.Rand, a, b float64) float64 {
	x, y := gammaVariate(r, a), gammaVariate(r, b)
	if x+y == 0 {
		return 0
	}
	return x / (x + y)
}

func binomial(r *rand.Rand, n int64, p float64) int64 {
	if n > 200 {
		mean := float64(n) * p
		return min(max(0, int64(math.Round(mean+math.Sqrt(mean*(1-p))*r.NormFloat64()))), n)
	}
	k := int64(0)
	for range n {
		if r.Float64() < p {
			k++
		}
	}
	return k
}
