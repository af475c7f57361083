package models

import "fmt"

// Channel is a kind of evidence with a budget of its own.
type Channel uint8

const (
	Calls   Channel = iota // more calls
	Errors                 // more errors
	Silence                // fewer calls
	Novelty                // APIs that a principal had never used
	channels
)

func (c Channel) String() string { return [...]string{"calls", "errors", "silence", "novelty"}[c] }

// Regime groups units by how much is expected of them, because tails of quiet and busy series differ.
type Regime uint8

const (
	Quiet    Regime = iota // less than 2 expected a day
	Steady                 // 2 to 48
	Busy                   // more than 48
	Newcomer               // first seen less than 24 hours ago
	Record                 // not a regime by rate: how far an hour exceeds the busiest past hour of any unit
	Attempts               // nor this: errors of an hour, and its calls, together
	regimes
)

func (r Regime) String() string {
	return [...]string{"<2", "2-48", ">48", "newcomer", "record", "attempts"}[r]
}

// RegimeOf returns the regime of a unit with so many expected a day.
func RegimeOf(perDay float64) Regime {
	switch {
	case perDay < 2:
		return Quiet
	case perDay <= 48:
		return Steady
	}
	return Busy
}

// Windows are the lengths scored, in minutes.
var Windows = [7]int{5, 15, 60, 180, 360, 720, 1440}

// shares of a channel's budget by window; newcomers, records and attempts have the rest. An hour and its busiest 5 and 15 minutes see the
// same bursts, so they share what one of them would get. Errors are not scored over 5 minutes, where the calls behind them are too
// few, nor over a day.
// Silence takes a day to tell. Novelty is counted by the hour.
var shares = [channels][len(Windows)]float64{
	Calls:   {.05, .07, .12, .04, .06, .03, .08},
	Errors:  {0, .10, .22, .11, .12, .09, 0},
	Silence: {0, 0, 0, 0, 0, 0, 1},
	Novelty: {0, 0, .8, 0, 0, 0, 0},
}

// sumShares are those of sums over principals or APIs. A newcomer among what they sum moves them for good: over hours and days that is all that
// stands out, so they are scored for bursts alone. What goes on for longer is found where it happens, or as a newcomer.
var sumShares = [channels][len(Windows)]float64{
	Calls:   {.08, .13, .24, 0, 0, 0, 0},
	Errors:  {0, .23, .41, 0, 0, 0, 0},
	Silence: {0, 0, 0, 0, 0, 0, 1},
	Novelty: {0, 0, .8, 0, 0, 0, 0},
}

var (
	newcomerShare = [channels]float64{Calls: .15, Errors: .05, Novelty: .2}
	recordShare   = [channels]float64{Calls: .40, Errors: .05}
	attemptShare  = [channels]float64{Errors: .26}
)

// regimeShares divide a window's share. Most series are quiet. Silence means nothing to them, and novelties all count as rare.
var regimeShares = [channels][Newcomer]float64{
	Calls:   {Quiet: .45, Steady: .35, Busy: .20},
	Errors:  {Quiet: .45, Steady: .35, Busy: .20},
	Silence: {Quiet: 0, Steady: .5, Busy: .5},
	Novelty: {Quiet: 1},
}

// unitShares divide it further: roll-ups over principals have cells of their own, because a busy newcomer among their principals
// moves them for good, and their tails must not hide what single principals do. So have the sums over all that one principal calls.
var unitShares = [channels][units]float64{
	Calls:   {Principals: .75, Rollups: .15, Totals: .10},
	Errors:  {Principals: .70, Rollups: .20, Totals: .10},
	Silence: {Principals: .60, Rollups: .25, Totals: .15},
	Novelty: {Totals: 1},
}

// recordUnits divide the shares of records and attempts: a burst many times the busiest hour of one caller must not be missed.
var recordUnits = [units]float64{Principals: .90, Rollups: .05, Totals: .05}

// UnitKind tells the series of one principal and API from the sums over principals or APIs.
type UnitKind uint8

const (
	Principals UnitKind = iota // one API and principal
	Rollups                    // one API, all principals
	Totals                     // one principal, all APIs
	units
)

// Cell is one part of the empirical null: channel × unit kind × regime × window.
type Cell uint16

// Cells is the number of cells.
const Cells = int(channels) * int(units) * int(regimes) * len(Windows)

// CellOf returns the cell of the i-th of Windows.
func CellOf(ch Channel, u UnitKind, r Regime, i int) Cell {
	return Cell(((int(ch)*int(units)+int(u))*int(regimes)+int(r))*len(Windows) + i)
}

func (c Cell) window() int      { return int(c) % len(Windows) }
func (c Cell) regime() Regime   { return Regime(int(c) / len(Windows) % int(regimes)) }
func (c Cell) unit() UnitKind   { return UnitKind(int(c) / len(Windows) / int(regimes) % int(units)) }
func (c Cell) channel() Channel { return Channel(int(c) / len(Windows) / int(regimes) / int(units)) }

// Share is the part of its channel's budget that the cell may spend, 0 for one that is not scored.
func (c Cell) Share() float64 {
	switch c.regime() {
	case Newcomer:
		return newcomerShare[c.channel()] * unitShares[c.channel()][c.unit()]
	case Record:
		return recordShare[c.channel()] * recordUnits[c.unit()]
	case Attempts:
		return attemptShare[c.channel()] * recordUnits[c.unit()]
	}
	windows := &shares[c.channel()]
	if c.unit() != Principals {
		windows = &sumShares[c.channel()]
	}
	return windows[c.window()] * regimeShares[c.channel()][c.regime()] * unitShares[c.channel()][c.unit()]
}

var cellNames = func() (n [Cells]string) {
	for i := range n {
		c := Cell(i)
		n[i] = fmt.Sprintf("%s/%s/%d", c.channel(), c.regime(), Windows[c.window()])
		n[i] += [...]string{"", "/api", "/principal"}[c.unit()]
	}
	return n
}()

// String returns the cell as "calls/2-48/60", and "calls/2-48/60/api" for an API over all principals and "…/principal" for a principal over all APIs.
func (c Cell) String() string { return cellNames[c] }
