package main

import (
	"context"
	"fmt"
	"time"

	"trailgauge/pipeline"
)

// gcCommand deletes what is superseded.
type gcCommand struct {
	upkeepFlags
	Grace time.Duration `default:"24h" placeholder:"DURATION" help:"Keep what was current within this time, and what is younger: queries that began then may still read it."`
}

func (*gcCommand) Help() string {
	return `Deletes files that no commit names any more: superseded table files, manifests, key files, lists, states, and what killed runs have left. Reports of runs and what sinks were told go after 90 days, those of days when trailgauge expire has given them up, commits, plans and what sinks have taken after 400. Rejected records, insight events and anything that trailgauge did not name stay.

All commits and manifests it goes by are read first: where one cannot be read, nothing is deleted.`
}

func (g *gcCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	if g.Grace < 0 {
		return outcome{}, fmt.Errorf("%w: --grace %v is negative", pipeline.ErrUsage, g.Grace)
	}
	o := pipeline.GCOptions{Grace: g.Grace, Now: time.Now()}
	var end func()
	var err error
	if o.UpkeepOptions, end, err = g.options(ctx, t); err != nil {
		return outcome{}, err
	}
	defer end()
	c, err := pipeline.GC(ctx, o)
	end()
	if err != nil {
		return outcome{}, err
	}
	return g.tell(t, c, "%d files of %s %s, %d kept\n%s", c.Files, megabytes(c.Bytes), g.passive("deleted"), c.Kept, c)
}
