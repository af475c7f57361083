// Package lake is the tables and the commits: schema, writer, reader, manifests.
//
// # What lies where
//
//	events/YYYY/MM/DD/*.parquet         one row a record; see trail.Record for every column
//	counts/YYYY/MM/DD/*.parquet         one row a series, category, read or write, error code and day; see countRow
//	insights/YYYY/MM/DD/*.parquet       one row an insight, by the day of its start; see InsightRow
//	baselines/YYYY/MM/DD/*.parquet      one row a unit: what was usual before that day; see BaselineRow
//	athena/<table>/YYYY/MM/DD/symlink.txt   the current files of a day, one URL a line
//	state/commits/00000042.json         Commit
//	state/plans/00000042.json           what run 42 read
//	state/days/YYYY/MM/DD/00000042.json Manifest
//	state/keys/YYYY/MM/DD/00000042.keys identities of the events of a day; see Key
//	state/objects/YYYY/MM/DD/…tsv       objects that were read, by delivery day
//	state/decided/YYYY/MM/DD/…json      what deciding knew at 00:00 of a day
//	state/insights/YYYY/MM/DD/…json     the insights of a day in full
//	state/latest, state/lease           a hint, and who is running
//	rejected/00000042-0003.jsonl        what could not be taken in: object, position, reason, text
//
// Days are UTC days of the event, not of the delivery. Numbers in file names are runs: the number of the commit that first names the file.
// A file that no commit names does not exist for any reader, and no file changes once it is named.
//
// # Formats
//
// Tables are Parquet: zstd, version 1 data pages, PLAIN and dictionary encodings, lower-case names, signed integers, timestamps as
// INT64 milliseconds UTC: what Athena's engine 3 reads. The metadata key trailgauge.format holds Format. Files are written with parquet-go and read with
// arrow-go: two independent implementations meet in every run.
//
// Rows of events are sorted by account, region, eventsource, eventname, principal, time; rows of counts by the same without the time. Within
// the events table an UPDATED_DATA record says in supersedes which event it replaces; both rows are there, and the counts hold one of them.
// A null is an absent value; what no column can hold is in extra.
package lake
