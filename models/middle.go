package models

import "math"

const (
	// manySteps is the parameter from which the continued fractions take too many steps in the middle of a distribution, about its root.
	manySteps = 1e6
	// middle is how far below its largest a density is at the end of the middle: 3 standard deviations of a normal one.
	middle = 4.5
)

// middleTails returns ln P(X <= x) and ln P(X > x) for a beta or gamma distribution with large parameters, by the first term of Temme's
// uniform expansion (1982; Lugannani and Rice's formula in statistics): Φ(w) + φ(w)(1/w - 1/u), where w²/2 is the drop of the density and u =
// far·sd the distance from its peak in standard deviations. first and second are the terms of (1/w - 1/u)·sd = first + second·far + ...,
// which close to the peak replace the difference of the two.
//
// The second term of the expansion is sd⁻³ times a number below .02, so for parameters above manySteps the relative error stays below
// 1e-10; TestMiddle compares it with the continued fractions.
func middleTails(drop, far, sd, first, second float64) (lower, upper float64) {
	w := math.Copysign(math.Sqrt(2*drop), far)
	c := (first + second*far) / sd
	if math.Abs(far) > 1e-4 {
		c = 1/w - 1/(far*sd)
	}
	c *= math.Exp(-drop - halfLn2Pi)
	return math.Log(0.5*math.Erfc(-w/math.Sqrt2) + c), math.Log(0.5*math.Erfc(w/math.Sqrt2) - c)
}
