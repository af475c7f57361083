package models

import "math"

// Ranges in which the formulas of this package were checked. A mean or size outside is moved to the nearest end,
// which no count of a real trail can tell from the exact value; the ends keep every intermediate quotient finite.
const (
	minParam = 1e-100
	maxParam = 1e100

	// poissonSize is the size above which a negative binomial is taken as its Poisson limit.
	poissonSize = 1e7
)

// NBLogUpper is ln P(Y >= y) for a negative binomial count Y with the given mean and variance mean + mean²/size.
// A size above 1e7, +Inf included, means Poisson.
//
// The result is in [-Inf, 0], falls as y grows, and is never NaN. A count of 0 or less is certain: 0. A mean of 0 leaves a
// positive count no chance: -Inf. An invalid model (mean NaN or negative, size NaN, zero or negative) knows nothing,
// and so calls nothing surprising: 0.
//
// The tail is the mass at y in Loader's saddle-point form (2000) times the continued fraction of the incomplete
// beta function; at and below the mean it is the complement of the other tail, taken in logarithms. The relative error
// of the logarithm is below 1e-9, down to probabilities of 10^-31320 (models.md, section 5).
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

// nbTails returns ln P(Y >= y) or ln P(Y < y), whichever is the direct one, and unknownTail for the other; y >= 1.
func nbTails(y, mean, size float64) (upper, lower float64) {
	mean = clamp(mean)
	size = clamp(size)
	total := mean + size
	p, q := size/total, mean/total
	mass := nbLogMass(y, mean, size)
	if mean*(size+1) < size*(y+1) { // q below (y+1)/(y+size+2), without its rounding near 1
		return logProbability(mass + math.Log(betaFraction(y, size, q, p))), unknownTail
	}
	return unknownTail, logProbability(mass + math.Log(y/size*betaFraction(size, y, p, q)))
}

// nbLogMass is ln P(Y = y) for y >= 1, by Loader (2000).
func nbLogMass(y, mean, size float64) float64 {
	n := y + size
	total := mean + size
	p, q := size/total, mean/total
	return stirlingError(n) - stirlingError(size) - stirlingError(y) - deviance(size, n*p) - deviance(y, n*q) +
		0.5*math.Log(size/(n*y)) - halfLn2Pi
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
