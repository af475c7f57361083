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
	JSON          bool  `name:"json" help:"Print the result as one JSON object."`
	FailOnInsight bool  `help:"Exit with 10 when insights opened in this run."`
	OkExit        []int `placeholder:"STATUS" help:"Statuses to turn into 0, as 3,10: for schedulers that know only success and failure."`
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
	ended := outcome{ok: r.OkExit}
	for _, status := range r.OkExit {
		if status < 1 || status > 255 {
			return outcome{}, fmt.Errorf("%w: --ok-exit %d is no exit status", pipeline.ErrUsage, status)
		}
	}
	r.fetch = r.fetchHistory(t)
	o, err := r.options(ctx, time.Now())
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
	w.report = result.Report
	for _, w := range result.Warnings {
		t.hint(w)
	}
	if r.JSON {
		err = report.JSON(t.out, result.Report)
	} else {
		width, _ := size(t.out)
		err = report.Text(t.out, result.Report, width, t.colour())
		if result.Report.Number > 0 {
			fmt.Fprintf(t.out, "\nThe whole report: %s\n", o.Lake.URL(pipeline.LatestReport+"index.html"))
		}
	}
	if err != nil {
		return ended, err
	}
	delivered, err := deliverAfter(ctx, t, o, &w.summary)
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

// planCommand is a dry run.
type planCommand struct {
	jobFlags
	JSON bool `name:"json" help:"Print the estimate as one JSON object."`
}

func (p *planCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	o, err := p.options(ctx, time.Now())
	if err != nil {
		return outcome{}, err
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
