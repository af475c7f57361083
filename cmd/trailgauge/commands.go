package main

import (
	"cmp"
	"context"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"trailgauge/pipeline"
)

// parser parses arguments by a grammar. Help and --version, which it prints, set the status to end with.
func parser(grammar any, t *terminal, ended *int) *kong.Kong {
	p, err := kong.New(grammar,
		kong.Name("trailgauge"),
		kong.Description(description),
		kong.Writers(t.out, t.err),
		kong.Exit(func(status int) { *ended = status }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"version": pipeline.Program},
	)
	if err != nil {
		panic("trailgauge: internal error: " + err.Error())
	}
	return p
}

// grammar returns what arguments are parsed by: the command that they begin with, for to describe all of them takes as long as much else of a small run;
// or all commands, where they begin with none.
func grammar(args []string) any {
	all := reflect.TypeFor[commands]()
	version, _ := all.FieldByName("Version")
	for i := range all.NumField() {
		if name, ok := commandName(all.Field(i)); ok && len(args) > 0 && args[0] == name {
			return reflect.New(reflect.StructOf([]reflect.StructField{all.Field(i), version})).Interface()
		}
	}
	return new(commands)
}

// commandName returns what a member of commands is called on the command line; false: it is no command.
func commandName(f reflect.StructField) (name string, ok bool) {
	_, ok = f.Tag.Lookup("cmd")
	return cmp.Or(f.Tag.Get("name"), strings.ToLower(f.Name)), ok
}

// command is what each subcommand's struct is.
type command interface {
	run(context.Context, *terminal) (outcome, error)
}

// commands are the subcommands, in the order of the help.
type commands struct {
	Run      runCommand      `cmd:"" help:"Read what is new in the trail, decide, report: the whole job."`
	Plan     planCommand     `cmd:"" help:"Say what a run would read and cost, and write nothing; with --create, the first of a run's steps."`
	Scan     scanCommand     `cmd:"" help:"A step of a run: take in shards of the plan."`
	Merge    mergeCommand    `cmd:"" help:"A step of a run: bring what was scanned into the lake."`
	Fit      fitCommand      `cmd:"" help:"A step of a run: count what is usual, for some accounts."`
	Score    scoreCommand    `cmd:"" help:"A step of a run: compare with what is usual, for some accounts."`
	Decide   decideCommand   `cmd:"" help:"A step of a run: decide, and report."`
	Report   reportCommand   `cmd:"" help:"Show the newest report again, or that of a day."`
	Explain  explainCommand  `cmd:"" help:"Show the arithmetic of one insight, to be done again by hand."`
	Mark     markCommand     `cmd:"" help:"Say what an insight was: benign, an incident, or dealt with."`
	Verify   verifyCommand   `cmd:"" help:"Check the trail against CloudTrail's signed digests: changed, missing and added log files."`
	Deliver  deliverCommand  `cmd:"" help:"Hand what runs told of to the sinks: EventBridge, SNS, Security Hub, OCSF, Slack, a SIEM's bucket."`
	Backtest backtestCommand `cmd:"" help:"Replay a past window from the counts: what other budgets or settings would find, and which bursts."`
	Files    filesCommand    `cmd:"" help:"List the current files of a table, one a line, for other engines."`
	DDL      ddlCommand      `cmd:"" name:"ddl" help:"Print tables, views and queries for Athena."`
	Series   seriesCommand   `cmd:"" help:"Stream the counts as Arrow, CSV or JSON Lines."`
	Compact  compactCommand  `cmd:"" help:"Bring the many small files of days that are over together."`
	GC       gcCommand       `cmd:"" name:"gc" help:"Delete what no commit names any more, a grace period later."`
	Expire   expireCommand   `cmd:"" help:"End the retention of old days."`
	Generate generateCommand `cmd:"" help:"Write a made-up trail with labelled anomalies, to try things on."`

	Version kong.VersionFlag `help:"Print the version."`
}

const description = `Reads CloudTrail logs from S3 or a folder, keeps them as Parquet that Athena queries, and reports API calls and errors far above what is usual for an API or for a principal.

A first look, with nothing but a folder:

  $ trailgauge generate --out sample --seed 7
  $ trailgauge run --trail sample/trail --lake lake --as-of 2026-11-01
  $ xdg-open lake/reports/latest/index.html

With the credentials of an account, and no trail (90 days are kept in each account; this fetches 7):

  $ trailgauge run --trail lookup-events:eu-central-1 --lake lake

Every hour, from cron:

  7 * * * *  trailgauge run --trail s3://acme-trail --lake s3://acme-lake/trailgauge

Exit status: 0 done; 3 done, but some input was rejected, or a sink did not take its messages; 10 insights opened (with --fail-on-insight); 1 failed; 2 wrong usage or configuration; 4 another run holds the lake; 11 a step is to be called again; 75 try again later; 130 interrupted.`
