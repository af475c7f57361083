package main

import (
	"context"

	"trailgauge/pipeline"
)

// expireCommand ends retention.
type expireCommand struct {
	upkeepFlags
	KeepDays int `required:"" placeholder:"N" help:"Days before the last run's that stay; no fewer than the next decisions read, about 50."`
}

func (*expireCommand) Help() string {
	return `Takes old days out of the lake: first out of the commit and the symlink files, so that readers see them no more; trailgauge gc deletes their files a grace period later. All four tables go by the day of their rows; insight events, reports and rejected records stay. The trail is not touched, and expired days are not read from it again.`
}

func (e *expireCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	o := pipeline.ExpireOptions{KeepDays: e.KeepDays}
	var end func()
	var err error
	if o.UpkeepOptions, end, err = e.options(ctx, t); err != nil {
		return outcome{}, err
	}
	defer end()
	x, err := pipeline.Expire(ctx, o)
	end()
	if err != nil {
		return outcome{}, err
	}
	return e.tell(t, x, "%d days before %s given up: %d files of %s", x.Days, x.Before, x.Files, megabytes(x.Bytes))
}
