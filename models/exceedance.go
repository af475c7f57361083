package models

import "math"

// Exceedance is how a score came about: all of it that one cannot see from the evidence alone. Evidence L = -ln p is taken to a
// table of edges a quarter nat apart; the score is
//
//	Lower.Rarity() + At·(Upper.Rarity() - Lower.Rarity()) + ln(Share)
type Exceedance struct {
	Share        float64 `json:"share"` // the cell's part of its channel's budget
	At           float64 `json:"at"`    // where the evidence lies from Lower (0) to Upper (1); beyond 60 nats, all evidence is the same: 1
	Lower, Upper Edge
}

// Edge is how often usual series reach so much evidence. As far as 10 of the lake's own daily maxima went, it is the joint rate of the lake and of
// the shipped population; beyond, that rate at the last such edge, and an exponential tail.
type Edge struct {
	Evidence float64 `json:"evidence"` // -ln p at the edge
	From     float64 `json:"from"`     // the edge that the counts are of: Evidence, or where the tail begins
	Own      float64 `json:"own"`      // the lake's own daily maxima at or above From, alarms within the promise left out, older ones weighing less
	Promised float64 `json:"promised"` // false alarms that the budget promised, taken to be somewhere above
	Days     float64 `json:"days"`     // the lake's own series-days
	Shipped  float64 `json:"shipped"`  // rate of the shipped population at From, a series-day
	Weight   float64 `json:"weight"`   // series-days that the shipped population weighs
	Tail     float64 `json:"tail"`     // nats of rarity that the shipped curve gains from From to Evidence
	Stretch  float64 `json:"stretch"`  // how much slower the lake's own maxima thin out
}

// Rarity is -ln of the rate: (Own + Promised + Weight·Shipped) / (Days + Weight), at most 1; plus Tail/Stretch.
func (e *Edge) Rarity() float64 {
	return -math.Log(min((e.Own+e.Promised+e.Weight*e.Shipped)/(e.Days+e.Weight), 1)) + e.Tail/e.Stretch
}

// Exceedance explains the score of evidence l = -ln p of a cell.
func (n *Nulls) Exceedance(c Cell, l float64) Exceedance {
	m := n.mixture(c)
	i, at := place(l)
	return Exceedance{c.Share(), at, m.edge(i), m.edge(i + 1)}
}

// Share is the part of a budget that a channel may spend: Budget.Threshold is -ln(PerSeriesDay · Share) + Mistrust.
func (c Channel) Share() float64 { return channelShares[c] }
