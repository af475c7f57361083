package models

import "math"

// BinomialLogUpper is ln P(X >= x) for the successes X in n independent trials of chance p.
//
// The result is in [-Inf, 0], falls as x grows, and is never NaN. A count of 0 or less is certain: 0; more successes than
// trials are impossible: -Inf. A p of 0 or 1 is taken as it stands; a p outside [0, 1] or NaN knows nothing: 0.
//
// It is a tail of a beta distribution. gonum's distuv.Binomial.Survival is 1-CDF and stops at 1e-16.
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
	d := newBeta(float64(x), float64(n-x)+1)
	upper, lower := d.logTails(math.Max(p, minParam), 1-p)
	if upper <= 0 {
		return upper
	}
	return logComplement(lower)
}
