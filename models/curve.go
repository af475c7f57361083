package models

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"sync"
)

// The shipped histograms: daily maxima of a simulated population, made by the test TestShippedNull of pipeline/insight with -update.
//
//go:embed default_null.json
var shippedJSON []byte

// curve maps evidence to -ln(exceedances per series-day), at the lower edges of the buckets.
type curve [buckets]float64

// at interpolates linearly.
func (c *curve) at(l float64) float64 {
	i, at := place(l)
	return c[i] + at*(c[i+1]-c[i])
}

// place returns the edge below evidence l, and how far it lies from there to the next.
func place(l float64) (edge int, at float64) {
	x := min(max(l*bucketsPerNat, 0), buckets-1)
	edge = min(int(x), buckets-2)
	return edge, x - float64(edge)
}

// tail is the number of maxima at or above each edge.
type tail [buckets]float64

func tailOf(h *histogram, unit float64) *tail {
	var t tail
	if h == nil {
		return &t
	}
	sum := 0.
	for b := buckets - 1; b >= 0; b-- {
		sum += float64(h[b]) / unit
		t[b] = sum
	}
	return &t
}

// reach returns the last edge that at least n maxima reach, 0 when none does.
func (t *tail) reach(n float64) int {
	for b := buckets - 1; b > 0; b-- {
		if t[b] >= n {
			return b
		}
	}
	return 0
}

// shippedCurve computes the curve of the simulated population: (count + .5)/D as far as 12 maxima reach (any, when there are fewer than 24), and an
// exponential tail beyond. Its mean is that of the excess of those last maxima, none cut, for the population holds no anomaly that could stretch it;
// shrunk with 20 votes to the mean on the stretch below, censored at its end, shrunk with 20 votes of 1.3 and clipped to 1..100.
func shippedCurve(h *histogram, days float64) *curve {
	t := tailOf(h, 1)
	v := t.reach(max(12, 5e-4*t[0]))
	if t[0] < 24 {
		v = t.reach(1) // too few to tell a slope: flat as far as any maximum went
	}
	u := min(t.reach(max(60, .01*t[0])), max(v-2, 0))
	below := t.excess(u, v) + t[v]*float64(v-u)/bucketsPerNat
	theta := min(max((below+20*1.3)/(t[u]-t[v]+20), 1), 100)
	if t[0] >= 24 {
		theta = (t.excess(v, buckets-1) + 20*theta) / (t[v] + 20)
	}
	var c curve
	for b := range c {
		c[b] = -math.Log(min((t[min(b, v)]+.5)/max(days, 1), 1))
		if b > v {
			c[b] += float64(b-v) / bucketsPerNat / theta
		}
	}
	return &c
}

// excess sums by how much the maxima from edge u to v exceed u, in nats.
func (t *tail) excess(u, v int) float64 {
	sum := 0.
	for b := u; b < v; b++ {
		sum += (t[b] - t[b+1]) * (float64(b-u) + .5) / bucketsPerNat
	}
	return sum
}

// mixture joins a lake's own maxima with the shipped curve. As far as 10 own maxima reach, it is the joint rate, in which the shipped curve
// weighs least series-days and at least 2 maxima: a lake that has not yet seen what happens once in 10,000 series-days must
// not conclude that it never does. Beyond, it is the shipped tail, stretched by how much slower the lake's own maxima thin
// out on the stretch below (mean of the excess in units of the shipped curve, censored, shrunk to 1 with 20 votes, clipped to .8..3).
type mixture struct {
	own     *tail
	above   float64 // how many more maxima lie somewhere above all of own's
	days    float64
	shipped *curve
	least   float64 // series-days that the shipped curve weighs at least
	last    int     // the last edge that 10 own maxima reach
	stretch float64
}

func mix(own *tail, above, days float64, shipped *curve, least float64) *mixture {
	v := own.reach(10)
	u := min(own.reach(max(60, .01*own[0])), max(v-2, 0))
	sum := 0.
	for b := u; b < v; b++ {
		sum += (own[b] - own[b+1]) * ((shipped[b]+shipped[b+1])/2 - shipped[u])
	}
	sum += (own[v] + above) * (shipped[v] - shipped[u])
	stretch := min(max((sum+20)/(own[u]-own[v]+20), .8), 3)
	if v == 0 {
		stretch = 1
	}
	return &mixture{own, above, days, shipped, least, v, stretch}
}

// edge explains bucket b's lower edge.
func (m *mixture) edge(b int) Edge {
	from := min(b, m.last)
	rate := math.Exp(-m.shipped[from])
	return Edge{
		Evidence: float64(b) / bucketsPerNat, From: float64(from) / bucketsPerNat, Own: m.own[from], Promised: m.above, Days: m.days,
		Shipped: rate, Weight: max(m.least, 2/rate), Tail: m.shipped[b] - m.shipped[from], Stretch: m.stretch,
	}
}

func (m *mixture) curve() *curve {
	var c curve
	for b := range c {
		e := m.edge(b)
		c[b] = e.Rarity()
	}
	return &c
}

// shippedCurves reads the embedded histograms once.
var shippedCurves = sync.OnceValue(func() (c [Cells]*curve) {
	var t Tally
	if err := json.Unmarshal(shippedJSON, &t); err != nil {
		panic(fmt.Sprintf("models: the embedded null is damaged: %v", err)) // a broken build
	}
	for i := range c {
		c[i] = shippedCurve(t.maxima[i], float64(t.Series[Cell(i).channel()]))
	}
	return c
})

// mixture joins what a cell has learnt with what is shipped.
func (n *Nulls) mixture(c Cell) *mixture {
	h, promised := n.usual(c)
	days, least := n.SeriesDays(c.channel()), float64(priorDays)
	if c.channel() == Novelty {
		least = max(least, days/6)
	}
	return mix(tailOf(h, grain), promised/grain, days, shippedCurves()[c], least)
}

// prepare computes the curves.
func (n *Nulls) prepare() {
	for i := range n.curves {
		n.curves[i] = *n.mixture(Cell(i)).curve()
	}
}
