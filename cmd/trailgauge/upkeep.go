package main

import (
	"context"
	"fmt"

	"trailgauge/pipeline"
)

// upkeepFlags are what compact, gc and expire share.
type upkeepFlags struct {
	lakeFlag
	DryRun bool `help:"Say what would be done and change nothing."`
	JSON   bool `name:"json" help:"Print the result as one JSON object."`
	bucketFlags
}

// options opens the lake. The third result ends the display of progress.
func (f *upkeepFlags) options(ctx context.Context, t *terminal) (o pipeline.UpkeepOptions, end func(), err error) {
	o.DryRun = f.DryRun
	if o.Lake, err = f.lake(ctx, f.Lake); err != nil {
		return o, nil, err
	}
	o.Progress, o.Log, end = t.watch()
	return o, end, nil
}

// passive is what was done to something, or with --dry-run would be.
func (f *upkeepFlags) passive(done string) string {
	if f.DryRun {
		return "would be " + done
	}
	return done
}

// tell prints a result: as JSON, or as the line it is given.
func (f *upkeepFlags) tell(t *terminal, result any, format string, args ...any) (outcome, error) {
	if f.JSON {
		return outcome{}, printJSON(t.out, result)
	}
	if f.DryRun {
		format = "dry run: " + format
	}
	_, err := fmt.Fprintf(t.out, format+"\n", args...)
	return outcome{}, err
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
