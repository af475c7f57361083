package report

import (
	"fmt"
	"strings"
	"time"

	"trailgauge/pipeline/insight"
)

// The sentences that text and HTML share.

// decided says which hours the run decided.
func decided(r *Run) string {
	hours := int(r.Upto.Sub(r.From).Hours())
	if hours <= 0 {
		return "No hours were decided " + r.during() + "."
	}
	return fmt.Sprintf("Decided %s, from %s to %s.", count(hours, "hour"), when(r.From), when(r.Upto))
}

// summary counts the insights.
func summary(r *Run) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{len(r.Opened), "opened"}, {len(r.StillOpen), "still open"}, {len(r.Closed), "closed"}, {len(r.Revised), "revised"}, {len(r.Retracted), "retracted"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	found := "Insights: " + strings.Join(parts, ", ") + "."
	if parts == nil {
		found = "No insights."
	}
	if n := len(r.Incidents); n > 0 {
		found = strings.TrimSuffix(found, ".") + "; " + count(n, "incident") + "."
	}
	if r.Daily != nil {
		return r.Daily.Day.String() + ". " + found
	}
	return found
}

// ledger accounts for every record.
func ledger(r *Run) string {
	if r.Daily != nil {
		return delivered(r.Daily.Delivered) + " The report of each run accounts for every record it read."
	}
	in := r.Input
	s := fmt.Sprintf("%s (%s) read, %s = %s kept + %s duplicate + %s replaced + %s rejected.",
		count(int(in.Objects), "object"), size(in.Bytes), count(int(in.Read), "record"), group(in.Kept), group(in.Duplicate), group(in.Replaced), group(in.Rejected))
	if !in.Balanced() {
		s += " THE SUM DOES NOT BALANCE."
	}
	for _, x := range []struct {
		n    int64
		what string
	}{{in.ObjectsRejected, "rejected as a whole"}, {in.Foreign, "of other kinds passed over"}, {in.Archived, "archived, skipped"}} {
		if x.n > 0 {
			s += fmt.Sprintf(" %s %s.", count(int(x.n), "object"), x.what)
		}
	}
	if in.Conflicts > 0 {
		s += fmt.Sprintf(" %s differed from the record they repeat.", count(int(in.Conflicts), "duplicate"))
	}
	return s
}

// balance is the ledger in one line.
func balance(r *Run) string {
	if r.Daily != nil {
		return delivered(r.Daily.Delivered)
	}
	in := r.Input
	s := fmt.Sprintf("%s read = %s kept + %s duplicate + %s replaced + %s rejected", count(int(in.Read), "record"), group(in.Kept), group(in.Duplicate), group(in.Replaced), group(in.Rejected))
	if !in.Balanced() {
		return s + ": THE SUM DOES NOT BALANCE."
	}
	return s + "; it balances."
}

// observed is the coverage in one line.
func observed(c Coverage) string {
	s := fmt.Sprintf("%s of %s observed", group(int64(c.HoursObserved)), count(c.HoursObserved+c.HoursUnknown, "decided hour"))
	if c.HoursUnknown > 0 {
		s += fmt.Sprintf(", %s unknown", group(int64(c.HoursUnknown)))
	}
	return s + fmt.Sprintf("; %s series watched.", group(c.Series))
}

// allowed is what the budget means for the run, in one line.
func allowed(b Budget) string {
	return fmt.Sprintf("%s opened; up to %s false ones to be expected.", group(int64(b.Found)), expected(b.Expected))
}

// excluded lists what is kept and never counted; "" when nothing is.
func excluded(in Input) string {
	var parts []string
	for _, x := range in.Excluded {
		parts = append(parts, group(x.N)+" "+Clean(x.Name))
	}
	if parts == nil {
		return ""
	}
	return "Kept, not counted as calls: " + strings.Join(parts, ", ") + "."
}

// coverage says what the decisions rest on.
func coverage(r *Run) string {
	c := r.Coverage
	s := fmt.Sprintf("%s of %s observed", group(int64(c.HoursObserved)), count(c.HoursObserved+c.HoursUnknown, "decided hour"))
	if c.HoursUnknown > 0 {
		s += fmt.Sprintf(", %s unknown: neither quiet nor loud", group(int64(c.HoursUnknown)))
	}
	s += fmt.Sprintf("; %s series, %s scored, %s of history.", group(c.Series), count(int(c.Units), "unit"), count(c.HistoryDays, "day"))
	if c.Undecided > 0 {
		s += fmt.Sprintf(" %s had too little history to be scored.", count(int(c.Undecided), "unit"))
	}
	if c.Quarantined > 0 {
		s += fmt.Sprintf(" %s hidden from baselines.", count(int(c.Quarantined), "unusual hour"))
	}
	return s
}

// promise says what the budget means and what it came to.
func promise(r *Run) string {
	b, span := r.Budget, "run"
	if r.Daily != nil {
		span = "day"
	}
	s := fmt.Sprintf("Budget: %s false %s a day asked for", expected(b.FalsePerDay), plural(int64(b.FalsePerDay+.5), "insight"))
	if b.Granted < b.FalsePerDay*.999 {
		s += fmt.Sprintf(", %s granted (never more than 1 per 1,000 series-days)", expected(b.Granted))
	}
	s += fmt.Sprintf("; that is %s per 1,000 series-days. ", expected(1000*b.PerSeriesDay))
	s += fmt.Sprintf("This %s: %s series-days, %s false insights to be expected at most, %d opened", span, expected(b.SeriesDays), expected(b.Expected), b.Found)
	if b.Suppressed > 0 {
		s += fmt.Sprintf(", %d of them suppressed", b.Suppressed)
	}
	return s + "."
}

// rejection says what could not be read and why.
func rejection(x Rejected) string {
	if x.Position < 0 {
		return Clean(x.Object) + ": " + Clean(x.Reason)
	}
	return fmt.Sprintf("%s, record %d: %s", Clean(x.Object), x.Position, Clean(x.Reason))
}

func stateOf(e *Entry) string {
	s := stateName(e.Insight)
	if e.Change == "opened" || e.Change == "revised" {
		s += ", " + e.Change + " " + e.of.during()
	}
	return s
}

// spanWords says when an insight was.
func spanWords(i *insight.Insight) string { return spanText(i.Whole.Start, i.Whole.End) }

// spanText says from when to when, with the day named once where it can be.
func spanText(from, to time.Time) string {
	from, to = from.UTC(), to.UTC()
	end := to.Format("15:04Z")
	if from.Format("20060102") != to.Format("20060102") {
		end = when(to)
	}
	return fmt.Sprintf("%s to %s", when(from), end)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return Clean(s)
}

// size writes bytes in powers of 1,000.
func size(n int64) string {
	x := float64(n)
	for _, unit := range []string{"bytes", "kB", "MB", "GB", "TB"} {
		if x < 1000 || unit == "TB" {
			return decimals(x, 1) + " " + unit
		}
		x /= 1000
	}
	return ""
}
