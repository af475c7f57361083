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
// depend on the last bit of an expectation. The strings are path data; "" draws nothing.
type Chart struct {
	Width, Height int
	Insight       string // the shaded time
	Band          string // from 0 to the upper edge of the usual; none of a silence
	Edge          string // the upper edge itself, where it is not above the plot
	Unknown       string // hours that were not observed
	Cold, Hot     string // bars of observed hours, outside the insight and in it
	Before        string // what was counted 24 hours before each hour of the insight
	Mean          string // the expected
	Limit, Enough string // the count that would have raised the insight, an hour; the same in words. "" where it is not known
	Grid          []Tick // count axis
	Ticks         []Tick // time axis
	Label         string // what a reader who does not see it is told
}

// Tick is a labelled place on an axis.
type Tick struct{ At, Text string }

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
	limit, edged := limitOf(i), i.Kind != insight.Silence // what fell silent did not pass the edge
	p := plotOf(hours, limit, edged)
	c := &Chart{Width: chartWidth, Height: chartHeight, Insight: p.shade(i.Whole), Ticks: p.ticks(), Grid: p.grid(), Label: "Hour by hour: " + Why(i)}
	var band, edge, unknown, cold, hot, before, mean path
	band.to("M", left, bottom)
	for k, h := range hours {
		x, w := p.x(k), p.step()
		up, mid := drawable(h.Upper), p.y(drawable(h.Mean))
		band.step(x, w, p.y(min(up, p.most)), true)
		mean.step(x, w, mid, k > 0)
		if up <= p.most && edged {
			edge.step(x, w, p.y(up), k > 0 && drawable(hours[k-1].Upper) <= p.most)
		}
		in := inside(i, h)
		switch bars := &cold; {
		case !h.Observed:
			unknown.rect(x, top, w, bottom-top)
		case h.Count > 0:
			if in {
				bars = &hot
			}
			bars.rect(x+w*.1, p.y(float64(h.Count)), w*.8, bottom-p.y(float64(h.Count)))
		}
		if k >= 24 && in && hours[k-24].Observed {
			before.step(x, w, p.y(float64(hours[k-24].Count)), k > 24 && hours[k-25].Observed && before.Len() > 0)
		}
	}
	band.to("L", right, bottom)
	if edged {
		c.Band = band.String() + "Z"
	}
	if limit > 0 {
		var line path
		line.to("M", left, p.y(limit))
		c.Limit, c.Enough = line.String()+"H"+decimals(right, 1), "threshold: "+enough(i)
	}
	c.Edge, c.Unknown, c.Cold, c.Hot, c.Before, c.Mean = edge.String(), unknown.String(), cold.String(), hot.String(), before.String(), mean.String()
	return c
}

// limitOf is how many would have been enough for an alarm where the insight opened: in the hour, in less, or over more on average. 0 where that is not known.
func limitOf(i *insight.Insight) float64 {
	a, v := i.First.Arithmetic, &i.First
	if a == nil || v.Window <= 0 {
		return 0
	}
	return float64(a.Needed) * 60 / float64(max(v.Window, 60))
}

// enough says the same; "" where it is not known.
func enough(i *insight.Insight) string {
	if limitOf(i) == 0 {
		return ""
	}
	return fmt.Sprintf("%s in %s", group(i.First.Arithmetic.Needed), length(i.First.Window))
}

// inside tells whether an hour is one of the insight.
func inside(i *insight.Insight, h insight.Bar) bool {
	return h.Hour.Before(i.Whole.End) && h.Hour.Add(time.Hour).After(i.Whole.Start)
}

// path is the d of an SVG path.
type path struct{ strings.Builder }

func (p *path) to(how string, x, y float64) {
	p.WriteString(how + decimals(x, 1) + "," + decimals(y, 1))
}

// step draws a level line, joined to what was drawn last or on its own.
func (p *path) step(x, w, y float64, joined bool) {
	how := "M"
	if joined {
		how = "L"
	}
	p.to(how, x, y)
	p.WriteString("H" + decimals(x+w, 1))
}

func (p *path) rect(x, y, w, h float64) {
	p.to("M", x, y)
	p.WriteString("h" + decimals(w, 1) + "v" + decimals(h, 1) + "h-" + decimals(w, 1) + "z")
}

// plot maps hours and counts to coordinates.
type plot struct {
	first time.Time
	hours int
	most  float64
}

// plotOf scales a plot to hold the counts, the means and a limit, and the edge of the usual where that is not far above them: it is cut off then
// instead of flattening the bars.
func plotOf(hours []insight.Bar, limit float64, edged bool) plot {
	p := plot{first: hours[0].Hour, hours: len(hours), most: 1}
	for _, h := range hours {
		p.most = max(p.most, float64(h.Count), drawable(h.Mean))
	}
	highest := p.most * 2
	for _, h := range hours {
		if up := drawable(h.Upper); edged && up <= highest {
			p.most = max(p.most, up)
		}
	}
	p.most = ceiling(max(p.most, limit))
	return p
}

func (p plot) step() float64       { return float64(right-left) / float64(p.hours) }
func (p plot) x(k int) float64     { return left + p.step()*float64(k) }
func (p plot) y(n float64) float64 { return bottom - (bottom-top)*n/p.most }

// at is the x of an instant, kept within the plot.
func (p plot) at(t time.Time) float64 {
	return min(max(left+p.step()*t.Sub(p.first).Hours(), left), right)
}

func (p plot) shade(s insight.Span) string {
	var b path
	x := p.at(s.Start)
	b.rect(x, top, max(p.at(s.End)-x, 2), bottom-top)
	return b.String()
}

func (p plot) grid() []Tick {
	var out []Tick
	for _, share := range []float64{0, .5, 1} {
		out = append(out, Tick{At: tenth(p.y(p.most * share)), Text: trimThousand(p.most * share)})
	}
	return out
}

// ticks marks about six whole hours.
func (p plot) ticks() []Tick {
	every := max(1, p.hours/6)
	for _, n := range []int{1, 2, 3, 6, 12, 24, 48} {
		if n >= every {
			every = n
			break
		}
	}
	var out []Tick
	for k := range p.hours {
		t := p.first.Add(time.Duration(k) * time.Hour).UTC()
		if (t.Hour()+24*(t.YearDay()%2))%every != 0 || p.x(k) > right-40 {
			continue
		}
		format := "15:04"
		if t.Hour() == 0 || len(out) == 0 {
			format = "Jan 2 15:04"
		}
		out = append(out, Tick{At: tenth(p.x(k)), Text: t.Format(format)})
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
