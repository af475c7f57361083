package models

import (
	"encoding/json"
	"fmt"
	"math"
)

// priorDays is how many series-days the shipped histograms weigh against a lake's own.
const priorDays = 1000

// Nulls is the empirical null (Efron 2004): how often each cell's evidence is reached by usual series, learnt from closed days. A raw p
// is not trusted; the score of evidence L = -ln p is -ln(series-days in which a series reached L, over the cell's share of the
// budget), so that a threshold on the score is a budget.
//
// A new lake has no closed days: it starts with histograms of a simulated population, which weigh 1,000 series-days. Scoring is
// read-only and safe for concurrent use; Close is not.
type Nulls struct {
	days   int   // closed days
	own    Tally // their counts × grain, forgotten with a half-life of 90 days
	curves [Cells]curve
}

// grain is what a count of 1 is in Nulls.own, so that forgetting by integers has room.
const grain = 1024

// NewNulls returns the null of a lake without closed days.
func NewNulls() *Nulls {
	n := &Nulls{}
	n.prepare()
	return n
}

// Close adds the tally of a closed day. Every seventh day the past loses 5.25 %, which halves it in 90 days.
func (n *Nulls) Close(day *Tally) {
	if n.days > 0 && n.days%7 == 0 {
		n.own.forget()
	}
	n.own.merge(day, grain)
	n.days++
	n.prepare()
}

// forget multiplies by 2^(-7/90) = .9475, rounding down.
func (t *Tally) forget() {
	for ch := range t.Series {
		t.Series[ch] = t.Series[ch] * 9475 / 10000
		t.Units[ch] = t.Units[ch] * 9475 / 10000
	}
	for _, h := range t.maxima {
		if h == nil {
			continue
		}
		for b := range h {
			h[b] = h[b] * 9475 / 10000
		}
	}
}

// Days returns how many days were closed.
func (n *Nulls) Days() int { return n.days }

// SeriesDays returns the series-days behind a channel's null, the shipped ones not included.
func (n *Nulls) SeriesDays(ch Channel) float64 { return float64(n.own.Series[ch]) / grain }

// Score turns evidence l = -ln p of a cell into a score: -ln(exceedances per series-day / share). It never falls when l rises.
func (n *Nulls) Score(c Cell, l float64) float64 {
	return n.curves[c].at(l) + math.Log(c.Share())
}

type nullsJSON struct {
	Days int    `json:"days"`
	Own  *Tally `json:"own"`
}

// MarshalJSON writes the closed days; the same days give the same bytes.
func (n *Nulls) MarshalJSON() ([]byte, error) { return json.Marshal(nullsJSON{n.days, &n.own}) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Nulls) UnmarshalJSON(data []byte) error {
	*n = Nulls{}
	j := nullsJSON{Own: &n.own}
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("reading the empirical null: %w", err)
	}
	n.days = j.Days
	n.prepare()
	return nil
}
