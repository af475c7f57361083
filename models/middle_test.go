package models

import (
	"math"
	"testing"
)

// TestMiddle compares the expansion with the continued fractions where the one gives way to the other, on both tails.
func TestMiddle(t *testing.T) {
	worst := 0.
	compare := func(name string, z float64, got [2]float64, lower, upper float64) {
		if upper > 0 {
			upper = logComplement(lower)
		}
		if lower > 0 {
			lower = logComplement(upper)
		}
		err := max(relativeError(got[0], lower), relativeError(got[1], upper))
		if !(err < 1e-10) {
			t.Errorf("%s, %v standard deviations from the peak: %v, want %v and %v", name, z, got, lower, upper)
		}
		worst = max(worst, err)
	}
	for z := -2.95; z < 3; z += .0501 {
		for _, m := range []float64{1, 3, 100, 1e6} {
			a, b := 1.01*manySteps, 1.01*manySteps*m
			sd := math.Sqrt(a * (b / (a + b)))
			x, y := (a+z*sd)/(a+b), (b-z*sd)/(a+b)
			for _, d := range []betaDist{newBeta(a, b), newBeta(b, a)} {
				lower, upper := d.logTails(x, y)
				if upper > 0 || lower > 0 {
					t.Fatal("this is not the middle")
				}
				mass := d.lead - d.drop(x, y)
				if x*(d.b+1) < y*(d.a+1) {
					compare("beta", z, [2]float64{lower, upper}, mass+math.Log(betaFraction(d.a, d.b, x, y)/d.a), unknownTail)
				} else {
					compare("beta", z, [2]float64{lower, upper}, unknownTail, mass+math.Log(betaFraction(d.b, d.a, y, x)/d.b))
				}
				x, y = y, x
			}
		}
		count := 1.01 * manySteps
		mean := count + z*math.Sqrt(count)
		upper, lower := poissonTails(count, mean)
		mass := -stirlingError(count) - deviance(count, mean) - 0.5*math.Log(count) - halfLn2Pi
		if mean < count+1 {
			compare("poisson", z, [2]float64{upper, lower}, mass+math.Log(betaFraction(count, 1e200, mean*1e-200, 1)), unknownTail)
		} else {
			compare("poisson", z, [2]float64{upper, lower}, unknownTail, mass+math.Log(count*gammaFraction(count, mean)))
		}
	}
	t.Logf("worst relative error of ln p: %.2g", worst)
}
