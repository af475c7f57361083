package models

import "math"

// PoissonLogUpper is ln P(Y >= y) for a Poisson count. See NBLogUpper for its range and for invalid input.
func PoissonLogUpper(y int64, mean float64) float64 {
	if y <= 0 || !(mean >= 0) {
		return 0
	}
	if mean == 0 {
		return math.Inf(-1)
	}
	upper, lower := poissonTails(float64(y), clamp(mean))
	if upper <= 0 {
		return upper
	}
	return logComplement(lower)
}

// PoissonLogLower is ln P(Y <= y) for a Poisson count. See NBLogLower for its range and for invalid input.
func PoissonLogLower(y int64, mean float64) float64 {
	if !(mean >= 0) {
		return 0
	}
	if y < 0 {
		return math.Inf(-1)
	}
	if mean == 0 {
		return 0
	}
	upper, lower := poissonTails(float64(y)+1, clamp(mean))
	if upper <= 0 {
		return logComplement(upper)
	}
	return lower
}

// poissonTails is nbTails for the Poisson count. P(Y >= y) is the regularised incomplete gamma function P(y, mean).
func poissonTails(y, mean float64) (upper, lower float64) {
	drop := deviance(y, mean)
	if drop < middle && y > manySteps {
		return middleTails(drop, (mean-y)/y, math.Sqrt(y), 1./3, -1./12)
	}
	mass := -stirlingError(y) - drop - 0.5*math.Log(y) - halfLn2Pi
	if mean < y+1 {
		// Its series is the incomplete beta function's where b x stays the mean as b grows without end.
		return logProbability(mass + math.Log(betaFraction(y, 1e200, mean*1e-200, 1))), unknownTail
	}
	return unknownTail, logProbability(mass + math.Log(y*gammaFraction(y, mean)))
}

// gammaFraction is F in Q(a, x) = xᵃ e⁻ˣ / Γ(a) · F, where Q is the upper regularised incomplete gamma function: the even
// part of Legendre's continued fraction (Abramowitz and Stegun 6.5.31), for x >= a. It ends by itself for a whole a.
// As in betaFraction the steps are divided by something of their own size, here by x-a+1+2m.
func gammaFraction(a, x float64) float64 {
	lambda := x - a + 1
	first := 1 / lambda
	inv := first
	den0, den := 1.0, 1.0
	num0, num := 0.0, 1.0
	last := math.Inf(1)
	for m := 1.0; m < maxFraction; {
		for range 4 {
			next := 1 / (lambda + 2*m)
			alpha := m * inv * (a - m) * next
			den, den0 = den+alpha*den0, den
			num, num0 = num+alpha*num0, num
			inv = next
			m++
		}
		scale := 1 / den
		den0, num0 = den0*scale, num0*scale
		den, num = 1, num*scale
		if math.Abs(num-last) <= 1e-15*num {
			break
		}
		last = num
	}
	return first * num
}
