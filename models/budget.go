package models

import (
	"fmt"
	"math"
)

// laxest is the most false insights per series-day a budget ever allows, over all channels.
const laxest = 1. / 1000

// mistrust is by how much more than a budget below laxest asks for the threshold rises, for each nat. Evidence rarer than a lake has seen is judged by
// tails, and lakes differ from each other and from the shipped population: in populations that nothing was learnt from, a tenth of the
// budget brought a fifth of the insights.
const mistrust = .25

// channelShares divide a budget over the channels.
var channelShares = [channels]float64{Calls: .55, Errors: .30, Silence: .05, Novelty: .10}

// Budget is how many false insights are asked for.
//
// What it promises: if the maxima of the days to come are like those of the closed days (and, on a new lake, like those of the simulated
// population), the units whose score reaches the threshold without cause number at most PerSeriesDay per series-day on
// average, by the union bound over channels, cells and windows. In clean populations that nothing was learnt from, .6 to .9 of what was asked for
// came at 10 to .1 per 1,000 series-days (fixtures/quality).
type Budget struct {
	FalsePerDay  float64 // for the whole lake; 1 is usual
	SeriesPerDay float64 // series-days a day: how many series the lake has; 0 when unknown
}

// PerSeriesDay returns the false insights allowed per series-day over all channels: FalsePerDay/SeriesPerDay, never more
// than 1 per 1,000.
func (b Budget) PerSeriesDay() float64 {
	if b.SeriesPerDay <= 0 {
		return laxest
	}
	return min(laxest, max(b.FalsePerDay, 0)/b.SeriesPerDay)
}

// Threshold returns the score that makes an hour an alarm: -ln(budget · the channel's share) + Mistrust. It is +Inf for a budget of 0.
func (b Budget) Threshold(ch Channel) float64 {
	return -math.Log(b.PerSeriesDay()*channelShares[ch]) + b.Mistrust()
}

// Mistrust is what the thresholds are above the budget, because stricter ones than 1 per 1,000 rest on tails: ¼·ln(.001/budget) nats.
func (b Budget) Mistrust() float64 { return mistrust * math.Log(laxest/b.PerSeriesDay()) }

// PerDay returns the false insights a day that the thresholds promise on average.
func (b Budget) PerDay() float64 { return b.PerSeriesDay() * b.SeriesPerDay }

// String says what the budget promises.
func (b Budget) String() string {
	return fmt.Sprintf("at most %.3g false insights a day, %.3g per 1,000 series-days (%.0f series; scores %.2f for calls, %.2f for errors, %.2f for silence, %.2f for novelty)",
		b.PerDay(), 1000*b.PerSeriesDay(), b.SeriesPerDay, b.Threshold(Calls), b.Threshold(Errors), b.Threshold(Silence), b.Threshold(Novelty))
}
