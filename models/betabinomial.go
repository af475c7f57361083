package models

import "math"

// BetaBinomialLogUpper is ln P(X >= x) for the successes X in n trials whose common chance is drawn from Beta(a, b).
//
// The result is in [-Inf, 0], falls as x grows, and is never NaN. A count of 0 or less is certain: 0; more successes than
// trials are impossible: -Inf. An invalid model (a or b NaN, zero or negative) knows nothing: 0.
func BetaBinomialLogUpper(x, n int64, a, b float64) float64 {
	switch {
	case x <= 0 || !(a > 0 && b > 0):
		return 0
	case x > n:
		return math.Inf(-1)
	}
	a, b = clamp(a), clamp(b)
	good, trials := float64(x), float64(n)
	if good > trials*(a/(a+b)) {
		return logProbability(betaBinomialLogMass(good, trials, a, b) + math.Log(betaBinomialSum(good, trials, a, b)))
	}
	// The other side is the upper tail of the failures.
	bad := trials - good + 1
	return logComplement(betaBinomialLogMass(bad, trials, b, a) + math.Log(betaBinomialSum(bad, trials, b, a)))
}

// betaBinomialLogMass is ln P(X = x), 0 < x <= n. Loader's form (2000) carried over to the beta-binomial: with
// r = (x+a)/(n+a+b) every x ln x of the gamma functions falls into one of four deviances, none of which cancels
// another, as differences of ln Γ do.
func betaBinomialLogMass(x, n, a, b float64) float64 {
	rest, c := n-x, a+b
	all := n + c
	r, s := (x+a)/all, (rest+b)/all
	l := stirlingError(n) - stirlingError(x) + stirlingError(x+a) - stirlingError(a) +
		stirlingError(rest+b) - stirlingError(b) + stirlingError(c) - stirlingError(all) -
		deviance(x, n*r) - deviance(a, c*r) - deviance(b, c*s)
	l += 0.5 * (math.Log(n/x) + math.Log(a/(x+a)) + math.Log(b/(rest+b)) + math.Log(all/c))
	if rest == 0 {
		return l - n*s
	}
	return l - deviance(rest, n*s) - stirlingError(rest) - 0.5*math.Log(rest) - halfLn2Pi
}

// betaBinomialSum is P(X >= x) / P(X = x), by the ratio of neighbouring masses.
func betaBinomialSum(x, n, a, b float64) float64 {
	sum, term := 1.0, 1.0
	for j := x; j < n; j++ {
		term *= (n - j) * (j + a) / ((j + 1) * (n - j - 1 + b))
		sum += term
		if term < 1e-17*sum {
			break
		}
	}
	return sum
}
