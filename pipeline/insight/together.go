package insight

import (
	"math"
	"slices"

	"trailgauge/pipeline/counts"
)

// When more than silentShare of an account's units fall silent at a time, three at least, it is the account that did: a holiday, a region
// switched off, a trail that no longer has all. One insight says so.
const (
	silentShare = .3
	silentUnits = 3
	maxMembers  = 500 // series that an account's insight names: a query of more would be too long
)

// accountUnit is what falls silent then.
func accountUnit(account string) Unit {
	return Unit{Series: counts.Series{Account: account}, Kind: Silence}
}

// Together gathers silences hour by hour: where most of an account is silent, the hours of its units stop being alarms and those of the account's
// own unit become ones. watched counts by account the API × principal units whose silence would tell. cands are sorted by unit, and so is the
// result; the candidates given are left alone.
func Together(state *DayState, cands []Candidate, watched map[string]int, t Thresholds) []Candidate {
	byAccount := map[string][]int{}
	for k := range cands {
		if cands[k].Kind == Silence {
			byAccount[cands[k].Account] = append(byAccount[cands[k].Account], k)
		}
	}
	var out []Candidate
	for account, list := range byAccount {
		unit := accountUnit(account)
		whole := sum(unit, cands, list)
		any := state.running(unit) != nil
		for h := range whole.Hours {
			silent := 0
			for _, k := range list {
				if c := &cands[k]; c.Principal != "" && !c.IsTotal() && c.Hours[h].Best.Score >= t.Of(Silence)-hysteresis {
					silent++
				}
			}
			if silent < silentUnits || float64(silent) <= silentShare*float64(watched[account]) {
				whole.Hours[h].Best = Verdict{Score: math.Inf(-1), End: whole.Hours[h].Best.End}
				continue
			}
			any = true
			if best := &whole.Hours[h].Best; best.Arithmetic != nil {
				a := *best.Arithmetic
				a.Silent, a.Watched = silent, watched[account]
				best.Arithmetic = &a
			}
			if len(out) == 0 {
				cands = slices.Clone(cands)
			}
			for _, k := range list {
				cands[k].Hours[h].Best.Score = math.Inf(-1)
			}
		}
		if any {
			out = append(out, whole)
		}
	}
	if len(out) == 0 {
		return cands
	}
	out = append(out, cands...)
	slices.SortFunc(out, func(a, b Candidate) int { return a.Unit.Compare(b.Unit) })
	return out
}

// sum adds up the API × principal units among cands. Its verdicts are the strongest of theirs, with the sums of their counts and means.
func sum(unit Unit, cands []Candidate, list []int) Candidate {
	whole := Candidate{DayScore: DayScore{Unit: unit}}
	minutes := map[int32]int64{}
	for _, k := range list {
		c := &cands[k]
		if c.Principal == "" || c.IsTotal() {
			continue
		}
		whole.First, whole.Exposure = c.First, c.Exposure
		whole.Members = append(whole.Members, c.Unit)
		for _, p := range c.Track {
			minutes[p.Minute] += p.N
		}
		for h := range c.Hours {
			whole.Hours[h].add(&c.Hours[h])
		}
	}
	if len(whole.Members) > maxMembers {
		whole.Members = nil
	}
	for m, n := range minutes {
		whole.Track = append(whole.Track, counts.Point{Minute: m, N: n})
	}
	slices.SortFunc(whole.Track, func(a, b counts.Point) int { return int(a.Minute) - int(b.Minute) })
	for h := range whole.Hours {
		whole.Hours[h].SD = math.Sqrt(whole.Hours[h].SD)
		whole.Hours[h].Best.Model = "account"
	}
	return whole
}

// add sums counts, means, variances (in SD) and bands, and keeps the highest score.
func (x *Hour) add(y *Hour) {
	score, first := x.Best.Score, x.Best.Window == 0
	x.Observed = x.Observed || y.Observed
	x.Count, x.Mean, x.SD, x.Upper = x.Count+y.Count, x.Mean+y.Mean, x.SD+y.SD*y.SD, x.Upper+y.Upper
	if y.Best.Window == 0 {
		if first {
			x.Best = y.Best
		}
		return
	}
	count, mean := x.Best.Count+y.Best.Count, x.Best.Mean+y.Best.Mean
	if first || y.Best.Score > score {
		x.Best = y.Best
	}
	x.Best.Count, x.Best.Mean = count, mean
}
