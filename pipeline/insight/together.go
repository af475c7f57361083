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
//
// The account's unit sums those that were silent in the first such hour, for as long as its insight lasts: neither who falls silent later nor
// when the job runs changes what was counted.
func Together(state *DayState, cands []Candidate, watched map[string]int, t Thresholds) []Candidate {
	byAccount := map[string][]int{}
	for k := range cands {
		if cands[k].Kind == Silence {
			byAccount[cands[k].Account] = append(byAccount[cands[k].Account], k)
		}
	}
	var out []Candidate
	given := cands
	for account, list := range byAccount {
		unit := accountUnit(account)
		var together [24]int // units that are silent, where they are enough
		var members []int
		if r := state.running(unit); r != nil {
			members = membersOf(&r.Insight, given, list)
		}
		for h := range together {
			silent := silentIn(given, list, h, t)
			if len(silent) < silentUnits || float64(len(silent)) <= silentShare*float64(watched[account]) {
				continue
			}
			together[h] = len(silent)
			if members == nil {
				members = silent
			}
			if &cands[0] == &given[0] {
				cands = slices.Clone(given)
			}
			for _, k := range list {
				cands[k].Hours[h].Best.Score = math.Inf(-1)
			}
		}
		if members != nil {
			out = append(out, gathered(unit, given, members, &together, watched[account]))
		}
	}
	if len(out) == 0 {
		return cands
	}
	out = append(out, cands...)
	slices.SortFunc(out, func(a, b Candidate) int { return a.Unit.Compare(b.Unit) })
	return out
}

// silentIn returns those of list, API × principal units, that are silent in hour h.
func silentIn(cands []Candidate, list []int, h int, t Thresholds) (silent []int) {
	for _, k := range list {
		if c := &cands[k]; c.isSeries() && c.Hours[h].Best.Score >= t.Of(Silence)-hysteresis {
			silent = append(silent, k)
		}
	}
	return silent
}

// membersOf returns those of list that an open insight of the account sums; all, when they were too many to be named or none of them is left.
func membersOf(i *Insight, cands []Candidate, list []int) (members []int) {
	var all []int
	for _, k := range list {
		if !cands[k].isSeries() {
			continue
		}
		all = append(all, k)
		if slices.Contains(i.Members, cands[k].Unit) {
			members = append(members, k)
		}
	}
	if members == nil {
		return all
	}
	return members
}

// gathered is the account's unit: the sum of its members, scored in the hours in which enough units are silent together.
func gathered(unit Unit, cands []Candidate, members []int, together *[24]int, watched int) Candidate {
	sum := sum(unit, cands, members)
	for h := range sum.Hours {
		best := &sum.Hours[h].Best
		if together[h] == 0 {
			*best = Verdict{Score: math.Inf(-1), End: best.End}
		} else if best.Arithmetic != nil {
			a := *best.Arithmetic
			a.Silent, a.Watched = together[h], watched
			best.Arithmetic = &a
		}
	}
	return sum
}

// sum adds up members. Its verdicts are the strongest of theirs, with the sums of their counts and means.
func sum(unit Unit, cands []Candidate, members []int) Candidate {
	whole := Candidate{DayScore: DayScore{Unit: unit}}
	minutes := map[int32]int64{}
	for _, k := range members {
		c := &cands[k]
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
