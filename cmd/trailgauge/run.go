package main

import (
	"context"
	"fmt"
	"time"

	"trailgauge/pipeline"
	"trailgauge/pipeline/report"
)

// runCommand is the whole job.
type runCommand struct {
	jobFlags
	JSON          bool `name:"json" xor:"form" help:"Print the result as one JSON object."`
	Line          bool `xor:"form" help:"Print one JSON line that says what opened and where the report is: for state machines."`
	FailOnInsight bool `help:"Exit with 10 when insights opened in this run."`
	okFlag
	watchFlags
}

func (r *runCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	w, err := r.watch(t, r.jobFlags)
	if err != nil {
		return outcome{}, err
	}
	ended, err := r.work(ctx, t, w)
	return w.tell(t, ended, err)
}

// work is the run; how it went is told by its caller.
func (r *runCommand) work(ctx context.Context, t *terminal, w *watch) (outcome, error) {
	ended, err := r.begin()
	if err != nil {
		return ended, err
	}
	r.fetch = r.fetchHistory(t)
	o, err := r.options(ctx, t, time.Now())
	if err != nil {
		return ended, err
	}
	boundMemory(o.Workers)
	var end func()
	o.Progress, o.Log, end = t.watch()
	o.Progress = w.over(o.Progress)
	defer end()
	result, err := pipeline.Run(ctx, o)
	end()
	if err != nil {
		return ended, err
	}
	w.result = result
	for _, w := range result.Warnings {
		t.hint(w)
	}
	switch {
	case r.JSON:
		err = report.JSON(t.out, result.Report)
	case r.Line:
		err = report.EncodeLine(t.out, result.Outcome(o.Lake))
	default:
		width, _ := size(t.out)
		err = report.Text(t.out, result.Report, width, t.colour())
		if result.Report.Number > 0 {
			fmt.Fprintf(t.out, "\nThe whole report: %s\n", o.Lake.URL(pipeline.LatestReport+"index.html"))
		}
	}
	if err != nil {
		return ended, err
	}
	delivered, err := deliverAfter(ctx, t, o, &w.summary, end)
	switch {
	case err != nil:
		return ended, err
	case result.Refused:
		ended.status = statusRejected
	case r.FailOnInsight && result.Opened > 0:
		ended.status = statusInsights
	case !delivered:
		ended.status = statusRejected
	}
	return ended, nil
}

// planCommand is a dry run, or the first of the steps.
type planCommand struct {
	jobFlags
	JSON   bool `name:"json" help:"Print the estimate as one JSON object."`
	Create bool `help:"Create the plan, list its shards as JSON Lines in the lake, and print where: the first of the steps."`
	okFlag
}

func (*planCommand) Help() string {
	return `Without --create nothing is written. With --create it is the first of the steps that trailgauge run does in one process: plan, scan, merge, fit, score, decide, report. Each prints one JSON line. A plan that is under way is gone on with, so that plan --create may be called again.

` + stepsHelp
}

func (p *planCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	if p.Create {
		p.fetch = p.fetchHistory(t)
	}
	o, err := p.options(ctx, t, time.Now())
	if err != nil {
		return outcome{}, err
	}
	if p.Create {
		return p.okFlag.step(t, &o, func() (*pipeline.Outcome, error) { return pipeline.Prepare(ctx, o) })
	}
	var end func()
	o.Progress, o.Log, end = t.watch()
	defer end()
	e, err := pipeline.Foresee(ctx, o)
	end()
	if err != nil {
		return outcome{}, err
	}
	if p.JSON {
		return outcome{}, printJSON(t.out, e)
	}
	fmt.Fprint(t.out, e.Text(p.KMSKey != ""))
	return outcome{}, nil
}
