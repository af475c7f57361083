package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"trailgauge/pipeline"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
)

var errNoReport = errors.New("reading the newest report")

// reportCommand shows the newest report again.
type reportCommand struct {
	lakeFlag
	bucketFlags
	JSON bool `name:"json" help:"Print it as JSON."`
}

func (r *reportCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	s, err := r.lake(ctx, r.Lake)
	if err != nil {
		return outcome{}, usage(err)
	}
	name := "report.txt"
	if r.JSON {
		name = "report.json"
	}
	body, _, err := s.Get(ctx, pipeline.LatestReport+name, 0)
	if errors.Is(err, store.ErrNotExist) {
		return outcome{}, fmt.Errorf("%w: there is none in %s", errNoReport, s.URL(""))
	}
	if err != nil {
		return outcome{}, fmt.Errorf("reading the newest report: %w", err)
	}
	_, err = t.out.Write(body)
	return outcome{}, err
}

// filesCommand lists what the current commit names, for engines that do not read symlink manifests.
type filesCommand struct {
	lakeFlag
	bucketFlags
	Table string `arg:"" enum:"events,counts,insights,baselines,replaced" help:"events, counts, insights, baselines or replaced."`
}

func (f *filesCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	s, err := f.lake(ctx, f.Lake)
	if err != nil {
		return outcome{}, usage(err)
	}
	c, err := lake.Current(ctx, s)
	if err != nil {
		return outcome{}, err
	}
	if c.Number == 0 {
		t.hint("the lake " + s.URL("") + " is empty: trailgauge run fills it")
	}
	for _, d := range c.Days {
		m, err := lake.LoadManifest(ctx, s, c, d.Day)
		if err != nil {
			return outcome{}, err
		}
		for _, file := range m.Files[lake.Table(f.Table)] {
			fmt.Fprintln(t.out, s.URL(file.Key))
		}
	}
	return outcome{}, nil
}

// printJSON writes v as one JSON object that is harmless to look at.
func printJSON(w io.Writer, v any) error { return report.Encode(w, v) }

// version is what the build says.
func version() string { return pipeline.Program }
