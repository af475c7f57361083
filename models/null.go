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
// read-only and safe for concurrent use; Close is not. Novelties come in waves, with a project or a colleague, and a lake that has not seen one yet must not
// take the first for an attack: there the shipped histograms weigh a sixth of the lake's days at least.
//
// What raised an alarm does not teach like the rest. Ten attacks a month in 10,000 series-days are more than the budget's worth of false
// alarms, so they alone would decide what evidence the threshold asks for, and the next attack of their size would fall just short of
// it. Left out altogether, false alarms would teach nothing either, and the threshold would fall with each of them. So, cell by
// cell: of the A unit-days alarmed in it, the E that its threshold promised (by its very definition: share × e^-threshold a series-day) are taken as
// false, always, and as censored: somewhere above everything. The other alarms are taken as true, unless they are many: what
// exceeds 10 + 5·E is noise of this lake that it must learn, and counts, in the proportions of all A. Evidence of an alarmed unit-day that
// did not reach the threshold in its own cell counts nowhere.
//
// It balances: where false alarms are rarer than promised, the unalarmed maxima end lower, the threshold follows them down, and up
// where they are more frequent. The price: a lake whose false alarms are up to 10 + 5·E a cell (of the last months) keeps them, and someone who
// raises hundreds of alarms teaches it to expect them.
type Nulls struct {
	days     int             // closed days
	own      Tally           // their counts × grain, forgotten with a half-life of 90 days
	promised [channels]int64 // false alarms that their thresholds promised × grain, forgotten alike
	curves   [Cells]curve
}

// grain is what a count of 1 is in Nulls.own, so that forgetting by integers has room.
const grain = 1024

// NewNulls returns the null of a lake without closed days.
func NewNulls() *Nulls {
	n := &Nulls{}
	n.prepare()
	return n
}

// Close adds the tally of a closed day, whose thresholds were those of a budget of perSeriesDay (Budget.PerSeriesDay; 0 when no alarms
// were told apart). Every seventh day the past loses 5.25 %, which halves it in 90 days.
func (n *Nulls) Close(day *Tally, perSeriesDay float64) {
	if n.days > 0 && n.days%7 == 0 {
		n.own.forget()
		forget(n.promised[:])
	}
	n.own.merge(day, grain)
	asked := Budget{FalsePerDay: perSeriesDay, SeriesPerDay: 1}
	for ch := range n.promised {
		n.promised[ch] += int64(math.Exp(-asked.Threshold(Channel(ch))) * float64(day.Series[ch]*grain))
	}
	n.days++
	n.prepare()
}

// After returns the null that Close makes of n, which it leaves as it is.
func (n *Nulls) After(day *Tally, perSeriesDay float64) *Nulls {
	next := &Nulls{days: n.days, promised: n.promised}
	next.own.Merge(&n.own)
	next.Close(day, perSeriesDay)
	return next
}

func (t *Tally) forget() {
	forget(t.Series[:])
	forget(t.Units[:])
	for c := range t.maxima {
		if h := t.maxima[c]; h != nil {
			forget(h[:])
		}
		if h := t.alarmed[c]; h != nil {
			forget(h[:])
		}
	}
}

// forget multiplies by 2^(-7/90) = .9475, rounding down.
func forget(counts []int64) {
	for i := range counts {
		counts[i] = counts[i] * 9475 / 10000
	}
}

// usual returns what counts as usual in a cell: the maxima without alarms and those of alarms in excess of 10 + 5·E, × grain; and E × grain.
func (n *Nulls) usual(c Cell) (h *histogram, promised float64) {
	promised = float64(n.promised[c.channel()]) * c.Share()
	h = new(histogram)
	if m := n.own.maxima[c]; m != nil {
		*h = *m
	}
	alarmed := n.own.alarmed[c]
	if alarmed == nil {
		return h, promised
	}
	all := 0.
	for _, a := range alarmed {
		all += float64(a)
	}
	if excess := all - 10*grain - 5*promised; excess > 0 {
		for b, a := range alarmed {
			h[b] += int64(float64(a) * (excess / all))
		}
	}
	return h, promised
}

// SeriesDays returns the series-days behind a channel's null, the shipped ones not included.
func (n *Nulls) SeriesDays(ch Channel) float64 { return float64(n.own.Series[ch]) / grain }

// Score turns evidence l = -ln p of a cell into a score: -ln(exceedances per series-day / share). It never falls when l rises.
func (n *Nulls) Score(c Cell, l float64) float64 {
	return n.curves[c].at(l) + math.Log(c.Share())
}

// scoring numbers the ways in which evidence and cells are computed: maxima of another one say nothing about today's. It rises with every such
// change, and lakes then learn anew, from the shipped histograms on.
const scoring = 2

type nullsJSON struct {
	Scoring  int              `json:"scoring"`
	Days     int              `json:"days"`
	Own      *Tally           `json:"own"`
	Promised map[string]int64 `json:"promised"` // by channel
}

// MarshalJSON writes the closed days; the same days give the same bytes.
func (n *Nulls) MarshalJSON() ([]byte, error) {
	j := nullsJSON{scoring, n.days, &n.own, map[string]int64{}}
	for ch := range channels {
		j.Promised[ch.String()] = n.promised[ch]
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote. What was written when evidence was computed another way is forgotten: n is a new lake's then.
func (n *Nulls) UnmarshalJSON(data []byte) error {
	*n = Nulls{}
	j := nullsJSON{Own: &n.own}
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("reading the empirical null: %w", err)
	}
	if j.Scoring != scoring {
		*n = *NewNulls()
		return nil
	}
	n.days = j.Days
	for ch := range channels {
		n.promised[ch] = j.Promised[ch.String()]
	}
	n.prepare()
	return nil
}
