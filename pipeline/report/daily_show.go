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

// perDayChart draws how many insights opened a day.
func perDayChart(d *Daily) *Columns {
	if d == nil || len(d.PerDay) == 0 {
		return nil
	}
	var list []column
	for _, x := range d.PerDay {
		list = append(list, column{x.Day.Start(), int64(x.Told), int64(x.Suppressed), x.Day == d.Day, !x.Decided})
	}
	return columnsOf(list, d.PerDayWords())
}
