package baseline

import "math"

// LongWindows are the windows of more than an hour, in hours. An hour and its 5 and 15 busiest minutes are scored on their own.
var LongWindows = [4]int{3, 6, 12, 24}

// Params is what is usual for one track of one series, as of the start of the scored day.
type Params struct {
	Level       float64 // expected calls per hour, averaged over the week
	Alpha       float64 // dispersion: the variance of an hour's calls is mu + Alpha·mu²
	Fano        float64 // calls behind one piece of evidence, 1 to 100
	Exposure    int     // hours behind the fit: observed, since birth, not masked
	Total       int64   // calls in them
	Busiest     int64   // most calls in any 60 minutes of them but the last, aligned to 5; 0 without calls
	ActiveDays  int     // days with calls
	ActiveHours int     // hours with calls
	Pool        string  // "own" when the series' own history outweighs the prior, else the prior's level
	VIF         [4]float64
	Share       [2]float64 // of an hour's calls, expected in its busiest 5 and 15 minutes
	PeakAlpha   [2]float64
	LevelSize   float64 // effective calls behind the level
	Xi          float64 // mean log-excess of active hours over their median: shape of the Pareto tail beyond the busiest

	prior  *Prior
	own    *own
	mu     [Slots]float64
	behind [Slots]float64 // effective calls behind the slot's mean
	size   [3]ownSize
}

// ownSize is the log-size Student t of a series: location, scale and degrees of freedom.
type ownSize struct{ mean, scale, df float64 }

// Fitter fits one track after the other, reusing its buffers. The zero value is ready.
type Fitter struct {
	own    own
	params Params
	caps   [Slots]float64
	left   [Slots]float64 // share of its variance that a slot's hours keep around their fitted mean

	// Running sums over the hours of the grid: expectation, variance, hours used.
	means, variances [MaxHours + 1]float64
	used             [MaxHours + 1]int32
}

// Fit estimates what is usual for the track loaded in g. masked are hours since 1970 that count as not observed. The result
// is valid until the next call.
func (f *Fitter) Fit(g *Grid, prior *Prior, masked []int32) *Params {
	f.own.read(g, masked)
	return f.fit(g, prior)
}

func (f *Fitter) fit(g *Grid, prior *Prior) *Params {
	o, p := &f.own, &f.params
	*p = Params{
		Fano: o.fano, Exposure: o.hours, Total: o.n, Busiest: o.busiest,
		ActiveDays: o.activeDays, ActiveHours: len(o.active), Pool: prior.Pool, prior: prior, own: o,
	}
	// Gamma-Poisson: level = (a + N/F) / (b + E/F).
	exposure := float64(o.hours) / o.fano
	p.Level = (prior.A + float64(o.n)/o.fano) / (prior.B + exposure)
	p.LevelSize = max(p.Level*exposure+1, 1)
	if exposure > prior.B {
		p.Pool = "own"
	}
	f.shape()
	p.Alpha = f.dispersion(g, prior.Alpha, 1, &g.N)
	for w := range p.Share {
		evidence := float64(o.n) / o.fano
		p.Share[w] = clip((o.peak[w]/o.fano+5*prior.Share[w])/(evidence+5), 1./36, 1)
		p.PeakAlpha[w] = f.dispersion(g, prior.PeakAlpha[w], p.Share[w], &g.Peak[w])
	}
	p.Xi = clip((o.excess+2*.8*math.Sqrt(prior.Size[0].vee))/(float64(o.above)+2), .1, 1.5)
	for i := range p.size {
		p.size[i] = ownSizeOf(o.size[i], len(o.active), &prior.Size[i])
	}
	f.inflation(g)
	return p
}

// shape shrinks the hours of the week towards the series' (day type × hour), and those towards the API's. One step shrinks the
// ratio of observed to expected: g·(Y/F + c)/(E/F + c), c = 1; a slot never observed returns its parent exactly.
func (f *Fitter) shape() {
	o, p := &f.own, &f.params
	var sum, exposed, parent [cells]float64
	for s := range Slots {
		sum[cellOf(s)] += o.sum[s]
		exposed[cellOf(s)] += o.exposed[s]
	}
	for c := range parent {
		g := p.prior.Shape[c]
		parent[c] = g * (sum[c]/o.fano + 1) / (p.Level*g*exposed[c]/o.fano + 1)
	}
	for s := range Slots {
		g := parent[cellOf(s)]
		p.behind[s] = p.Level*g*o.exposed[s]/o.fano + 1
		p.mu[s] = max(p.Level*g*(o.sum[s]/o.fano+1)/p.behind[s], 1e-5)
		lean := p.Level * g / (o.fano * p.behind[s]) // of the mean on each of the slot's n hours: their residuals keep 1 - 2·lean + n·lean²
		f.left[s] = max(1-2*lean+o.exposed[s]*lean*lean, .5)
	}
}

// dispersion estimates alpha by moments on counts cut at mu + 6·sd + 6, shrunk to the prior with strength 5 in units of
// the sum of mu². share scales mu. Hours without calls are summed in closed form.
func (f *Fitter) dispersion(g *Grid, prior, share float64, counts *[MaxHours]int64) float64 {
	num, den := f.moments(g, share, counts)
	return clip((num+5*prior)/(den+5), .01, 50)
}

// moments returns the sums of (Z-mu)² - mu and of mu². A mean that is fitted to a slot's few hours takes part of their variance with it; what is left
// of it is put back to its size.
func (f *Fitter) moments(g *Grid, share float64, counts *[MaxHours]int64) (num, den float64) {
	o, p := &f.own, &f.params
	for s := range Slots {
		mu := p.mu[s] * share
		num += o.exposed[s] * (mu*mu/f.left[s] - mu)
		den += o.exposed[s] * mu * mu
	}
	for _, t := range o.active {
		slot := g.Slot(int(t))
		mu := p.mu[slot] * share
		z := min(float64(counts[t]), mu+6*math.Sqrt(mu*(1+mu))+6)
		num += z * (z - 2*mu) / f.left[slot]
	}
	return num, den
}

// inflation estimates how much more sums over long windows vary than independent hours would, from the blocks of the fit
// window: the ratio of sum(min((S-M)², 16V) - M) to sum(V-M), shrunk to the API's with the weight of 6 blocks.
func (f *Fitter) inflation(g *Grid) {
	p := &f.params
	p.VIF = p.prior.VIF
	if f.own.n == 0 {
		return
	}
	f.accumulate(g)
	for i, w := range LongWindows {
		if num, den, blocks := f.blocks(g, w); den > 1e-3 {
			p.VIF[i] = clip((6*p.prior.VIF[i]+blocks*clip(num/den, 0, 60))/(6+blocks), 1, 60)
		}
	}
}

// accumulate computes the running sums, and per slot the largest count an hour may bring to a long window.
func (f *Fitter) accumulate(g *Grid) {
	p := &f.params
	var vars [Slots]float64
	for s := range Slots {
		vars[s] = p.Variance(s)
		f.caps[s] = p.Cap(s)
	}
	for t := range g.Fit {
		slot := g.Slot(t)
		f.means[t+1] = f.means[t] + p.mu[slot]
		f.variances[t+1] = f.variances[t] + vars[slot]
		f.used[t+1] = f.used[t]
		if f.own.used[t] {
			f.used[t+1]++
		}
	}
}

// blocks sums over the fully observed non-overlapping blocks of w hours.
func (f *Fitter) blocks(g *Grid, w int) (num, den, blocks float64) {
	o := &f.own
	i := 0
	for from := (g.Birth + w - 1) / w * w; from+w <= g.Fit; from += w {
		mean := f.means[from+w] - f.means[from]
		variance := f.variances[from+w] - f.variances[from]
		for i < len(o.active) && int(o.active[i]) < from {
			i++
		}
		sum := 0.
		for ; i < len(o.active) && int(o.active[i]) < from+w; i++ {
			t := int(o.active[i])
			sum += min(float64(g.N[t]), max(f.caps[g.Slot(t)], mean/4))
		}
		if f.used[from+w]-f.used[from] < int32(w) {
			continue
		}
		d := sum - mean
		num += min(d*d, 16*variance) - mean
		den += max(variance-mean, 1e-6)
		blocks++
	}
	return num, den, blocks
}

func ownSizeOf(l logSize, n int, prior *Sizes) ownSize {
	x := float64(n)
	mean := (l.s1 + 2*prior.mean) / (x + 2)
	squares := max(l.s2-l.s1*l.s1/max(x, 1), 0)
	vee := max((2.4*prior.vee+squares)/(4+x), .04)
	return ownSize{mean: mean, scale: math.Sqrt(vee * (1 + 1/(x+2))), df: 4 + x}
}
