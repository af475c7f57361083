package baseline

// What a verdict was computed of, for people who want to do the sum again: plain numbers, formulas in the comments. N is calls or errors.

// Level is the level of a series: (A + Calls/Fano) / (B + Hours/Fano) an hour.
type Level struct {
	A     float64 `json:"a"` // gamma prior of the pool
	B     float64 `json:"b"`
	Calls int64   `json:"calls"` // N: own calls in the fit window
	Hours int     `json:"hours"` // E: observed hours of the fit window, since birth, quarantine left out
	Fano  float64 `json:"fano"`  // calls behind one piece of evidence
	Level float64 `json:"level"`
	Prior string  `json:"prior"` // the pool of A and B: api, source, class or global
	// Own is the part of the level's evidence that is the series' own: (Hours/Fano) / (B + Hours/Fano).
	Own float64 `json:"own"`
	// Effective is Level·Hours/Fano + 1, at least 1: calls behind the level. Its uncertainty does not average out over a long window.
	Effective float64 `json:"effective"`
}

// Arithmetic explains the level.
func (p *Params) Arithmetic() Level {
	exposure := float64(p.Exposure) / p.Fano
	return Level{
		A: p.prior.A, B: p.prior.B, Calls: p.Total, Hours: p.Exposure, Fano: p.Fano, Level: p.Level, Prior: p.prior.Pool,
		Own: exposure / (p.prior.B + exposure), Effective: p.LevelSize,
	}
}

// Slot is the mean of one hour of the week:
//
//	Parent = Shape·(CellCalls/F + 1) / (Level·Shape·CellHours/F + 1)
//	Behind = Level·Parent·Hours/F + 1
//	Mean   = Level·Parent·(Calls/F + 1) / Behind, at least 1e-5
//
// with F the Fano factor. The multiplier of the hour is Mean/Level.
type Slot struct {
	Slot      int     `json:"slot"`      // hour of the week, 0 is Monday 00:00
	Shape     float64 `json:"shape"`     // the pool's multiplier of this day type (weekday, weekend) and hour of day
	CellCalls float64 `json:"cellCalls"` // own calls in hours of that day type and hour of day
	CellHours float64 `json:"cellHours"` // how many such hours were observed
	Calls     float64 `json:"calls"`     // own calls in this hour of the week
	Hours     float64 `json:"hours"`     // how often it was observed
	Behind    float64 `json:"behind"`    // effective calls behind the mean
	Mean      float64 `json:"mean"`
	Active    float64 `json:"active"` // probability of any call
}

// Slot explains the mean of an hour of the week.
func (p *Params) Slot(slot int) Slot {
	s := Slot{
		Slot: slot, Shape: p.prior.Shape[cellOf(slot)], Calls: p.own.sum[slot], Hours: p.own.exposed[slot],
		Behind: p.behind[slot], Mean: p.mu[slot], Active: p.ActiveProb(slot),
	}
	for i := range Slots {
		if cellOf(i) == cellOf(slot) {
			s.CellCalls += p.own.sum[i]
			s.CellHours += p.own.exposed[i]
		}
	}
	return s
}

// Spread is the dispersion of an hour's count, or of its busiest 5 or 15 minutes: (Excess + 5·Prior) / (Squares + 5) within .01..50, plus
// 1/Behind of the hour for the uncertainty of its mean. The negative binomial's size is the inverse of the sum.
type Spread struct {
	Excess     float64 `json:"excess"`  // sum of (count - mean)² - mean over the fit window's hours, counts cut at mean + 6·sd + 6; the squares a little more, since the means were fitted to them
	Squares    float64 `json:"squares"` // sum of mean²
	Prior      float64 `json:"prior"`
	Dispersion float64 `json:"dispersion"`
}

// Spread explains the dispersion of the track last fitted, which g still holds; window is 0 for hours, 1 and 2 for their busiest 5 and 15 minutes.
func (f *Fitter) Spread(g *Grid, window int) Spread {
	p, share, counts := &f.params, 1., &g.N
	s := Spread{Prior: p.prior.Alpha, Dispersion: p.Alpha}
	if w := window - 1; w >= 0 {
		share, counts = p.Share[w], &g.Peak[w]
		s.Prior, s.Dispersion = p.prior.PeakAlpha[w], p.PeakAlpha[w]
	}
	s.Excess, s.Squares = f.moments(g, share, counts)
	return s
}

// Part is what part of an hour's calls its busiest 5 or 15 minutes hold: (Calls/F + 5·Prior) / (All/F + 5), from 1/36 to 1.
type Part struct {
	Calls float64 `json:"calls"` // in the busiest minutes of the fit window's hours
	All   int64   `json:"all"`   // in those hours
	Prior float64 `json:"prior"`
	Share float64 `json:"share"`
}

// Part explains Share; window is 1 or 2.
func (p *Params) Part(window int) Part {
	return Part{Calls: p.own.peak[window-1], All: p.Total, Prior: p.prior.Share[window-1], Share: p.Share[window-1]}
}

// Sizing is the tail of the size of an active hour, at one count y:
//
//	P = Weight·Pooled + (1-Weight)·min(Student, Record), Weight = 16/(4 + Hours)²
//	Student = P(T >= (ln(y-½) - Mean)/Scale) of Student's t with 4 + Hours degrees of freedom
//	Record  = 1/(Hours+1) · (y/Largest)^(-1/Xi) beyond Largest, else 1
//	Pooled  = CutTail·(y/e^Cut)^(-1/CutXi) beyond e^Cut, else the pool's share of hours at least as large, to a quarter octave
type Sizing struct {
	Hours   int     `json:"hours"` // own active hours in the fit window
	Mean    float64 `json:"mean"`  // of ln count
	Scale   float64 `json:"scale"`
	Largest int64   `json:"largest"`
	Xi      float64 `json:"xi"`
	Cut     float64 `json:"cut"` // ln of where the pool's Pareto tail begins
	CutTail float64 `json:"cutTail"`
	CutXi   float64 `json:"cutXi"`
	Pooled  float64 `json:"pooled"` // ln P of the pooled distribution
}

// Sizing explains SizeTail.
func (p *Params) Sizing(window int, y int64) Sizing {
	s, pool := &p.size[window], &p.prior.Size[window]
	return Sizing{
		Hours: p.ActiveHours, Mean: s.mean, Scale: s.scale, Largest: p.own.most[window], Xi: p.Xi,
		Cut: pool.cut, CutTail: pool.cutTail, CutXi: pool.xi, Pooled: pool.LogUpper(y),
	}
}

// Share is the beta distribution of the share of errors: Rate = (Errors + PriorWorth·PriorRate) / Worth, Worth = Calls + PriorWorth; for a window of h hours
//
//	C = 1 / (Rho/(1-Rho)/√h + 1/Worth),  a = Rate·C,  b = (1-Rate)·C
type Share struct {
	Errors     float64 `json:"errors"` // in the fit window, an hour's cut at three times what is expected of it, and 3
	Calls      int64   `json:"calls"`
	PriorRate  float64 `json:"priorRate"`
	PriorWorth float64 `json:"priorWorth"` // calls
	Rate       float64 `json:"rate"`
	Rho        float64 `json:"rho"` // correlation of the calls of one hour
	Worth      float64 `json:"worth"`
}

// Arithmetic explains Rate and what Beta is made of.
func (e *ErrorParams) Arithmetic() Share {
	return Share{
		Errors: e.share.errors, Calls: e.Calls, PriorRate: e.prior.Rate, PriorWorth: e.prior.Worth,
		Rate: e.Rate, Rho: e.Rho, Worth: e.worth,
	}
}
