package lake

import "strings"

// Views returns the CREATE VIEW statements; they read the tables of the same DDL.
func (d *DDL) Views() []Statement {
	views := []Statement{
		{"events_current", "The events without those that a correction (UPDATED_DATA), of whatever day, has replaced: those that counts count.\n" +
			"Name the day: it prunes both sides of the join.", `
SELECT e.*
FROM {events} e
LEFT JOIN {replaced} u ON {same day} AND u.account = e.account AND u.eventid = e.eventid
WHERE u.eventid IS NULL`},
		{"insights_current", "The insights as last revised, without those that late data took back.", `
SELECT {insight columns}, {partitions}
FROM (SELECT *, row_number() OVER (PARTITION BY insightid ORDER BY revision DESC) AS age FROM {insights}) i
WHERE age = 1 AND state <> 'retracted'`},
		{"counts_hourly", "Calls by API, error code (null: succeeded) and hour, over all principals. An hour without calls has no row.", `
SELECT account, region, eventsource, eventname, eventcategory, readonlybool, errorcode,
  date_trunc('hour', eventday + INTERVAL '1' MINUTE * m.minute) AS hour, sum(counts[m.place]) AS calls, {partitions}
FROM {counts}
CROSS JOIN UNNEST(minutes) WITH ORDINALITY AS m (minute, place)
GROUP BY account, region, eventsource, eventname, eventcategory, readonlybool, errorcode,
  date_trunc('hour', eventday + INTERVAL '1' MINUTE * m.minute), {partitions}
HAVING sum(counts[m.place]) <> 0`},
		{"counts_by_principal", "Calls and errors by principal, API and day, over all regions.", `
SELECT account, principal, eventsource, eventname, eventcategory, readonlybool, eventday,
  sum(calls) AS calls, sum(CASE WHEN errorcode IS NULL THEN 0 ELSE calls END) AS errors, {partitions}
FROM {counts}
GROUP BY account, principal, eventsource, eventname, eventcategory, readonlybool, eventday, {partitions}
HAVING sum(calls) <> 0`},
	}
	for i := range views {
		v := &views[i]
		v.SQL = "CREATE OR REPLACE VIEW " + d.sqlName(v.Name) + " AS" + d.fill(v.SQL)
	}
	return views
}

// fill puts names of tables and views, and what depends on the flavour, in the place of {words}.
func (d *DDL) fill(sql string) string {
	var partitions, same []string
	for _, p := range d.partitions() {
		partitions = append(partitions, `"`+p+`"`)
		same = append(same, `u."`+p+`" = e."`+p+`"`)
	}
	day := `"timestamp"`
	if d.Flavour == ByYMD {
		day = `concat("year", '/', "month", '/', "day")`
	}
	var insight []string
	for _, c := range columnsOf(tableRows[Insights].row) {
		insight = append(insight, c.name)
	}
	words := []string{
		"{partitions}", strings.Join(partitions, ", "), "{same day}", strings.Join(same, " AND "), "{day}", day,
		"{insight columns}", strings.Join(insight, ", "),
	}
	for _, t := range Tables {
		words = append(words, "{"+string(t)+"}", d.sqlName(string(t)))
	}
	for _, v := range []string{"events_current", "insights_current", "counts_hourly", "counts_by_principal"} {
		words = append(words, "{"+v+"}", d.sqlName(v))
	}
	return strings.NewReplacer(words...).Replace(sql)
}
