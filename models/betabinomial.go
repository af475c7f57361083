package models

import "math"

// BetaBinomialLogUpper is ln P(X >= x) for the successes X in n independent trials whose common chance is drawn from Beta(a, b).
//
// The result is in [-Inf, 0], falls as x grows, and is never NaN. A count of 0 or less is certain: 0; more successes than
// trials are impossible: -Inf. An invalid model (a or b NaN, zero or negative) knows nothing: 0. An a+b above 1e15 means that the
// chance is a/(a+b): binomial.
//
// Few terms are added up; more than 2,048 of them are replaced by an integral, so that the time has a bound whatever n is. The relative
// error of the logarithm is below 1e-9 for n up to 1e12.
func BetaBinomialLogUpper(x, n int64, a, b float64) float64 {
	switch {
	case x <= 0 || !(a > 0 && b > 0):
		return 0
	case x > n:
		return math.Inf(-1)
	}
	a, b = max(clamp(a), minShape), max(clamp(b), minShape)
	if a+b > binomialWorth {
		return BinomialLogUpper(x, n, a/(a+b))
	}
	mean := float64(n) * (a / (a + b))
	if float64(x) > mean && (x > fewTerms || n-x < 4*x) {
		return betaBinomialTail(float64(x), float64(n-x), a, b)
	}
	// The other side is the upper tail of the failures. It is the shorter sum for a small x above the mean too, and leaves digits
	// enough unless the probability is small.
	upper := logComplement(betaBinomialTail(float64(n-x+1), float64(x-1), b, a))
	if float64(x) > mean && upper < -7 {
		return betaBinomialTail(float64(x), float64(n-x), a, b)
	}
	return upper
}

const (
	// binomialWorth is the a+b above which a beta-binomial is taken as its binomial limit.
	binomialWorth = 1e15

	// mostTerms is from where on an integral is faster than a sum.
	mostTerms = 2048

	// fewTerms are cheap to try.
	fewTerms = 256
)

// betaBinomialTail is ln P(X >= x) for an x >= 1 above the mean; rest = n-x.
func betaBinomialTail(x, rest, a, b float64) float64 {
	if sum, whole := betaBinomialSum(x, rest, a, b); whole {
		return logProbability(betaBinomialLogMass(x, rest, a, b) + math.Log(sum))
	}
	// Given the chance, X >= x is as probable as that a beta variate stays below it (the x-th smallest of n uniform ones).
	first, chance := newBeta(x, rest+1), newBeta(a, b)
	return logProbability(first.logBelow(&chance))
}

// betaBinomialLogMass is ln P(X = x), x >= 1, rest = n-x. Loader's form (2000) carried over to the beta-binomial: with
// r = (x+a)/(n+a+b) every x ln x of the gamma functions falls into one of four deviances, none of which cancels
// another, as differences of ln Γ do.
func betaBinomialLogMass(x, rest, a, b float64) float64 {
	n, c := x+rest, a+b
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

// betaBinomialSum is P(X >= x) / P(X = x), by the ratio of neighbouring masses, and false where it would take more than mostTerms terms. The
// ratios are taken four at a time, for one division.
func betaBinomialSum(x, rest, a, b float64) (sum float64, whole bool) {
	sum, term := 1.0, 1.0
	for range mostTerms / 4 {
		if rest < 4 {
			for ; rest > 0; rest-- {
				term *= rest * (x + a) / ((x + 1) * (rest - 1 + b))
				sum += term
				x++
			}
			return sum, true
		}
		n1, d1 := rest*(x+a), (x+1)*(rest-1+b)
		n2, d2 := (rest-1)*(x+1+a), (x+2)*(rest-2+b)
		n3, d3 := (rest-2)*(x+2+a), (x+3)*(rest-3+b)
		n4, d4 := (rest-3)*(x+3+a), (x+4)*(rest-4+b)
		d34 := d3 * d4
		scale := term / (d1 * d2 * d34)
		sum += scale * n1 * (d2*d34 + n2*(d34+n3*(d4+n4)))
		term = scale * (n1 * n2) * (n3 * n4)
		if term < 1e-17*sum {
			return sum, true
		}
		x += 4
		rest -= 4
	}
	return 0, false
}
