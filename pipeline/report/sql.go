package report

import (
	"fmt"
	"strings"
	"time"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// SQL returns the Athena query that counts an insight's calls again. table is the view of current events; "" is events_current, as trailgauge ddl
// has it: it leaves out what corrections of whatever day have replaced.
// That of an account whose series are too many to be named counts all its calls, which are more.
func SQL(i *insight.Insight, table string) string { return query(i, i.Whole.Start, i.Whole.End, table) }

// query counts an insight's calls in [from, to).
func query(i *insight.Insight, from, to time.Time, table string) string {
	if table == "" {
		table = "events_current"
	}
	days := fmt.Sprintf(`"timestamp" BETWEEN '%s' AND '%s'`, trail.DayOf(from).Path(), trail.DayOf(to.Add(-1)).Path())
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if i.Kind == insight.Novelty {
		return newAPIs(i, from, to, table)
	}
	line(`SELECT count(*) AS calls`)
	line(`FROM %s`, table)
	line(`WHERE %s`, days)
	line(`  AND eventts >= TIMESTAMP '%s' AND eventts < TIMESTAMP '%s'`, from.UTC().Format(time.DateTime), to.UTC().Format(time.DateTime))
	if i.IsTotal() || isAccount(i) {
		line(`  AND account = %s`, quoteSQL(i.Account))
	} else {
		line(`  AND account = %s AND region = %s`, quoteSQL(i.Account), quoteSQL(i.Region))
		line(`  AND eventsource = %s AND eventname = %s`, quoteSQL(i.Source), quoteSQL(i.Name))
	}
	if i.Principal != "" {
		line(`  AND principal = %s`, quoteSQL(i.Principal))
	}
	if len(i.Members) == 0 {
		line(`  AND countcategory = '%s'`, trail.Category(i.Data))
	}
	switch {
	case len(i.Members) > 0:
		line(`  AND (region, eventsource, eventname, principal, countcategory) IN (%s)`, members(i.Members))
		if !i.Reads {
			line(`  AND (countcategory = '%s' OR NOT coalesce(readonlybool, false))`, trail.Category(true))
		}
	case i.Kind == insight.ErrorRate && i.IsTotal():
		line(`  AND counterror IS NOT NULL AND errorfamily = 'access-denied'`)
	case i.Kind == insight.ErrorRate:
		line(`  AND counterror = %s`, quoteSQL(i.ErrorCode))
	case !i.Data && !i.Reads:
		line(`  AND NOT coalesce(readonlybool, false)`)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// members lists series as rows of SQL.
func members(list []insight.Unit) string {
	rows := make([]string, len(list))
	for k, u := range list {
		rows[k] = fmt.Sprintf("\n    (%s, %s, %s, %s, '%s')", quoteSQL(u.Region), quoteSQL(u.Source), quoteSQL(u.Name), quoteSQL(u.Principal), trail.Category(u.Data))
	}
	return strings.Join(rows, ",")
}

// newAPIs returns the Athena query that counts the APIs which a principal first used within an insight, as far as the days before it tell.
func newAPIs(i *insight.Insight, from, to time.Time, table string) string {
	first := trail.DayOf(to.Add(-1)) - insight.HistoryDays
	counted := "IS NOT NULL"
	if !i.DataToo {
		counted = "= '" + trail.Category(false) + "'"
	}
	return fmt.Sprintf(`SELECT count(*) AS apis
FROM (
  SELECT eventsource, eventname, min(eventts) AS firstused
  FROM %s
  WHERE "timestamp" BETWEEN '%s' AND '%s'
    AND account = %s
    AND principal = %s
    AND countcategory %s
  GROUP BY eventsource, eventname
)
WHERE firstused >= TIMESTAMP '%s' AND firstused < TIMESTAMP '%s'`, table, first.Path(), trail.DayOf(to.Add(-1)).Path(), quoteSQL(i.Account), quoteSQL(i.Principal), counted,
		from.UTC().Format(time.DateTime), to.UTC().Format(time.DateTime))
}

// quoteSQL writes s as a string literal of Athena (Trino): plain ASCII with quotes doubled, anything else as U&'…' with
// \XXXX or \+XXXXXX escapes, so that the query reads as what it is.
func quoteSQL(s string) string {
	plain := func(r rune) bool { return r >= ' ' && r < 0x7f }
	if !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	var b strings.Builder
	b.WriteString("U&'")
	for _, r := range s {
		switch {
		case r == '\'':
			b.WriteString("''")
		case r == '\\':
			b.WriteString(`\\`)
		case plain(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\%04X`, r)
		default:
			fmt.Fprintf(&b, `\+%06X`, r)
		}
	}
	return b.String() + "'"
}
