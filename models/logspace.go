package models

import "math"

// LogAdd is ln(eᵃ + eᵇ). -Inf is ln 0, so LogAdd(-Inf, b) is b.
func LogAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) || math.IsInf(a, 1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// logComplement is ln(1 - eˡ) for l <= 0, without losing digits at either end (Mächler 2012, Accurately Computing
// log(1 - exp(-|a|))). A positive l, which only rounding can cause, counts as 0.
func logComplement(l float64) float64 {
	switch {
	case l >= 0:
		return math.Inf(-1)
	case l > lnHalf:
		return math.Log(-math.Expm1(l))
	default:
		return math.Log1p(-math.Exp(l))
	}
}

// logProbability cuts what rounding may have lifted above ln 1.
func logProbability(l float64) float64 { return math.Min(l, 0) }
