package models

import "math"

const (
	lnSqrtPi = 0.572364942924700087071713675676529356 // ½ ln π

	// maxDF is the df from which t is taken as normal: there the two logarithms differ by less than t²/2e13, relative.
	maxDF = 1e13
)

// StudentTLogUpper is ln P(T >= t) for Student's t with df degrees of freedom, not necessarily whole; df = +Inf is the
// standard normal. The result is in [-Inf, 0], falls as t grows, and is never NaN; t = -Inf is certain: 0, t = +Inf
// impossible: -Inf. A t of NaN, or a df that is NaN, zero or negative, knows nothing: 0.
//
// P(|T| >= t) = I_x(df/2, 1/2) with x = df/(df+t²) (Abramowitz and Stegun 26.7.1); its factor comes from Stirling
// errors as in Loader (2000), so that no difference of ln Γ enters. gonum's distuv.StudentsT.Survival is linear: 0
// beyond 1e-308.
func StudentTLogUpper(t, df float64) float64 {
	switch {
	case math.IsNaN(t) || !(df > 0):
		return 0
	case t < 0:
		return logComplement(StudentTLogUpper(-t, df))
	case df > maxDF:
		return normalLogUpper(t)
	case t == 0:
		return lnHalf
	}
	a := clamp(df) / 2
	ratio := t / (2 * a) * t // t²/df
	if math.IsInf(ratio, 1) {
		// Only a t beyond 1e150 comes here; the tail is a power of it (the fraction is 1).
		return logProbability(lnHalf + studentFactor(a) - 2*a*(math.Log(t)-0.5*math.Log(2*a)))
	}
	x, y := 1/(1+ratio), ratio/(1+ratio)
	factor := studentFactor(a) - a*math.Log1p(ratio) + 0.5*math.Log(y)
	if x*(a+2.5) < a+1 {
		return logProbability(lnHalf + factor + math.Log(betaFraction(a, 0.5, x, y)))
	}
	return lnHalf + logComplement(factor+math.Log(2*a*betaFraction(0.5, a, y, x)))
}

// studentFactor is -ln(a B(a, ½)) = ln Γ(a+½) - ln Γ(a+1) - ½ ln π.
func studentFactor(a float64) float64 {
	return stirlingError(a+0.5) - stirlingError(a) + a*math.Log1p(0.5/a) - 0.5 - 0.5*math.Log(a) - lnSqrtPi
}

// normalLogUpper is ln P(Z >= t) for the standard normal and t >= 0. From 10 on, by the asymptotic
// series of Abramowitz and Stegun 26.2.12, whose terms there fall below 1e-16 before they grow.
func normalLogUpper(t float64) float64 {
	if t < 10 {
		return math.Log(0.5 * math.Erfc(t/math.Sqrt2))
	}
	inv := 1 / (t * t)
	sum, term := 1.0, 1.0
	for j := 1.0; j < 40; j += 2 {
		term *= -j * inv
		sum += term
		if math.Abs(term) < 1e-17 {
			break
		}
	}
	return -0.5*t*t - math.Log(t) - halfLn2Pi + math.Log(sum)
}
