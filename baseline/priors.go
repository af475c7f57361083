package baseline

import (
	"math"

	"gonum.org/v1/gonum/stat"

	"trailgauge/pipeline/counts"
)

// Priors answers what a series is like before anything is known of it. It is read-only and safe for concurrent use.
type Priors struct{ rows map[key]*Prior }

// Priors computes the priors. An API with at least 5 series observed for a day or more has its own; otherwise its source's
// holds, then that of its group (data, management with writes, without), then the global one, then a vague default.
func (s *Sketch) Priors() *Priors {
	s.trim()
	p := &Priors{rows: make(map[key]*Prior, len(s.rows))}
	for k, v := range s.rows {
		if v[atSeries] < minVotes {
			continue
		}
		global := k
		for up, ok := k.parent(); ok; up, ok = up.parent() {
			global = up
		}
		p.rows[k] = priorOf(k, v, s.rows[global])
	}
	return p
}

// Of returns the prior of h's calls or errors. It never returns nil.
func (p *Priors) Of(h *counts.History, ch Channel) *Prior {
	if p != nil {
		for k, ok := keyOf(h, ch), true; ok; k, ok = k.parent() {
			if r := p.rows[k]; r != nil {
				return r
			}
		}
	}
	return vague
}

// vague holds when a lake has next to no history.
var vague = func() *Prior {
	p := *flat
	p.Pool, p.A, p.B, p.Worth = "global", .2, 4, 10
	return &p
}()

func priorOf(k key, v, global *sums) *Prior {
	p := &Prior{Pool: k.pool()}
	p.A, p.B = gamma((*[levels]int64)(v[atLevel:]))
	for c := range p.Shape {
		p.Shape[c] = clip((unfix(v[atShapeY+c])+.5)/(unfix(v[atShapeE+c])+.5), .02, 50)
	}
	p.Alpha = dispersionOf(v, 0)
	for w := range p.Share {
		p.Share[w] = clip((unfix(v[atShare+2*w])+flat.Share[w])/(unfix(v[atShare+2*w+1])+1), 1./36, 1)
		p.PeakAlpha[w] = dispersionOf(v, w+1)
	}
	for i := range p.VIF {
		p.VIF[i] = clip(unfix(v[atVIF+2*i])/max(unfix(v[atVIF+2*i+1]), 1), 1, 30)
	}
	for i := range p.Size {
		at := atSize + i*buckets
		p.Size[i] = sizesOf((*[buckets]int64)(v[at:]), (*[buckets]int64)(global[at:]))
	}
	p.errors(v)
	return p
}

func unfix(v int64) float64 { return float64(v) / one }

// gamma matches a gamma distribution to the rates of a pool, those beyond their 95 % point cut to it: a = clip(m²/v, .2, 5), b = a/m.
func gamma(h *[levels]int64) (a, b float64) {
	total := int64(0)
	for _, n := range h {
		total += n
	}
	top, below := 0, int64(0)
	for top = 0; top < levels-1; top++ {
		if below += h[top]; 20*below >= 19*total {
			break
		}
	}
	var rates, votes [levels]float64
	for i, n := range h {
		rates[i], votes[i] = levelAt(min(i, top)), float64(n)
	}
	if total == 0 {
		votes[0] = 1
	}
	m, v := stat.PopMeanVariance(rates[:], votes[:]) // in two passes: a difference of sums would cancel
	m, v = max(m, 1e-6), max(v, 1e-12)
	a = clip(m*m/v, .2, 5)
	return a, a / m
}

func dispersionOf(v *sums, i int) float64 {
	num, w := unfix(v[atAlpha+2*i]), unfix(v[atAlpha+2*i+1])
	return clip((num+.5*flat.Alpha)/(w+.5), .02, 20)
}

// errors fills in the beta prior of the share of errors: weighted mean, and the precision M = p(1-p)/variance - 1 in 2..200.
func (p *Prior) errors(v *sums) {
	p.Rate, p.Worth, p.Rho = flat.Rate, vague.Worth, flat.Rho
	if w := unfix(v[atRate]); v[atRate+4] >= minVotes && w > 0 {
		m := clip(unfix(v[atRate+1])/w, 1e-6, 1-1e-6)
		within := m * (1 - m) * unfix(v[atRate+3]) / float64(v[atRate+4])
		between := max(float64(v[atRate+2])/one30/w-m*m-.5*within, 1e-6)
		p.Rate, p.Worth = m, clip(m*(1-m)/between-1, 2, 200)
	}
	p.Rho = clip((unfix(v[atRho])+flat.Rho)/(unfix(v[atRho+1])+1), .01, .5)
}

// sizesOf builds the distribution of active-hour counts from the pool's votes, 20 votes of the global ones and one of a Pareto
// distribution.
func sizesOf(pool, global *[buckets]int64) Sizes {
	var all float64
	for _, n := range global {
		all += unfix(n)
	}
	var h [buckets]float64
	for b := range h {
		step := math.Exp2(-float64(b)/4) - math.Exp2(-float64(b+1)/4) // P(X >= x) = 1/x
		h[b] = unfix(pool[b]) + step
		if all > 0 {
			h[b] += 20 * unfix(global[b]) / all
		}
	}
	return sizes(&h)
}

func paretoSizes() Sizes { return sizesOf(new([buckets]int64), new([buckets]int64)) }

// sizes computes tail, moments and the Pareto tail beyond the 5 % point, whose shape is the mean log-excess shrunk to 1/2 with
// 5 votes and clipped to .1..1.5.
func sizes(h *[buckets]float64) (s Sizes) {
	const octave = math.Ln2 / 4
	total := 0.
	for _, n := range h {
		total += n
	}
	above := 0.
	for b := buckets - 1; b >= 0; b-- {
		above += h[b]
		s.tail[b] = min(above/total, 1)
		x := float64(b) * octave
		s.mean += h[b] / total * x
		s.vee += h[b] / total * x * x
	}
	s.vee = max(s.vee-s.mean*s.mean, .05)
	cut := buckets - 1
	for b, p := range s.tail {
		if p <= .05 {
			cut = b
			break
		}
	}
	excess, votes := 0., 0.
	for b := cut; b < buckets; b++ {
		excess += h[b] * (float64(b-cut) + .5) * octave
		votes += h[b]
	}
	s.cut, s.cutTail = float64(cut)*octave, max(s.tail[cut], 1e-12)
	s.xi = clip((excess+5*.5)/(votes+5), .1, 1.5)
	return s
}
