package report

import (
	"fmt"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// What a day's report shows besides what a run's does.

// daily writes it before the insights.
func (t *text) daily(r *Run) {
	d := r.Daily
	if d == nil {
		return
	}
	t.put(0, "", d.PerDayWords())
	for _, end := range d.Ends() {
		t.put(0, "", end.Name+" accounts, against the same weekday of the four weeks before:")
		for _, a := range end.List {
			t.put(2, dim, fmt.Sprintf("%s: %s, usually %s; %s", r.Names.Account(a.Account), count(int(a.Calls), "call"), expected(a.Usual()), a.Compared()))
		}
	}
	for _, m := range d.Said {
		t.put(0, "", SaidWords(m))
	}
	t.gap()
}

// dayJSON is a Daily in the JSON report.
type dayJSON struct {
	Day       trail.Day      `json:"day"`       // UTC, as 2026-11-01
	Delivered Delivered      `json:"delivered"` // what reached the lake of the day
	PerDay    []DayCount     `json:"perDay"`    // insights that opened on this day and on the 13 before it, ascending
	Accounts  []accountJSON  `json:"accounts"`  // ascending by account
	Marks     []insight.Mark `json:"marks"`     // made on the day
}

type accountJSON struct {
	Account       string  `json:"account"`       // its ID
	Calls         int64   `json:"calls"`         // counted on the day, reads and writes
	ObservedHours int     `json:"observedHours"` // of the day
	Usual         float64 `json:"usual"`         // calls in as many hours of the same weekday of the four weeks before, on average
}

func dayOf(d *Daily) *dayJSON {
	if d == nil {
		return nil
	}
	out := &dayJSON{Day: d.Day, Delivered: d.Delivered, PerDay: orEmpty(d.PerDay), Accounts: []accountJSON{}, Marks: orEmpty(d.Said)}
	for _, a := range d.Accounts {
		out.Accounts = append(out.Accounts, accountJSON{a.Account, a.Calls, a.Hours, a.Usual()})
	}
	return out
}

// DayBars is the chart of a Daily's PerDay, laid out as a Chart is.
type DayBars struct {
	Width, Height  int
	Told, Quiet    string // bars: told, and above them the suppressed
	Today, Unknown string // the day itself, shaded; days of which no hour was decided
	Ticks          []Mark // days
	Values         []ValueMark
	Label          string
}

// ValueMark is a number above a bar.
type ValueMark struct{ X, Y, Text string }

const (
	dayBarsHeight = 120
	dayBarsBottom = dayBarsHeight - 22
	dayBarsTop    = 18
)

func perDayChart(d *Daily) *DayBars {
	if d == nil || len(d.PerDay) == 0 {
		return nil
	}
	most := 1
	for _, x := range d.PerDay {
		most = max(most, x.Told+x.Suppressed)
	}
	c := &DayBars{Width: chartWidth, Height: dayBarsHeight, Label: d.PerDayWords()}
	width := float64(chartWidth) / float64(len(d.PerDay))
	height := func(n int) float64 { return float64(dayBarsBottom-dayBarsTop) * float64(n) / float64(most) }
	var told, quiet, today, unknown path
	for k, x := range d.PerDay {
		at := width * float64(k)
		mid := tenth(at + width/2)
		c.Ticks = append(c.Ticks, Mark{mid, x.Day.Start().Format("Jan 2")})
		switch {
		case !x.Decided:
			unknown.rect(at+width*.08, dayBarsTop, width*.84, dayBarsBottom-dayBarsTop)
			continue
		case x.Day == d.Day:
			today.rect(at+width*.02, 2, width*.96, dayBarsBottom)
		}
		h, q := height(x.Told), height(x.Suppressed)
		told.rect(at+width*.15, dayBarsBottom-h, width*.7, h)
		quiet.rect(at+width*.15, dayBarsBottom-h-q, width*.7, q)
		c.Values = append(c.Values, ValueMark{mid, tenth(dayBarsBottom - h - q - 4), fmt.Sprint(x.Told + x.Suppressed)})
	}
	c.Told, c.Quiet, c.Today, c.Unknown = told.String(), quiet.String(), today.String(), unknown.String()
	return c
}
