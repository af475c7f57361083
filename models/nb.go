package models

import "math"

// Ranges in which the formulas of this package were checked. A mean or size outside is moved to the nearest end,
// which no count of a real trail can tell from the exact value; the ends keep every intermediate quotient finite.
const (
	minParam = 1e-100
	maxParam = 1e100

	// minShape is the smallest size, and the smallest parameter of a beta distribution. Below it nearly all of the probability is at 0, and
	// what is left, in proportion to the shape, would be lost in the complement of the rest.
	minShape = 1e-9

	// poissonSize is the size above which a negative binomial is taken as its Poisson limit: there the logarithms of the two differ
	// by (y-mean)²/(2·size) at most.
	poissonSize = 1e15
)

// NBLogUpper is ln P(Y >= y) for a negative binomial count Y with the given mean and variance mean + mean²/size.
// A size above 1e15, +Inf included, means Poisson.
//
// The result is in [-Inf, 0], falls as y grows, and is never NaN. A count of 0 or less is certain: 0. A mean of 0 leaves a
// positive count no chance: -Inf. An invalid model (mean NaN or negative, size NaN, zero or negative) knows nothing,
// and so calls nothing surprising: 0.
//
// The tail is a density in Loader's saddle-point form (2000) times the continued fraction of the incomplete
// beta function; at and below the mean it is the complement of the other tail, taken in logarithms. Near a mean above a million,
// where the fraction takes many steps, an expansion takes its place. The relative error of the logarithm is below 1e-9, down to
// probabilities of 10^-31320.
func NBLogUpper(y int64, mean, size float64) float64 {
	if size > poissonSize {
		return PoissonLogUpper(y, mean)
	}
	if y <= 0 || !(mean >= 0) || !(size > 0) {
		return 0
	}
	if mean == 0 {
		return math.Inf(-1)
	}
	upper, lower := nbTails(float64(y), mean, size)
	if upper <= 0 {
		return upper
	}
	return logComplement(lower)
}

// NBLogLower is ln P(Y <= y) of the same count. A negative y is impossible: -Inf; an invalid model, or a mean of 0, gives 0.
func NBLogLower(y int64, mean, size float64) float64 {
	if size > poissonSize {
		return PoissonLogLower(y, mean)
	}
	if !(mean >= 0) || !(size > 0) {
		return 0
	}
	if y < 0 {
		return math.Inf(-1)
	}
	if mean == 0 {
		return 0
	}
	upper, lower := nbTails(float64(y)+1, mean, size)
	if upper <= 0 {
		return logComplement(upper)
	}
	return lower
}

// unknownTail marks the tail that nbTails and its kin did not compute: no logarithm of a probability is positive.
const unknownTail = 1

// nbTails returns ln P(Y >= y) or ln P(Y < y), or both, and unknownTail for what was not computed; y >= 1.
// P(Y >= y) is the probability that a beta variate of parameters y and size stays below mean/(mean+size).
func nbTails(y, mean, size float64) (upper, lower float64) {
	mean, size = clamp(mean), math.Max(size, minShape)
	total := mean + size
	d := newBeta(y, size)
	return d.logTails(mean/total, size/total)
}

// clamp moves a positive parameter into the checked range.
func clamp(v float64) float64 { return math.Max(minParam, math.Min(v, maxParam)) }

// NBUpperQuantile is the smallest y >= 0 with ln P(Y >= y+1) <= lnp: the largest count that is no surprise at level lnp.
// A lnp of 0 or more, or NaN, gives 0, and so does a mean of 0. An invalid model, or lnp = -Inf with a positive mean, has no
// such count: math.MaxInt64.
func NBUpperQuantile(lnp, mean, size float64) int64 {
	if !(lnp < 0) {
		return 0
	}
	if NBLogUpper(math.MaxInt64, mean, size) > lnp {
		return math.MaxInt64
	}
	surprising := func(y int64) bool { return NBLogUpper(y, mean, size) <= lnp }
	low, high := int64(0), int64(1) // low is no surprise
	for !surprising(high) {
		low = high
		if high > math.MaxInt64/2 {
			high = math.MaxInt64
			break
		}
		high *= 2
	}
	for high-low > 1 {
		mid := low + (high-low)/2
		if surprising(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return low
}
