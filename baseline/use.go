package baseline

import "math"

// Mean returns the expected calls of an hour of the week, greater than 0.
func (p *Params) Mean(slot int) float64 { return p.mu[slot] }

// Dispersion returns the predictive dispersion of an hour of the week: that of the process and the uncertainty of its mean.
func (p *Params) Dispersion(slot int) float64 { return p.Alpha + 1/p.behind[slot] }

// PeakDispersion is Dispersion for the busiest 5 (w = 0) or 15 (w = 1) minutes of the hour.
func (p *Params) PeakDispersion(w, slot int) float64 { return p.PeakAlpha[w] + 1/p.behind[slot] }

// Neighbour returns the larger mean of the hours before and after a slot: where a slipped job would belong.
func (p *Params) Neighbour(slot int) float64 {
	return max(p.mu[(slot+Slots-1)%Slots], p.mu[(slot+1)%Slots])
}

// Variance returns the variance of an hour's calls around Mean.
func (p *Params) Variance(slot int) float64 { return p.mu[slot] + p.Alpha*p.mu[slot]*p.mu[slot] }

// Cap is the most an hour brings to a long window: mu + 4·sd + 3. One burst must not fire every window that holds it.
func (p *Params) Cap(slot int) float64 { return p.mu[slot] + 4*math.Sqrt(p.Variance(slot)) + 3 }

// ActiveProb is the probability that an hour of the week has calls at all: the overall rate, shrunk twice towards the slot
// ((A + 2·parent)/(n + 2)), at least .15 of a neighbour's and 1e-4.
func (p *Params) ActiveProb(slot int) float64 {
	beside := max(p.slotProb((slot+Slots-1)%Slots), p.slotProb((slot+1)%Slots))
	return clip(max(p.slotProb(slot), .15*beside), 1e-4, 1)
}

func (p *Params) slotProb(slot int) float64 {
	o := p.own
	overall := (float64(len(o.active)) + .5) / (float64(o.hours) + 12)
	active, exposed := 0., 0.
	hour, from, to := slot%24, 0, 5
	if slot >= weekends {
		from, to = 5, 7
	}
	for d := from; d < to; d++ {
		active += o.activeHours[d*24+hour]
		exposed += o.exposed[d*24+hour]
	}
	cell := (active + 2*overall) / (exposed + 2)
	return (o.activeHours[slot] + 2*cell) / (o.exposed[slot] + 2)
}

// SizeTail describes P(Y >= y) of an active hour: a mixture of the pooled distribution, with weight Weight, and of the series' own: the
// lesser of a Student t with DF degrees of freedom at T = (ln(y-.5) - mean)/scale, and, beyond the largest of n active hours, of
// a Pareto tail 1/(n+1)·(y/largest)^(-1/Xi). The t is too wide where sizes come in two kinds, a job and a stray call.
type SizeTail struct {
	Weight float64
	Pooled float64 // ln P of the pooled distribution
	T, DF  float64
	Record float64 // ln P of the Pareto tail; 0 up to the largest
}

// SizeTail returns the tail at y >= 1. window is 0 for hours, 1 and 2 for their busiest 5 and 15 minutes.
func (p *Params) SizeTail(window int, y int64) SizeTail {
	s := &p.size[window]
	x := math.Log(max(float64(y)-.5, .5))
	n := float64(p.ActiveHours)
	tail := SizeTail{
		Weight: 16 / ((4 + n) * (4 + n)),
		Pooled: p.prior.Size[window].LogUpper(y),
		T:      (x - s.mean) / s.scale,
		DF:     s.df,
	}
	if most := p.own.most[window]; n > 0 && y > most {
		tail.Record = -math.Log(n+1) - (logOf(y)-logOf(most))/p.Xi
	}
	return tail
}

// LogUpper returns ln P(count of an active hour >= y) of the pooled distribution: quarter-octave steps, and beyond their upper
// 5 % a Pareto tail.
func (s *Sizes) LogUpper(y int64) float64 {
	x := logOf(y)
	if x > s.cut {
		return math.Log(s.cutTail) - (x-s.cut)/s.xi
	}
	return math.Log(s.tail[bucketOf(y)])
}
