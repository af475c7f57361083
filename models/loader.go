package models

import "math"

const (
	halfLn2Pi = 0.918938533204672741780329736405617640 // ½ ln 2π
	lnHalf    = -math.Ln2
)

// stirlingError is ln Γ(n+1) - [½ ln 2π + (n+½) ln n - n], the error of Stirling's formula, for n > 0.
// (Loader 2000, Fast and Accurate Computation of Binomial Probabilities, section 2.)
// The series is cut where its error is below 1e-16; below 15, ln Γ itself is exact enough, and small
// whole numbers, which most counts are, come from a table.
func stirlingError(n float64) float64 {
	if n < 16 {
		if i := int(n); float64(i) == n {
			return stirlingTable[i]
		}
		return stirlingSmall(n)
	}
	nn := 1 / (n * n)
	if n > 500 {
		return (1.0/12 - nn*(1.0/360-nn/1260)) / n
	}
	return (1.0/12 - nn*(1.0/360-nn*(1.0/1260-nn*(1.0/1680-nn*(1.0/1188-nn*(691.0/360360)))))) / n
}

func stirlingSmall(n float64) float64 {
	lg, _ := math.Lgamma(n + 1)
	return lg - (n+0.5)*math.Log(n) + n - halfLn2Pi
}

var stirlingTable = func() (t [16]float64) {
	factorial := 1.0
	for n := 1.0; n < 16; n++ {
		factorial *= n
		t[int(n)] = math.Log(factorial) - (n+0.5)*math.Log(n) + n - halfLn2Pi
	}
	return t
}()

// deviance is D(x, m) = x ln(x/m) + m - x, never negative, for x, m > 0: Loader's bd0 (2000, section 3), with the
// series that saves the digits when x is near m.
func deviance(x, m float64) float64 {
	d := x - m
	if math.Abs(d) >= 0.1*(x+m) {
		return x*math.Log(x/m) - d
	}
	v := d / (x + m)
	sum := d * v
	term := 2 * x * v
	v *= v
	for j := 3.0; j < 50; j += 2 { // a term is less than a hundredth of the one before
		term *= v
		next := sum + term/j
		if next == sum {
			break
		}
		sum = next
	}
	return sum
}
