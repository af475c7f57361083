package main

import (
	"context"
	"fmt"

	"trailgauge/pipeline"
	"trailgauge/pipeline/report"
)

// explainCommand shows the arithmetic of one insight.
type explainCommand struct {
	lakeFlag
	bucketFlags
	ID   string `arg:"" name:"insight-id" help:"Which one: the id that reports show, sharedEventID of insight events, column insightid of the insights table."`
	JSON bool   `name:"json" help:"Print it as JSON, every number exact."`
}

func (e *explainCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	s, err := e.lake(ctx, e.Lake)
	if err != nil {
		return outcome{}, err
	}
	i, err := pipeline.FindInsight(ctx, s, e.ID)
	if err != nil {
		return outcome{}, err
	}
	said, err := pipeline.SaidOf(ctx, s, i.ID)
	if err != nil {
		return outcome{}, err
	}
	names, err := pipeline.NamesOf(ctx, s)
	if err != nil {
		return outcome{}, err
	}
	width, _ := size(t.out)
	if err := report.Explain(t.out, i, said, names, e.JSON, width, t.colour()); err != nil {
		return outcome{}, fmt.Errorf("explaining insight %s: %w", i.ID, err)
	}
	return outcome{}, nil
}
