package models

import "math"

// BinomialLogUpper is ln P(X >= x) for the successes X in n independent trials of chance p.
//
// The result is in [-Inf, 0], falls as x grows, and is never NaN. A count of 0 or less is certain: 0; more successes than
// trials are impossible: -Inf. A p of 0 or 1 is taken as it stands; a p outside [0, 1] or NaN knows nothing: 0.
//
// Mass by Loader (2000), tail by the continued fraction: gonum's distuv.Binomial.Survival is 1-CDF and stops at 1e-16.
func BinomialLogUpper(x, n int64, p float64) float64 {
	switch {
	case x <= 0 || !(p >= 0 && p <= 1):
		return 0
	case x > n || p == 0:
		return math.Inf(-1)
	case p == 1:
		return 0
	case x == n:
		return float64(n) * math.Log(p)
	}
	q := 1 - p
	p = math.Max(p, minParam)
	good, trials := float64(x), float64(n)
	bad := trials - good
	mass := stirlingError(trials) - stirlingError(good) - stirlingError(bad) -
		deviance(good, trials*p) - deviance(bad, trials*q) + 0.5*math.Log(trials/(good*bad)) - halfLn2Pi
	// P(X >= x) = I_p(x, n-x+1), whose factor pˣ qⁿ⁻ˣ⁺¹ / (x B) is the mass at x times q.
	mass += math.Log(q)
	if p*(bad+2) < (good+1)*q {
		return logProbability(mass + math.Log(betaFraction(good, bad+1, p, q)))
	}
	return logComplement(mass + math.Log(good/(bad+1)*betaFraction(bad+1, good, q, p)))
}
