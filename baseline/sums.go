package baseline

import "math"

// sums is one row of the sketch: fixed-point integers (value × 2^20 unless said otherwise), so that addition has no order.
type sums [sumsLen]int64

const (
	levels = 64 // half octaves of the rate, from 2^-12 calls per hour

	atSeries = 0                  // series with at least a day of exposure, plain integer
	atLevel  = atSeries + 1       // of them, by rate, plain integers
	atShapeY = atLevel + levels   // calls by (day type × hour), at most 5 effective ones a series
	atShapeE = atShapeY + cells   // the same, expected of a flat week
	atAlpha  = atShapeE + cells   // dispersion and its weight; then of the 5 and 15 minute peaks
	atShare  = atAlpha + 6        // calls in the peaks; calls
	atVIF    = atShare + 4        // ratio and number of series, a long window each
	atSize   = atVIF + 8          // active hours by size, at most 16 votes a series; then the peaks
	atRate   = atSize + 3*buckets // errors: weight, weight·rate, weight·rate² (× 2^30), 1/calls, number of series
	atRho    = atRate + 5         // errors: correlation and its weight
	sumsLen  = atRho + 2          //
	one      = 1 << 20            // 1.0
	one30    = 1 << 30            // 1.0 of weight·rate²
	minSpan  = 24                 // hours of exposure a series needs to vote for levels
	minVotes = 5                  // series an API needs for a prior of its own
)

func fixed(x float64) int64 { return int64(math.Round(x * one)) }

// flat is the prior under which a series votes: nearly nothing is known.
var flat = func() *Prior {
	p := &Prior{A: .5, B: 1, Alpha: .5, Share: [2]float64{.5, .7}, PeakAlpha: [2]float64{.5, .5}, VIF: [4]float64{1, 1, 1, 1}}
	for c := range p.Shape {
		p.Shape[c] = 1
	}
	p.Worth, p.Rate, p.Rho = 4, .02, .1
	for i := range p.Size {
		p.Size[i] = paretoSizes()
	}
	return p
}()

// count fills s with the vote of the track that f just fitted.
func (s *sums) count(f *Fitter, g *Grid) {
	o := &f.own
	*s = sums{}
	if o.hours >= minSpan {
		s[atSeries] = 1
		s[atLevel+levelOf(o.rate())] = 1
	}
	if o.n == 0 {
		return
	}
	w := min(float64(o.n)/o.fano, 5) / float64(o.n)
	flatRate := float64(o.n) / float64(max(o.hours, 1))
	var y, e [cells]float64
	for slot := range Slots {
		y[cellOf(slot)] += o.sum[slot]
		e[cellOf(slot)] += o.exposed[slot]
	}
	for c := range cells {
		s[atShapeY+c] = fixed(w * y[c])
		s[atShapeE+c] = fixed(w * flatRate * e[c])
	}
	s.dispersion(0, f, g, 1, &g.N)
	for i := range o.peak {
		s[atShare+2*i] = fixed(w * o.peak[i])
		s[atShare+2*i+1] = fixed(w * float64(o.n))
		s.dispersion(i+1, f, g, clip(o.peak[i]/float64(o.n), 1./36, 1), &g.Peak[i])
	}
	for i, hours := range LongWindows {
		if num, den, n := f.blocks(g, hours); n > 0 && den > 1e-3 {
			s[atVIF+2*i] = fixed(clip(num/den, 0, 60))
			s[atVIF+2*i+1] = one
		}
	}
	vote := fixed(min(float64(len(o.active)), 16) / float64(len(o.active)))
	for _, t := range o.active {
		s[atSize+bucketOf(g.N[t])] += vote
		s[atSize+buckets+bucketOf(g.Peak[0][t])] += vote
		s[atSize+2*buckets+bucketOf(g.Peak[1][t])] += vote
	}
}

func (s *sums) dispersion(i int, f *Fitter, g *Grid, share float64, counts *[MaxHours]int64) {
	num, den := f.moments(g, share, counts)
	w := min(den, 20)
	s[atAlpha+2*i] = fixed(clip(num/max(den, 1e-9), -1, 100) * w)
	s[atAlpha+2*i+1] = fixed(w)
}

// countErrors adds the vote on the share of calls that end in an error.
func (s *sums) countErrors(f *Fitter, g, calls *Grid) {
	v := f.share(g, calls)
	if v.calls < 5 {
		return
	}
	n := float64(v.calls)
	r := v.errors / n
	w := min(n, 200)
	s[atRate] = fixed(w)
	s[atRate+1] = fixed(w * r)
	s[atRate+2] = int64(math.Round(w * r * r * one30))
	s[atRate+3] = fixed(1 / n)
	s[atRate+4] = 1
	p := clip((v.errors+.5)/(n+1), 1e-6, 1-1e-6)
	num, den := v.correlation(f, g, calls, p)
	weight := min(den, 20)
	s[atRho] = fixed(clip(num/max(den, 1e-9), -1, 1) * weight)
	s[atRho+1] = fixed(weight)
}

func (s *sums) add(o *sums) {
	for i, v := range o {
		s[i] += v
	}
}

func levelOf(rate float64) int { return int(clip(2*(math.Log2(rate)+12), 0, levels-1)) }

// levelAt is the middle of a bucket of levelOf.
func levelAt(b int) float64 { return math.Exp2((float64(b)+.5)/2 - 12) }
