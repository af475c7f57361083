package models

import "math"

const (
	scoreStep    = 0.05 // nat, the width of a bucket
	scoreBuckets = 2000 // up to 100 nat; beyond lies the last bucket
)

// Discoveries counts the scores of a run, one a series and day, in fixed buckets of 0.05 nat. Its sums are whole numbers, so
// shards merge to the same bits in any grouping. The zero value is empty and ready.
//
// It estimates the share of false insights among those reported, by Benjamini and Hochberg (1995): of m series-days
// m e^-s are expected at score s or above by chance. A score is -ln p, where p is a p-value of the series-day.
type Discoveries struct {
	buckets [scoreBuckets]uint64
	tests   uint64
}

// Add counts one series-day. A score of NaN or below 0 counts as 0 (p = 1); one of 100 nat or more, +Inf included, as 100.
func (d *Discoveries) Add(score float64) {
	bucket := 0
	if score > 0 {
		bucket = int(math.Min(score/scoreStep, scoreBuckets-1))
	}
	d.buckets[bucket]++
	d.tests++
}

// Merge adds what o counted.
func (d *Discoveries) Merge(o *Discoveries) {
	for i, n := range o.buckets {
		d.buckets[i] += n
	}
	d.tests += o.tests
}

// Tests is the number of series-days counted.
func (d *Discoveries) Tests() uint64 { return d.tests }

// FDR is the estimated share of false insights, in [0, 1], among all series-days of that score or more. The threshold is
// rounded down to a bucket's edge, which overstates the share by at most 5 %. Without any such series-day it is 0: nothing
// reported, nothing false. A NaN threshold counts as 0.
func (d *Discoveries) FDR(threshold float64) float64 {
	first := 0
	if threshold > 0 {
		first = int(math.Min(threshold/scoreStep, scoreBuckets-1))
	}
	var found uint64
	for _, n := range d.buckets[first:] {
		found += n
	}
	return d.share(first, found)
}

// Threshold is the Benjamini-Hochberg threshold at level q: the smallest bucket edge whose FDR is at most q and which some
// series-day reaches, in nat. Where there is none (an empty run, a q of 0 or less, NaN) it is +Inf: report nothing.
func (d *Discoveries) Threshold(q float64) float64 {
	best := math.Inf(1)
	var found uint64
	for i := scoreBuckets - 1; i >= 0; i-- {
		found += d.buckets[i]
		if found > 0 && d.share(i, found) <= q {
			best = float64(i) * scoreStep
		}
	}
	return best
}

// share is the FDR when found series-days lie in bucket first or above.
func (d *Discoveries) share(first int, found uint64) float64 {
	if found == 0 {
		return 0
	}
	chance := float64(d.tests) * math.Exp(-float64(first)*scoreStep)
	return math.Min(1, chance/float64(found))
}
