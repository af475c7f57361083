package main

import (
	"context"
	"fmt"
	"strings"

	"trailgauge/pipeline"
)

// expireCommand ends retention.
type expireCommand struct {
	upkeepFlags
	KeepDays    int `placeholder:"N" help:"Days before the last run's that stay; no fewer than the next decisions read, about 50."`
	KeepReports int `placeholder:"N" help:"Days before the last run's whose reports stay (reports/daily); all stay until this is said."`
}

func (*expireCommand) Help() string {
	return `Takes old days out of the lake: first out of the commit and the symlink files, so that readers see them no more; trailgauge gc deletes their files a grace period later. All tables go by the day of their rows; insight events, reports of runs and rejected records stay. With --keep-reports the reports of old days go too, or alone. The trail is not touched, and expired days are not read from it again.`
}

func (e *expireCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	if e.KeepDays <= 0 && e.KeepReports <= 0 {
		return outcome{}, fmt.Errorf("%w: say how much stays, 1 day or more: --keep-days N, --keep-reports N, or both", pipeline.ErrUsage)
	}
	o := pipeline.ExpireOptions{KeepDays: e.KeepDays, KeepReports: e.KeepReports}
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
	var did []string
	if e.KeepDays > 0 {
		did = append(did, fmt.Sprintf("%d days before %s %s: %d files of %s", x.Days, x.Before, e.passive("given up"), x.Files, megabytes(x.Bytes)))
	}
	if e.KeepReports > 0 {
		did = append(did, fmt.Sprintf("reports of days before %s %s: gc deletes them", x.ReportsBefore, e.passive("given up")))
	}
	return e.tell(t, x, "%s", strings.Join(did, "\n"))
}
