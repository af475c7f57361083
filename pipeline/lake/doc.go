// Package lake is the tables and the commits: schema, writer, reader, manifests.
//
// # What lies where
//
//	events/YYYY/MM/DD/*.parquet         one row a record; see trail.Record for every column
//	counts/YYYY/MM/DD/*.parquet         one row a series, category, read or write, error code and day; see countRow
//	insights/YYYY/MM/DD/*.parquet       one row an insight, by the day of its start; see InsightRow
//	baselines/YYYY/MM/DD/*.parquet      one row a unit: what was usual before that day; see BaselineRow
//	replaced/YYYY/MM/DD/*.parquet       one row an event that a correction replaced, by the event's day; see ReplacedRow
//	athena/<table>/YYYY/MM/DD/symlink.txt   the current files of a day, one URL a line
//	history/<region>/…                  Event History that was fetched (package eventhistory): a trail of its own; no commit names it, and gc and expire leave it
//	state/commits/00000042.json         Commit
//	state/plans/00000042.json           what run 42 read
//	state/days/YYYY/MM/DD/00000042.json Manifest
//	state/principals/YYYY/MM/DD/…       a closed day's counts again, as rows of counts ordered by account, principal, API, region: roll-ups read them
//	state/keys/YYYY/MM/DD/00000042.keys identities of the events of a day; see Key
//	state/keys/YYYY/MM/DD/00000042.marks what may be in that file of keys; see Fingerprints
//	state/objects/YYYY/MM/DD/…tsv       objects that were read, by delivery day
//	state/decided/YYYY/MM/DD/…json      what deciding knew at 00:00 of a day
//	state/insights/YYYY/MM/DD/…json     the insights of a day in full
//	state/marks/00000042.json           what somebody said of an insight: numbered apart from commits, never changed
//	state/told/00000042-HASH.json       what run 42 told of, for sinks; its commit names it
//	state/delivered/SINK/00000042-0001.json  what a sink has had of that, a batch a file; 00000042.json: it has nothing more to get. No commit names them
//	state/parts/00000042/…              working files of run 42, for gc once it is committed: 0003.json is what shard 3 of the scan came to, 0003.pieces its counts and
//	                                    keys by day (run has those of its first shards in memory); fit-…, score-… and day-… are what the steps leave each other; shards.jsonl lists the plan's shards
//	state/latest, state/lease           the number of the current commit, as a hint, and who is running. A run writes the first before anything else: 0, a lake has begun
//	reports/00000042/, reports/latest/  a run's report, and that of the newest run
//	reports/daily/YYYY-MM-DD/           a day's, as known at its end: written by the run that decides its last hour, again by one that goes back to it
//	rejected/00000042-0003.jsonl        what could not be taken in: object, position, reason, text
//
// Days are UTC days of the event, not of the delivery. Numbers in file names are runs: the number of the commit that first names the file.
// A file that no commit names does not exist for any reader, and no file changes once it is named. What a commit names is on the disk before the commit
// is (store.Store's Prepare): a power cut damages what the run that is finished next writes again.
//
// Insights of one cause are one incident (insight.Incident): the column incidentid of the insights table holds its ID, which follows from that of its
// first insight. It is a column and no table of its own because an incident is nothing but its insights, and these may change with any run: each run
// asks again which of the insights that it may concern belong together, a month back at most, and writes the days whose rows changed. A row whose
// incident changed keeps its revision. GROUP BY incidentid over insights_current gives the incidents; what they come to (score, timeline) is in
// reports.
//
// # Upkeep
//
// A run that finds more than 16 small events files in a day of the last two brings them together itself, 00000043-fold-0000.parquet, and so never
// commits an open day of 50 files: a year of hourly runs for 400 accounts, simulated, has 29 at most with 8 GB of events a day, where a row is
// written 2.2 times (pipeline's TestYearOfHourlyRuns). Compaction does the same for all days that are over, 00000043-cHASH-0000.parquet, where HASH
// follows from all that their bytes do; no plan fixes them in advance. Which files come together goes by size, so that late data do not make a large
// file be written again for each few records; those of half the target size and more stay as they are: a day's files are sorted each, and one after
// the other until late data come. Superseded files stay for gc, which deletes what no commit of the grace period names:
//
//	tables, state/days, principals, keys, objects, decided, insights   a day after the last commit that named them was superseded
//	state/parts                                           a day after its run, unless that has a plan and no commit
//	reports/<run>, state/told                             after 90 days
//	reports/daily/<day>                                   when expire --keep-reports has given it up: the commit's reports says from which day on they stay
//	state/commits, state/plans, state/delivered           after 400 days
//	rejected, insight-events, reports/latest, state/marks never
//
// What does not have a name of this layout is not touched. So state/ holds, per day of the lake, one manifest, up to eight files of keys, their fingerprints
// and eight lists of objects, and 400 days of commits and plans, whatever the number of runs; expire bounds the days.
//
// # Formats
//
// Tables are Parquet: zstd, version 1 data pages, PLAIN and dictionary encodings, lower-case names, signed integers, timestamps as INT64 milliseconds
// UTC: what Athena's engine 3 reads. The metadata key trailgauge.format holds Format. Events are written column by column by this package (Rows),
// compacted ones too, with parquet-go's encodings and structures; the other tables with parquet-go. Everything is read with arrow-go, compaction and
// FindEvents with parquet-go, and tests read each writer's files with the other library and with DuckDB. The schema of events is what parquet-go
// makes of trail.Record, for both.
//
// Each page is a zstd frame. Of less than 256 bytes, and of indices of a dictionary, which are packed already, the frame holds the bytes as they are:
// zstd takes a fiftieth of a conversion's CPU for them, and saves .6 %.
//
// Why the events have a writer of their own (300,525 of them, scripts/bench-convert.sh): a record's texts are numbered once, while the decoder has them
// in the cache, and a file's dictionaries are made of the numbers. Columns and pages take .9 s of CPU, more than half of it zstd, where arrow-go took 2.9 s and
// parquet-go 2.3; the files are as large as arrow-go's and 11 % smaller than parquet-go's. Nulls stay nulls (runs.go tells what parquet-go makes of some).
// Of a file, responseelements take 38 %, eventid and requestid 17 % each. A Bloom filter of eventid adds 1.6 %; of access keys and addresses it would be
// larger than the column.
//
// Pages have 4,096 rows, those of random IDs 409: .9 % more bytes, half the time of compressing them. Of a day of 240,000 rows in one file a question
// about one of 400 accounts fetches 134 kB instead of 721 with a page a column and 100,000 rows (gz JSON: 100 in an object of its own; unsorted: 1,717),
// one principal's day 153 for 861, one address 412 for 1,677, an event by its ID 3.4 MB (JSON 39.9); the file is 1.6 % larger (scripts/bench-query.sh
// has the ten questions). There an account has 12 records a day, less in its gz JSON (3 kB) than the footer of the day's file (11 kB): no size of pages
// or row groups would help.
//
// Rows of events are sorted by account, region, eventsource, eventname, principal, time; rows of counts by the same without the time. Within the
// events table an UPDATED_DATA record says in supersedes which event it replaces; both rows are there, and the counts hold one of them, whatever
// their days. The table replaced names the other one, on its own day; the view events_current leaves it out. A null is an absent value; what no
// column can hold is in extra.
//
// # Athena
//
// trailgauge ddl prints tables, views and queries (DDL). The tables read through the symlink files, and their partitions are projected: no crawler, no
// registered partition, no list of accounts. Of the two layouts that AWS documents, "timestamp" projects from the lake's oldest day to NOW, and
// year, month, day to the end of the twentieth year after it; an event dated after today is in no partition until its day comes. When
// older days come in, drop the tables and make them again.
//
// Queries written for AWS's table over the JSON objects run unchanged. Their answers differ where the lake is better or stricter: an event that was
// delivered twice is there once; the day is that of the event, not of the delivery; what is "" in a record is null in its column (extra has it); JSON
// text is without the white space that the record had.
//
// Proved in DuckDB, by the tests of fixtures/judge (athena_test.go, athena_documented_test.go): that the folders which the statements project hold
// the symlink files of all current files; that the declared types are those of the files, nested ones too; every view and query of ddl, as printed,
// against plainer questions, with corrections of other days among the events; the attributions of every insight against the events; and 16 queries of
// the forms that AWS documents, partition predicates included, against the trail's objects read as JSON: the same rows, in both layouts; and every
// column of AWS's table, but for webidfederationdata.attributes, for 2,900 real records. DuckDB gets a view over those files in the place of CREATE
// EXTERNAL TABLE, with the partition columns from the path, and json_extract_scalar as a macro; nothing else is changed.
//
// What only Athena can prove, and these tests do not:
//
//   - that it takes the statements, and reads ParquetHiveSerDe through SymlinkTextInputFormat in projected partitions. AWS documents the two
//     together for S3 Inventory, Delta Lake's Athena tables use the first;
//   - that a projected day without a symlink file is an empty one (documented), and what a query without a day costs;
//   - that a predicate on the day reaches both sides of the join in events_current, and prunes when it is written on concat(year, '/', month, '/', day),
//     as the queries of the second layout do. The rows are the same either way, the bytes read are not; year = '2026' AND month = '11' prunes for certain;
//   - UNNEST … WITH ORDINALITY and INTERVAL '1' MINUTE * n in counts_hourly, which are written as Trino's documentation has them;
//   - CROSS JOIN UNNEST(resources) AS t (resource), which older engines take as one column of rows; Trino has a column for each field of the row.
//     No view or query of ddl uses it.
package lake
