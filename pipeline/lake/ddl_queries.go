package lake

// Query is a statement with parameters: Athena, DuckDB and most other engines take a value for each ? in turn.
type Query struct {
	Statement
	Parameters []string `json:"parameters"` // what each ? stands for, in order; days as '2026/11/01'
}

// Queries returns what analysts ask most, to be saved as named queries or prepared statements. All of them name days, so that Athena reads no
// events or counts of others.
func (d *DDL) Queries() []Query {
	const between = "{day} BETWEEN ? AND ?"
	queries := []Query{
		query("principal_day", "One principal's day, call by call.", `
SELECT eventtime, eventsource, eventname, region, sourceipaddress, useragent, errorcode, eventid
FROM {events_current}
WHERE {day} = ? AND account = ? AND principal = ?
ORDER BY eventts, eventid`, "day", "account", "principal"),
		query("access_key", "What an access key was used for, and from where.", `
SELECT {day} AS onday, account, principal, eventsource, eventname, region, sourceipaddress,
  count(*) AS calls, sum(CASE WHEN iserror THEN 1 ELSE 0 END) AS errors, min(eventts) AS firstts, max(eventts) AS lastts
FROM {events_current}
WHERE `+between+` AND useridentity.accesskeyid = ?
GROUP BY {day}, account, principal, eventsource, eventname, region, sourceipaddress
ORDER BY firstts, eventsource, eventname, region, sourceipaddress, account, principal`, "first day", "last day", "access key ID"),
		query("api_errors", "All errors of an API, with what AWS said.", `
SELECT eventtime, account, region, principal, counterror, errormessage, sourceipaddress, requestparameters, eventid
FROM {events_current}
WHERE `+between+` AND eventsource = ? AND eventname = ? AND iserror
ORDER BY eventts, eventid`, "first day", "last day", "event source (ec2.amazonaws.com)", "event name (RunInstances)"),
		query("event_by_id", "One event, with the record that corrected it or that it corrects.", `
SELECT *
FROM {events}
WHERE `+between+` AND ? IN (eventid, supersedes)
ORDER BY eventts, eventid`, "first day", "last day", "event ID"),
		query("first_callers", "Who called an API, and who was first.", `
SELECT account, principal, min(eventts) AS firstts, max(eventts) AS lastts, count(*) AS calls, sum(CASE WHEN iserror THEN 1 ELSE 0 END) AS errors
FROM {events_current}
WHERE `+between+` AND eventsource = ? AND eventname = ?
GROUP BY account, principal
ORDER BY firstts, account, principal`, "first day", "last day", "event source (iam.amazonaws.com)", "event name (CreateAccessKey)"),
		query("signin_failures", "Failed console sign-ins by address. They have no errorcode: counterror says ConsoleLogin.Failure.", `
SELECT sourceipaddress, count(*) AS failures, count(DISTINCT account) AS accounts, count(DISTINCT principal) AS principals,
  min(eventts) AS firstts, max(eventts) AS lastts
FROM {events_current}
WHERE `+between+` AND eventsource = 'signin.amazonaws.com' AND iserror
GROUP BY sourceipaddress
ORDER BY failures DESC, sourceipaddress`, "first day", "last day"),
		query("new_principals", "Principals that called on the last days and not on the days before.", `
SELECT account, principal, min(eventday) AS firstday, sum(calls) AS calls, count(DISTINCT concat(eventsource, ':', eventname)) AS apis
FROM {counts_by_principal}
WHERE `+between+`
GROUP BY account, principal
HAVING min({day}) >= ?
ORDER BY firstday, account, principal`, "first of the days before", "last day", "first of the last days"),
		query("top_talkers", "The fifty principals that call most.", `
SELECT account, principal, sum(calls) AS calls, sum(errors) AS errors, count(DISTINCT concat(eventsource, ':', eventname)) AS apis
FROM {counts_by_principal}
WHERE `+between+`
GROUP BY account, principal
ORDER BY calls DESC, account, principal
LIMIT 50`, "first day", "last day"),
		query("denied_calls", "Which principals were denied what.", `
SELECT account, principal, eventsource, eventname, counterror, count(*) AS denied, count(DISTINCT sourceipaddress) AS addresses, max(eventts) AS lastts
FROM {events_current}
WHERE `+between+` AND errorfamily = 'access-denied'
GROUP BY account, principal, eventsource, eventname, counterror
ORDER BY denied DESC, account, principal, eventsource, eventname, counterror`, "first day", "last day"),
		query("account_days", "One account over weeks: calls and errors by day and service.", `
SELECT eventday, eventsource, sum(calls) AS calls, sum(errors) AS errors, count(DISTINCT principal) AS principals
FROM {counts_by_principal}
WHERE `+between+` AND account = ?
GROUP BY eventday, eventsource
ORDER BY eventday, eventsource`, "first day", "last day", "account"),
		query("insight_calls", "The calls that an insight counted: as many as its column observed says, but for PrincipalNoveltyInsight, which counts APIs.", `
SELECT e.eventtime, e.principal, e.sourceipaddress, e.useragent, e.counterror, e.sourcekey, e.eventid
FROM (SELECT * FROM {events_current} WHERE `+between+`) e
JOIN (SELECT * FROM {insights_current} WHERE insightid = ?) i
  ON i.account = e.account AND coalesce(i.region, '') IN ('', e.region) AND coalesce(i.eventsource, '') IN ('', e.eventsource)
    AND coalesce(i.eventname, '') IN ('', e.eventname)
WHERE e.eventts >= i.startts AND e.eventts < i.endts AND (i.principal IS NULL OR i.principal = e.principal)
  AND e.countcategory = i.eventcategory
  AND CASE WHEN i.kind = 'ApiErrorRateInsight' AND coalesce(i.eventname, '') = '' THEN e.counterror IS NOT NULL AND e.errorfamily = 'access-denied'
    WHEN i.kind = 'ApiErrorRateInsight' THEN e.counterror = i.errorcode
    ELSE i.eventcategory = 'Data' OR NOT coalesce(e.readonlybool, false) OR coalesce(json_extract_scalar(i.detail, '$.reads'), '') = 'true' END
ORDER BY e.eventts, e.eventid`, "first day of the insight", "last day of the insight", "insight ID"),
		query("session_calls", "What a session did: the name after the role in an assumed-role ARN.", `
SELECT eventtime, eventsource, eventname, region, sourceipaddress, useridentity.accesskeyid AS accesskeyid,
  useridentity.sessioncontext.attributes.mfaauthenticated AS mfa, useridentity.sessioncontext.sourceidentity AS sourceidentity, errorcode, eventid
FROM {events_current}
WHERE `+between+` AND useridentity.arn = ?
ORDER BY eventts, eventid`, "first day", "last day", "ARN of the session (arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION)"),
	}
	for i := range queries {
		queries[i].SQL = d.fill(queries[i].SQL)[1:]
	}
	return queries
}

func query(name, comment, sql string, parameters ...string) Query {
	return Query{Statement{name, comment, sql}, parameters}
}
