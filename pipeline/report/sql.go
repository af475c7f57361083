package report

import (
	"fmt"
	"strings"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// SQL returns the Athena query that counts an insight's calls again. table is the view of current events; "" is events_current.
// Events that CloudTrail made before 2019, without a category, are not told apart by it.
func SQL(i *insight.Insight, table string) string {
	if table == "" {
		table = "events_current"
	}
	from, to := i.Whole.Start, i.Whole.End
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`SELECT count(*) AS calls`)
	line(`FROM %s`, table)
	line(`WHERE "timestamp" BETWEEN '%s' AND '%s'`, trail.DayOf(from).Path(), trail.DayOf(to.Add(-1)).Path())
	line(`  AND eventts >= TIMESTAMP '%s' AND eventts < TIMESTAMP '%s'`, from.UTC().Format("2006-01-02 15:04:05"), to.UTC().Format("2006-01-02 15:04:05"))
	line(`  AND account = %s AND region = %s`, quoteSQL(i.Account), quoteSQL(i.Region))
	line(`  AND eventsource = %s AND eventname = %s`, quoteSQL(i.Source), quoteSQL(i.Name))
	if i.Principal != "" {
		line(`  AND principal = %s`, quoteSQL(i.Principal))
	}
	data := `coalesce(lower(eventcategory) = 'data', NOT managementevent, false)`
	if !i.Data {
		data = "NOT " + data
	}
	line(`  AND %s`, data)
	line(`  AND coalesce(lower(eventtype), '') NOT IN ('awsserviceevent', 'awsvpceevent', 'awsvpceevents',`)
	line(`    'awscloudtrailinsight', 'awsaggregatedevent')`)
	line(`  AND coalesce(lower(eventcategory), '') NOT IN ('networkactivity', 'insight', 'aggregated')`)
	switch {
	case i.Kind == insight.ErrorRate && i.ErrorCode == i.Name+".Failure": // a console event's, which has no code of its own
		line(`  AND iserror AND (errorcode IS NULL OR errorcode = %s)`, quoteSQL(i.ErrorCode))
	case i.Kind == insight.ErrorRate:
		line(`  AND iserror AND errorcode = %s`, quoteSQL(i.ErrorCode))
	case !i.Data:
		line(`  AND NOT coalesce(readonlybool, false)`)
	}
	return strings.TrimSuffix(b.String(), "\n")
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
