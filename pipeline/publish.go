package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// LatestReport is where the newest report lies.
const LatestReport = "reports/latest/"

// DailyReport is where the report of a day lies.
func DailyReport(d trail.Day) string { return "reports/" + report.DailyName(d) + "/" }

// reportName is the folder of a run's report.
func reportName(run int) string { return fmt.Sprintf("%08d", run) }

// reportForms are the files of a report.
var reportForms = [...]string{"index.html", "report.json", "report.txt"}

// showLatest makes the report of c, when it has one, the latest. It is done after the commit: a reader never sees the report of a run that
// came to nothing. What a crash left undone the next run does.
func (o *Options) showLatest(ctx context.Context, c *lake.Commit) error {
	if c.Number == 0 || c.Dirty {
		return nil
	}
	for _, name := range reportForms {
		body, _, err := o.Lake.Get(ctx, "reports/"+reportName(c.Number)+"/"+name, 0)
		if errors.Is(err, store.ErrNotExist) { // somebody cleared them away
			return nil
		}
		if err != nil {
			return err
		}
		there, _, err := o.Lake.Get(ctx, LatestReport+name, 0)
		switch {
		case err == nil && bytes.Equal(there, body):
			continue
		case err != nil && !errors.Is(err, store.ErrNotExist):
			return err
		}
		if err := o.Lake.Put(ctx, LatestReport+name, body); err != nil {
			return err
		}
	}
	return nil
}

// publish writes a report's three forms.
func publish(ctx context.Context, s store.Store, rep *report.Run) error {
	for _, form := range []struct {
		name  string
		write func(*bytes.Buffer) error
	}{
		{"index.html", func(b *bytes.Buffer) error { return report.HTML(b, rep) }},
		{"report.json", func(b *bytes.Buffer) error { return report.JSON(b, rep) }},
		{"report.txt", func(b *bytes.Buffer) error { return report.Flowed(b, rep) }},
	} {
		var b bytes.Buffer
		if err := form.write(&b); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
		if err := s.Put(ctx, "reports/"+rep.ID+"/"+form.name, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
