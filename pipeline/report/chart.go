package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"trailgauge/pipeline/insight"
)

// Chart is an insight's hours, laid out for an SVG of chartWidth by chartHeight. Coordinates are rounded to a tenth, so that bytes do not
// depend on the last bit of an expectation.
type Chart struct {
	Width, Height int
	Bars          []Bar
	Unknown       []Bar  // hours that were not observed
	Insight       Bar    // the shaded time
	Band          string // points of the polygon from 0 to the upper edge of the usual
	Mean          string // points of the expected line
	Grid          []Mark // count axis
	Ticks         []Mark // time axis
	Label         string // what a reader who does not see it is told
}

// Bar is a rectangle.
type Bar struct {
	X, Y, W, H string
	Hot        bool   // within the insight
	Tip        string // shown on hover
}

// Mark is a labelled place on an axis.
type Mark struct{ At, Text string }

const (
	chartWidth  = 760
	chartHeight = 190
	left        = 52 // of the plot
	right       = chartWidth - 8
	top         = 10
	bottom      = chartHeight - 24
	longestPlot = 8 * 24 // hours: a day before, and a week
)

// ChartOf lays an insight's hours out; nil when it has none.
func ChartOf(i *insight.Insight) *Chart {
	hours := i.Hours
	if len(hours) == 0 {
		return nil
	}
	if len(hours) > longestPlot {
		hours = hours[len(hours)-longestPlot:]
	}
	p := plot{first: hours[0].Hour, hours: len(hours), most: 1}
	for _, h := range hours {
		p.most = max(p.most, float64(h.Count), drawable(h.Mean))
	}
	// The band may be far wider than what was seen; it is cut at the top instead of flattening the bars.
	p.most = ceiling(p.most)
	c := &Chart{Width: chartWidth, Height: chartHeight, Insight: p.shade(i.Whole), Ticks: p.ticks(), Grid: p.grid(), Label: "Hour by hour: " + Why(i)}
	var band, back, mean []string
	for k, h := range hours {
		if !h.Observed {
			c.Unknown = append(c.Unknown, Bar{X: tenth(p.x(k)), Y: tenth(top), W: tenth(p.step()), H: tenth(bottom - top), Tip: when(h.Hour) + ": not observed"})
			continue
		}
		end := h.Hour.Add(time.Hour)
		b := Bar{X: tenth(p.x(k) + p.step()*.1), W: tenth(p.step() * .8), Y: tenth(p.y(float64(h.Count))), H: tenth(bottom - p.y(float64(h.Count))),
			Hot: h.Hour.Before(i.Whole.End) && end.After(i.Whole.Start),
			Tip: fmt.Sprintf("%s: %s, %s expected, usually up to %s", when(h.Hour), group(h.Count), expected(h.Mean), expected(h.Upper))}
		if h.Count > 0 {
			c.Bars = append(c.Bars, b)
		}
	}
	for k, h := range hours {
		x0, x1 := tenth(p.x(k)), tenth(p.x(k+1))
		up, mid := tenth(p.y(min(drawable(h.Upper), p.most))), tenth(p.y(drawable(h.Mean)))
		band = append(band, x0+","+up, x1+","+up)
		mean = append(mean, x0+","+mid, x1+","+mid)
	}
	back = []string{tenth(right) + "," + tenth(bottom), tenth(left) + "," + tenth(bottom)}
	c.Band, c.Mean = strings.Join(append(band, back...), " "), strings.Join(mean, " ")
	return c
}

// plot maps hours and counts to coordinates.
type plot struct {
	first time.Time
	hours int
	most  float64
}

func (p plot) step() float64       { return float64(right-left) / float64(p.hours) }
func (p plot) x(k int) float64     { return left + p.step()*float64(k) }
func (p plot) y(n float64) float64 { return bottom - (bottom-top)*n/p.most }

// at is the x of an instant, kept within the plot.
func (p plot) at(t time.Time) float64 {
	return min(max(left+p.step()*t.Sub(p.first).Hours(), left), right)
}

func (p plot) shade(s insight.Span) Bar {
	x := p.at(s.Start)
	return Bar{X: tenth(x), Y: tenth(top), W: tenth(max(p.at(s.End)-x, 2)), H: tenth(bottom - top)}
}

func (p plot) grid() []Mark {
	var out []Mark
	for _, share := range []float64{0, .5, 1} {
		out = append(out, Mark{At: tenth(p.y(p.most * share)), Text: trimThousand(p.most * share)})
	}
	return out
}

// ticks marks about six whole hours.
func (p plot) ticks() []Mark {
	every := max(1, p.hours/6)
	for _, n := range []int{1, 2, 3, 6, 12, 24, 48} {
		if n >= every {
			every = n
			break
		}
	}
	var out []Mark
	for k := range p.hours {
		t := p.first.Add(time.Duration(k) * time.Hour).UTC()
		if (t.Hour()+24*(t.YearDay()%2))%every != 0 || p.x(k) > right-40 {
			continue
		}
		format := "15:04"
		if t.Hour() == 0 || len(out) == 0 {
			format = "Jan 2 15:04"
		}
		out = append(out, Mark{At: tenth(p.x(k)), Text: t.Format(format)})
	}
	return out
}

// ceiling rounds up to a number whose half is short and, from 2 on, whole.
func ceiling(x float64) float64 {
	unit := 1.
	for unit*10 < x {
		unit *= 10
	}
	for _, n := range []float64{1, 1.5, 2, 2.5, 3, 4, 5, 6, 8} {
		half := n * unit / 2
		if n*unit >= x && half == math.Trunc(half) {
			return n * unit
		}
	}
	return unit * 10
}

func trimThousand(x float64) string {
	if x >= 1e4 && int64(x)%1000 == 0 {
		return group(int64(x)/1000) + "k"
	}
	return group(int64(x))
}

func tenth(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// drawable makes what is no number a zero.
func drawable(x float64) float64 {
	if x-x != 0 || x < 0 {
		return 0
	}
	return x
}
