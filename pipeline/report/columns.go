package report

import (
	"fmt"
	"strings"
	"time"

	"trailgauge/pipeline/insight"
)

// Columns is a chart of a column a day, laid out as a Chart is.
type Columns struct {
	Width, Height int
	Many          bool   // too many days for each to be named where there is little room
	Hot, Cold     string // columns, and others above them
	Shade         string // behind the days that it is about
	Unknown       string // days of which nothing is known
	Ticks         []Tick // days
	Values        []ValueMark
	Label         string // what a reader who does not see it is told
}

// ValueMark is a number above a column.
type ValueMark struct{ X, Y, Text string }

// column is one day of Columns.
type column struct {
	day            time.Time
	hot, cold      int64
	shade, unknown bool
}

const (
	columnsHeight = 120
	columnsBottom = columnsHeight - 22
	columnsTop    = 18
)

func columnsOf(list []column, label string) *Columns {
	most := int64(1)
	for _, x := range list {
		most = max(most, x.hot+x.cold)
	}
	c := &Columns{Width: chartWidth, Height: columnsHeight, Many: len(list) > 10, Label: label}
	width := float64(chartWidth) / float64(len(list))
	height := func(n int64) float64 { return (columnsBottom - columnsTop) * float64(n) / float64(most) }
	var hot, cold, shade, unknown path
	for k, x := range list {
		at := width * float64(k)
		mid := tenth(at + width/2)
		c.Ticks = append(c.Ticks, Tick{mid, x.day.UTC().Format("Jan 2")})
		if x.unknown {
			unknown.rect(at+width*.08, columnsBottom-8, width*.84, 8)
			continue
		}
		if x.shade {
			shade.rect(at+width*.02, 2, width*.96, columnsBottom-2)
		}
		h, above := height(x.hot), height(x.cold)
		hot.rect(at+width*.15, columnsBottom-h, width*.7, h)
		cold.rect(at+width*.15, columnsBottom-h-above, width*.7, above)
		c.Values = append(c.Values, ValueMark{mid, tenth(columnsBottom - h - above - 4), group(x.hot + x.cold)})
	}
	c.Hot, c.Cold, c.Shade, c.Unknown = hot.String(), cold.String(), shade.String(), unknown.String()
	return c
}

// beforeChart draws an insight beside the same time on the days before; nil where that is not known.
func beforeChart(i *insight.Insight) *Columns {
	if len(i.Before) == 0 {
		return nil
	}
	var list []column
	for k := range i.Before {
		x := &i.Before[len(i.Before)-1-k]
		list = append(list, column{day: i.Whole.Start.AddDate(0, 0, -x.Days), cold: x.Count, unknown: !x.Observed})
	}
	return columnsOf(append(list, column{day: i.Whole.Start, hot: i.Whole.Count, shade: true}), beforeWords(i))
}

// beforeWords tells of the same time on the days before, the earliest first; "" where that is not known.
func beforeWords(i *insight.Insight) string {
	var counts []string
	for _, x := range i.Before {
		n := group(x.Count)
		if !x.Observed {
			n = "not observed"
		}
		counts = append([]string{n}, counts...)
	}
	if counts == nil {
		return ""
	}
	first, last := i.Before[len(i.Before)-1].Days, i.Before[0].Days
	when := fmt.Sprintf("%d to %d days", first, last)
	switch {
	case first == last:
		when = count(first, "day")
	case last == 1:
		when = fmt.Sprintf("the %d days", first)
	}
	return fmt.Sprintf("At the same time %s before: %s.", when, strings.Join(counts, "; "))
}
