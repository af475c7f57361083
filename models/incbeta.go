package models

import "math"

// maxFraction bounds the steps of the continued fraction. Near the mean it takes about √mean of them; the bound is
// far above what counts below 1e9 need and only keeps absurd parameters from stalling a run.
const maxFraction = 20_000

// betaFraction is F in I_x(a, b) = xᵃ yᵇ / (a B(a, b)) · F, where I is the regularised incomplete beta function and
// y = 1-x is given separately, so that an x near 1 loses no digits. It takes a, b > 0 and is meant for x at or below
// about a/(a+b), where it converges fast.
//
// It is the even part of the classic fraction (DiDonato and Morris 1992, TOMS 708, BFRAC), step m divided by a+2m+1
// to keep it near 1 for any a, and evaluated by the forward recurrence: no quotient waits for the one before.
//
// Why not gonum's mathext.RegIncBeta: it returns a probability, which is 0 or NaN in 68 of the 524 rows of
// the exact negative binomial grid, while a count in a far tail needs the logarithm.
func betaFraction(a, b, x, y float64) float64 {
	lambda := a*y - b*x + 1
	inv := 1 / (a + 1)
	den0, den := 1.0, a*inv*inv*lambda
	num0, num := 0.0, 1.0
	last := math.Inf(1)
	for m := 1.0; m < maxFraction; {
		for range 4 {
			next := 1 / (a + 2*m + 1)
			am := a + m
			step := m * (b - m) * x * inv
			alpha := (am - 1) * inv * ((am - 1 + b) * x * next) * (step * inv)
			beta := (m + step + am*next*(lambda+m*(1+y))) * next
			den, den0 = beta*den+alpha*den0, den
			num, num0 = beta*num+alpha*num0, num
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
	return a / (a + 1) * num
}
