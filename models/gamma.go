package models

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// GammaLogUpper is ln P(X >= x) for a gamma variable of the given shape and mean shape (scale 1): ln Q(shape, x), without underflow however
// far out x lies. It is 0 for x <= 0 and for a shape that is not above 0, NaN included.
func GammaLogUpper(shape, x float64) float64 {
	switch {
	case !(shape > 0) || !(x > 0):
		return 0
	case x < shape+1:
		return logProbability(math.Log(mathext.GammaIncRegComp(shape, x)))
	case math.IsInf(x, 1):
		return math.Inf(-1)
	}
	g, _ := math.Lgamma(shape)
	return logProbability(shape*math.Log(x) - x - g + math.Log(gammaFraction(shape, x)))
}
