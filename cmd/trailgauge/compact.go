package main

import (
	"context"
	"fmt"

	"trailgauge/pipeline"
	"trailgauge/pipeline/trail"
)

// compactCommand brings many small files together.
type compactCommand struct {
	upkeepFlags
	TargetBytes int64  `placeholder:"N" default:"268435456" help:"Size of a file; files below half of it are brought together."`
	Before      string `placeholder:"DATE" help:"Days before this one (default: the days that are over)."`
}

// minTarget is the smallest target that makes sense: files of less are what compaction is there to end.
const minTarget = 64 << 10

func (*compactCommand) Help() string {
	return `Rewrites the small files that hourly runs leave into large sorted ones, in commits of its own. Readers see each day as it was or as it becomes. What is replaced stays until trailgauge gc. Run it once a day, after midnight UTC; it needs local disk space (TMPDIR) for the events of one day, twice.

Killed anywhere, run it again. A truncated or foreign file is named, and nothing of its day is written.`
}

func (k *compactCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	if k.TargetBytes < minTarget {
		return outcome{}, fmt.Errorf("%w: --target-bytes %d: want %d or more", pipeline.ErrUsage, k.TargetBytes, minTarget)
	}
	o := pipeline.CompactOptions{Target: k.TargetBytes}
	if k.Before != "" {
		day, err := trail.ParseDay(k.Before)
		if err != nil {
			return outcome{}, fmt.Errorf("%w: --before: %w", pipeline.ErrUsage, err)
		}
		o.Before = &day
	}
	var end func()
	var err error
	if o.UpkeepOptions, end, err = k.options(ctx, t); err != nil {
		return outcome{}, err
	}
	defer end()
	boundMemory(2) // a merge holds what two workers do
	c, err := pipeline.Compact(ctx, o)
	end()
	if err != nil {
		return outcome{}, err
	}
	becomes := "become"
	if k.DryRun {
		becomes = "would become at most"
	}
	return k.tell(t, c, "%d days: %d files of %s %s %d of %s", c.Days, c.FilesBefore, megabytes(c.BytesBefore), becomes, c.FilesAfter, megabytes(c.BytesAfter))
}
