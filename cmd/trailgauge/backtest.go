package main

import (
	"context"
	"fmt"

	"trailgauge/pipeline"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
)

// backtestCommand replays a past window.
type backtestCommand struct {
	lakeFlag
	bucketFlags
	From    string `required:"" placeholder:"TIME" help:"First hour of the window. 2026-11-01 or 2026-11-01T06:00:00Z."`
	To      string `required:"" placeholder:"TIME" help:"First hour after it."`
	Config  string `placeholder:"FILE" env:"TRAILGAUGE_CONFIG" help:"YAML file with the settings, as for run."`
	Against string `placeholder:"FILE" help:"Another one: tell which insights it gains and loses."`
	Trail   string `placeholder:"SRC" help:"Compare with CloudTrail's own Insight events in this trail: a folder, or s3://bucket/prefix."`
	workersFlag
	JSON bool `name:"json" help:"Print the result as one JSON object."`
}

func (c *backtestCommand) options(ctx context.Context, t *terminal) (o pipeline.BacktestOptions, err error) {
	if o.From, err = parseTime("--from", c.From); err != nil {
		return o, err
	}
	if o.To, err = parseTime("--to", c.To); err != nil {
		return o, err
	}
	file, err := c.readConfig(ctx, t, c.Config)
	if err != nil {
		return o, err
	}
	o.Config = file.Config
	if c.Against != "" {
		against, err := c.readConfig(ctx, t, c.Against)
		if err != nil {
			return o, err
		}
		o.Against = &against.Config
	}
	if o.Workers, err = c.workers(); err != nil {
		return o, err
	}
	if c.Trail != "" {
		if store.Overlap(c.Trail, c.Lake) {
			return o, fmt.Errorf("%w: the lake %s and the trail %s overlap", pipeline.ErrUsage, c.Lake, c.Trail)
		}
		places, err := c.places([]string{c.Trail}, nil)
		if err != nil {
			return o, err
		}
		if o.Trail, o.TrailPath, err = c.openTrails(ctx, places, true); err != nil {
			return o, err
		}
	}
	if o.Lake, err = c.lake(ctx, c.Lake); err != nil {
		return o, err
	}
	return o, nil
}

func (c *backtestCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	o, err := c.options(ctx, t)
	if err != nil {
		return outcome{}, err
	}
	boundMemory(o.Workers)
	end := func() {}
	if _, tty := size(t.err); tty { // elsewhere it is quiet
		o.Progress, _, end = t.watch()
	}
	defer end()
	b, err := pipeline.Backtest(ctx, o)
	end()
	if err != nil {
		return outcome{}, err
	}
	if c.JSON {
		return outcome{}, printJSON(t.out, b)
	}
	width, _ := size(t.out)
	return outcome{}, report.BacktestText(t.out, b, width, t.colour())
}
