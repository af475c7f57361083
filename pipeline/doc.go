// Package pipeline is the job: from the objects of a trail to insights and a report. Data flows one way,
//
//	trail objects → records → lake and counts → baselines → scores → insights → report and insight events
//
// and every step is a function from named files to named files, so that any number of workers and any number of
// attempts come to the same bytes. This is the walk through it, in the order in which a run does things.
//
// Run does all of it in one process; steps.go says how the same steps are called one by one and by shards, on many machines (steps_scan.go,
// steps_decide.go). What it goes by is config.go.
//
//  1. Hold (lease.go). A run, or the steps of one plan together, takes a lease on the lake, so that a second one stops early. A place that is no lake yet
//     becomes one (lake.Begin); nothing but a run and the step plan begins one. What makes two runs safe is that
//     commits are created exclusively; the lease only spares work.
//
//  2. Recover (run.go, tidy.go). The highest numbered commit is the lake (lake.Current). Symlink files are made to agree with it. If the
//     next run has a plan but no commit, that run died: it is finished first, from its own plan (pending). If hours were taken in but not
//     decided, they are decided first. What the run is going to read of the lake is looked at before it writes anything (sound.go).
//
//  3. List (list.go). The layout of the keys prunes the listing to the delivery days that can hold something new: two of them, 35 once a
//     day, 42 on a new lake. (Of an account without a trail its Event History was fetched before, into the layout of one: package eventhistory.)
//     Objects seen before in the same state are left out (seen.go).
//
//  4. Plan (plan.go; foresee.go says what it would cost). What is new is cut into shards of at most about 32 MiB of JSON, one account's delivery day
//     kept together where the size allows. The plan is created exclusively, before any output exists; all outputs are named after it.
//
//  5. Scan (ingest.go, scanall.go, scan.go, fetch.go, taking.go, rejects.go, desk.go). A shard is a straight line in one goroutine: its objects are
//     read, from a bucket ahead of their turn, inflated, decoded (package decode) into columns, de-duplicated against each other, the lake and the
//     shards before (neighbours.go), sorted, and written as one events file a day (package lake); counts and identities stay in memory where one
//     process does the run, up to 16 MiB, or go into one working file. An object is taken in as a whole or not at all; a bad record is rejected
//     alone. The part (part.go) says what came of every object, and is written last: a part that is there is whole.
//
//  6. Merge (duplicates.go, keystreams.go, stretch.go, index.go, corrections.go, merge.go, merge_state.go, compact_fold.go). The identities of all
//     parts are read side by side, and the last 35 days of the lake are asked for them; a shard that holds what another one has first, or the lake on
//     another day, is scanned again without it. The parts' counts become one counts file a day. Corrections (UPDATED_DATA) take the call they replace
//     out of the counts of its day, and name it in the table replaced. Manifests name each touched day's files; a growing day that has too many small
//     ones gets fewer and larger ones at once. The sum in = kept + duplicate + replaced + rejected must balance. Then the first commit makes the
//     records visible, and one symlink file a day and table is replaced.
//
//  7. Fit (score.go, map.go, histories.go, zones.go, package baseline). For each day to decide, the counts of the 28 days before are read series by
//     series (tiles.go); what series of one API have in common is pooled in integer sums, whose order does not matter.
//
//  8. Score (score.go, packages models and insight). Every series' hours are compared with its own baseline and the pooled one, over windows
//     of 5 minutes to a day. How surprising that is goes through the empirical null: the score says how many false insights per
//     series-day such an hour would make.
//
//  9. Decide (decide.go, decide_day.go, year.go, insight.Step). Alarms whose counts the year before has seen twice are none (insight.Recall). Hours
//     are decided in UTC order; scores above the budget's threshold open insights, hysteresis closes them. What is carried from one day to the next
//     is kept for a week: late data take the decisions back to the day they touch (insight.Reconcile gives revisions and retractions). Hours without
//     a sign of life of the trail are unknown, never zero (counts.Exposure). What people said of insights (marks.go, insight.Marks) is heeded from
//     the time it was said.
//
//  10. Conclude (conclude.go, conclude_write.go, incidents.go, tell.go, daily.go, publish.go, packages sink and report). Insights get their
//     attributions from the events (events.go, resource.go) and the names of new APIs from the counts (novel.go), those of one cause their incident
//     (incidents.go, insight.Link), are written to the insights table and as insight events in CloudTrail's shape, and the run's report is made, and
//     that of each day it decided to its end, with the names (names.go) of the configuration. What a suppression rule (suppress.go, insight.Rules)
//     keeps from being told is stored and counted all the same. The second commit moves the cursor.
//
// Deliver (told.go, deliver.go, delivered.go, package sink) hands what the run told of to EventBridge, SNS, Security Hub, OCSF, Slack or a SIEM's
// bucket, after the commit and apart from it: what a sink did not take waits in the lake for the next delivery, and no sink changes what was decided.
//
// Backtest (backtest.go, backtest_replay.go, backtest_trials.go, backtest_aws.go) takes a past window through steps 7 to 9 again and writes nothing.
// Explain (explain.go) reads an insight back with the numbers that decided it. Upkeep (upkeep.go) is apart from runs, and takes the same lease. Compact
// (compact.go, compact_day.go, compact_join.go) and Expire (expire.go) make commits of their own between two runs; GC (gc.go) deletes what the
// commits of the last day do not name.
package pipeline
