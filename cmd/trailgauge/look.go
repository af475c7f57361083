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
	"trailgauge/pipeline/trail"
)

var errNoReport = errors.New("there is no such report")

// reportCommand shows a report again.
type reportCommand struct {
	lakeFlag
	bucketFlags
	Latest bool   `xor:"which" help:"That of the newest run: the default."`
	Day    string `xor:"which" placeholder:"DATE" help:"That of a whole day, UTC, as 2026-11-01: what was new, still open, closed, suppressed."`
	JSON   bool   `name:"json" help:"Print it as JSON."`
	Line   bool   `xor:"which" help:"Print one JSON line that says where that of the newest run is and what opened: for state machines."`
}

func (r *reportCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	s, err := r.lake(ctx, r.Lake)
	if err != nil {
		return outcome{}, err
	}
	if r.Line {
		out, err := pipeline.Newest(ctx, s)
		if errors.Is(err, store.ErrNotExist) {
			return outcome{}, fmt.Errorf("reading the newest report in %s: %w", s.URL(""), errNoReport)
		}
		if err != nil {
			return outcome{}, err
		}
		return outcome{}, report.EncodeLine(t.out, out)
	}
	name := "report.txt"
	if r.JSON {
		name = "report.json"
	}
	from, what := pipeline.LatestReport, "the newest report"
	if r.Day != "" {
		day, err := trail.ParseDay(r.Day)
		if err != nil {
			return outcome{}, fmt.Errorf("%w: --day: %w", pipeline.ErrUsage, err)
		}
		from, what = pipeline.DailyReport(day), "the report of "+day.String()
	}
	body, _, err := s.Get(ctx, from+name, 0)
	if errors.Is(err, store.ErrNotExist) {
		return outcome{}, fmt.Errorf("reading %s in %s: %w", what, s.URL(""), errNoReport)
	}
	if err != nil {
		return outcome{}, fmt.Errorf("reading %s: %w", what, err)
	}
	text := string(body)
	if width, tty := size(t.out); tty && !r.JSON {
		text = report.Reflow(text, width)
	}
	_, err = io.WriteString(t.out, text)
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
		return outcome{}, err
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
