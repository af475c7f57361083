// Package insight turns scores into insights, the runs of unusual activity that people hear about.
//
//  1. Scorer (score.go) compares the hours of one series and day with its baseline: a DayScore.
//  2. Recall (year.go) compares alarms with the year before: a job of the month's first day is none the third time.
//  3. Step (life.go) walks a day's hours in UTC order and opens, continues and closes insights. What it carries from one day to the
//     next is a DayState, so hourly, daily and catch-up runs give the same insights.
//  4. Reconcile (reconcile.go) compares what was reported earlier with what late data make of the same hours: revisions and
//     retractions.
//  5. Attribute (attribution.go) says which callers, sessions, clients, addresses, resources and errors account for an insight's count.
//  6. Link (incident_link.go) brings insights of one cause together, whatever their APIs, accounts and regions; Incidents says what each
//     of them comes to.
//
// All but Attribute is pure: no I/O, no clock.
package insight
