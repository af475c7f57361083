package models

import "fmt"

// Channel is a kind of evidence with a budget of its own.
type Channel uint8

const (
	Calls Channel = iota
	Errors
	channels
)

func (c Channel) String() string { return [...]string{"calls", "errors"}[c] }

// Regime groups units by how much is expected of them, because tails of quiet and busy series differ.
type Regime uint8

const (
	Quiet    Regime = iota // less than 2 expected a day
	Steady                 // 2 to 48
	Busy                   // more than 48
	Newcomer               // first seen less than 24 hours ago
	regimes
)

func (r Regime) String() string { return [...]string{"<2", "2-48", ">48", "newcomer"}[r] }

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

// shares of a channel's budget, by window; newcomers have the rest. An hour and its busiest 5 and 15 minutes see the same bursts,
// so they share what one of them would get.
var shares = [len(Windows)]float64{.10, .15, .20, .05, .10, .05, .15}

const newcomerShare = .20

// Cell is one part of the empirical null: channel × regime × window.
type Cell uint8

// Cells is the number of cells.
const Cells = int(channels) * int(regimes) * len(Windows)

// CellOf returns the cell of the i-th of Windows.
func CellOf(ch Channel, r Regime, i int) Cell {
	return Cell((int(ch)*int(regimes)+int(r))*len(Windows) + i)
}

func (c Cell) window() int      { return int(c) % len(Windows) }
func (c Cell) regime() Regime   { return Regime(int(c) / len(Windows) % int(regimes)) }
func (c Cell) channel() Channel { return Channel(int(c) / len(Windows) / int(regimes)) }

// Share is the part of its channel's budget that the cell may spend.
func (c Cell) Share() float64 {
	if c.regime() == Newcomer {
		return newcomerShare
	}
	return shares[c.window()] / 3 // evenly over the regimes of established units
}

var cellNames = func() (n [Cells]string) {
	for i := range n {
		c := Cell(i)
		n[i] = fmt.Sprintf("%s/%s/%d", c.channel(), c.regime(), Windows[c.window()])
	}
	return n
}()

// String returns the cell as "calls/2-48/60".
func (c Cell) String() string { return cellNames[c] }
