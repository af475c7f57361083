package report

import (
	"cmp"
	"fmt"
	"slices"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// Daily is what the report of a day says besides what the report of a run does: a Run with a Daily tells of all decided hours of one UTC day, as they
// were known at its end, whichever runs decided them. Late data make it anew.
type Daily struct {
	Day       trail.Day
	Previous  trail.Day // a day before with a report of its own; 0: none
	Delivered Delivered
	PerDay    []DayCount     // this day and those before it, ascending, without gaps
	Accounts  []AccountDay   // ascending by account
	Said      []insight.Mark // marks made on the day, in order
}

// Delivered is what reached the lake of a day. Objects go by the day of their keys, events by their own times, so the two are close and need not be equal.
type Delivered struct {
	Objects         int64 `json:"objects"`         // delivered on the day and read
	ObjectsRejected int64 `json:"objectsRejected"` // of them, as a whole
	Bytes           int64 `json:"bytes"`           // compressed
	Records         int64 `json:"records"`         // found in them; repeats too
	RecordsRejected int64 `json:"recordsRejected"` // of those records
	Events          int64 `json:"events"`          // of the day, in the lake
	Replaced        int64 `json:"replaced"`        // of them, superseded by an UPDATED_DATA record
	Awaited         int64 `json:"awaited"`         // events that such records of the day replace and that have not come
}

// DayCount is how many insights opened on a day.
type DayCount struct {
	Day        trail.Day `json:"day"`        // UTC, as 2026-11-01
	Decided    bool      `json:"decided"`    // at least an hour of it
	Told       int       `json:"told"`       // insights that opened on it, retracted and suppressed ones left out
	Suppressed int       `json:"suppressed"` // those that a rule keeps from being told
}

// AccountDay is how many calls of an account were counted on a day and on the same weekday of the four weeks before, with the hours that
// were observed: weekends are compared with weekends.
type AccountDay struct {
	Account     string
	Calls       int64
	Hours       int // observed of the day
	Before      int64
	HoursBefore int
}

// Usual is how many calls as many hours had before, on average; 0 when nothing was observed.
func (a AccountDay) Usual() float64 {
	if a.HoursBefore == 0 {
		return 0
	}
	return float64(a.Before) * float64(a.Hours) / float64(a.HoursBefore)
}

// factor is how far from usual an account is: 1 is usual. Ten calls on both sides keep a handful from standing out.
func (a AccountDay) factor() float64 { return (float64(a.Calls) + 10) / (a.Usual() + 10) }

// Compared says how a day's calls compare with its usual ones.
func (a AccountDay) Compared() string {
	ratio := float64(a.Calls) / a.Usual()
	switch {
	case a.Before == 0 || a.Hours == 0:
		return "no such day before"
	case ratio >= 2:
		return expected(ratio) + " times its usual"
	case ratio >= 1:
		return decimals(100*(ratio-1), 0) + " % above its usual"
	}
	return decimals(100*(1-ratio), 0) + " % below its usual"
}

// extremes is how many accounts are named at each end.
const extremes = 5

// End is the accounts at one end.
type End struct {
	Name string
	List []AccountDay // the furthest first; not empty
}

// Ends returns the accounts furthest above what is usual of them, and those furthest below.
func (d *Daily) Ends() (out []End) {
	out = []End{{"Loudest", d.far(1)}, {"Quietest", d.far(-1)}}
	return slices.DeleteFunc(out, func(e End) bool { return len(e.List) == 0 })
}

func (d *Daily) far(sign float64) []AccountDay {
	var out []AccountDay
	for _, a := range d.Accounts {
		if sign*(a.factor()-1) > 0 {
			out = append(out, a)
		}
	}
	slices.SortStableFunc(out, func(a, b AccountDay) int { return cmp.Compare(sign*b.factor(), sign*a.factor()) })
	return out[:min(len(out), extremes)]
}

// during is when what a report tells happened.
func (r *Run) during() string {
	if r.Daily != nil {
		return "on this day"
	}
	return "in this run"
}

// DailyName is the folder of a day's report within reports/.
func DailyName(d trail.Day) string { return "daily/" + d.String() }

// delivered says what a day's report rests on.
func delivered(d Delivered) string {
	s := fmt.Sprintf("%s (%s) delivered on this day, %s in them.", count(int(d.Objects), "object"), size(d.Bytes), count(int(d.Records), "record"))
	if d.ObjectsRejected+d.RecordsRejected > 0 {
		s += fmt.Sprintf(" Rejected: %s as a whole, %s.", count(int(d.ObjectsRejected), "object"), count(int(d.RecordsRejected), "record"))
	}
	s += fmt.Sprintf(" The lake has %s of this day", count(int(d.Events), "event"))
	if d.Replaced > 0 {
		s += fmt.Sprintf(", %s of them replaced by corrections", group(d.Replaced))
	}
	if d.Awaited > 0 {
		s += fmt.Sprintf("; %s that corrections replace have not come", count(int(d.Awaited), "event"))
	}
	return s + "."
}

// PerDayWords tells of the insights a day, for those who do not see the chart.
func (d *Daily) PerDayWords() string {
	s := fmt.Sprintf("Insights opened a day from %s to %s:", d.PerDay[0].Day, d.Day)
	for k, x := range d.PerDay {
		if k > 0 {
			s += ","
		}
		switch {
		case !x.Decided:
			s += " –"
		case x.Suppressed > 0:
			s += fmt.Sprintf(" %d (+%d suppressed)", x.Told, x.Suppressed)
		default:
			s += fmt.Sprintf(" %d", x.Told)
		}
	}
	return s + "."
}

// SaidWords tells of one mark of the day.
func SaidWords(m insight.Mark) string {
	what := "Marked " + Clean(string(m.As))
	if m.Undoes > 0 {
		what = fmt.Sprintf("Taken back (mark %d, %s)", m.Undoes, Clean(string(m.As)))
	}
	return fmt.Sprintf("%s: %s, account %s. %s; id %s", what, markTitle(&m), Clean(m.Of[0].Unit.Account), said(&m), Clean(m.Insight))
}
