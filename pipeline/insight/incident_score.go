package insight

import (
	"math"

	"trailgauge/models"
)

// joint is the score of insights together: -ln(false insights per series-day as strong), as that of one. Of each insight with those below it the
// strongest counts, by how far its score lies above the threshold: given that it is an insight at all that excess e is, if it is false, at
// least x with the chance exp(-x). With n of them, Fisher's sum of all e is then compared with what n false ones come to,
//
//	score = threshold - ln P(Gamma(n/s) >= sum of e / s),  s = 1 + .453 (n - 1)
//
// where s is for their not being independent, one busy day raises many series: Brown's method (Biometrics 31, 1975, p. 987) with the covariance
// of Kost and McDermott (Statistics & Probability Letters 60, 2002, p. 183) at a correlation of one half, which is assumed. The threshold
// is that of the strongest, and the score never below its: what comes on top of an insight makes it no weaker. That the others were found
// at all counts for nothing.
func joint(of []Insight) float64 {
	var n, sum float64
	strongest := &of[0]
	for k := range of {
		if of[k].Worst.Score > strongest.Worst.Score {
			strongest = &of[k]
		}
	}
	for _, e := range excesses(of) {
		n, sum = n+1, sum+e
	}
	const covariance = (3.263*.5 + .710*.5*.5 + .027*.5*.5*.5) / 4
	s := 1 + covariance*(n-1)
	return math.Max(strongest.Worst.Score, strongest.Threshold-models.GammaLogUpper(n/s, sum/s))
}

// excesses returns, for each root in order, the highest excess over the threshold in its family.
func excesses(of []Insight) []float64 {
	at := map[string]int{}
	for k := range of {
		at[of[k].ID] = k
	}
	place, out := map[int]int{}, []float64{}
	for n, k := range roots(of) {
		place[k] = n
		out = append(out, 0)
	}
	for k := range of {
		top := k
		for range of { // parents are one or two levels up; a circle would end here
			p, ok := at[of[top].Parent]
			if !ok {
				break
			}
			top = p
		}
		if n, ok := place[top]; ok {
			out[n] = math.Max(out[n], of[k].Worst.Score-of[k].Threshold)
		}
	}
	return out
}
