package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// LatestReport is where the newest report lies.
const LatestReport = "reports/latest/"

// DailyReport is where the report of a day lies.
func DailyReport(d trail.Day) string { return reportFolder(report.DailyName(d)) }

// reportFolder is where the report of a name lies.
func reportFolder(name string) string { return "reports/" + name + "/" }

// reportName is the name of a run's report.
func reportName(run int) string { return fmt.Sprintf("%08d", run) }

// reportForms are the files of a report.
var reportForms = [...]struct {
	name  string
	write func(io.Writer, *report.Run) error
}{{"index.html", report.HTML}, {"report.json", report.JSON}, {"report.txt", report.Flowed}}

// showLatest makes the report of c, when it has one, the latest. It is done after the commit: a reader never sees the report of a run that
// came to nothing. What a crash left undone the next run does.
func (o *Options) showLatest(ctx context.Context, c *lake.Commit) error {
	if c.Number == 0 || c.Dirty {
		return nil
	}
	for _, form := range reportForms {
		body, _, err := o.Lake.Get(ctx, reportFolder(reportName(c.Number))+form.name, 0)
		if errors.Is(err, store.ErrNotExist) { // somebody cleared them away
			return nil
		}
		if err != nil {
			return err
		}
		there, _, err := o.Lake.Get(ctx, LatestReport+form.name, 0)
		switch {
		case err == nil && bytes.Equal(there, body):
			continue
		case err != nil && !errors.Is(err, store.ErrNotExist):
			return err
		}
		if err := o.Lake.Prepare(ctx, LatestReport+form.name, body); err != nil {
			return err
		}
	}
	return nil
}

// publish writes a report's three forms.
func publish(ctx context.Context, s store.Store, rep *report.Run) error {
	for _, form := range reportForms {
		var b bytes.Buffer
		if err := form.write(&b, rep); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
		if err := s.Prepare(ctx, reportFolder(rep.ID)+form.name, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
