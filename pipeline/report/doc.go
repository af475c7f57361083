// Package report tells people and programs what a run found: Text for a terminal, JSON for programs, HTML for a browser. All three say the same
// from the same Run, and the same Run gives the same bytes. The report of a whole day is one with a Daily: the same page, other words.
// report.schema.json describes the JSON; it follows from the types here and the comments
// behind their fields (go test -update writes it).
//
// Nearly every string comes from a trail, so from whoever could call an API: user names, user agents, error codes, session names.
// They pass through Clean before people see them, whatever the form; HTML is escaped by html/template on top, SQL by quoteSQL, JSON by
// encoding/json and armour.
package report
