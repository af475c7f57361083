package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"trailgauge/models"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// report makes the run's report and writes it under the run's name.
func (o *Options) report(ctx context.Context, p *Plan, w *writer) (*report.Run, error) {
	c, d := w.commit, w.made
	rep := &report.Run{
		Program: Program, ID: reportName(c.Number), Number: c.Number, AsOf: p.AsOf, Trail: p.Trail, Lake: o.Lake.URL(""),
		From: w.before.Decided, Upto: c.Decided,
	}
	var err error
	if rep.Names, err = p.Config.names(); err != nil {
		return nil, err
	}
	if w.before.Dirty {
		rep.Input = inputOf(p, w.before)
		if rep.Rejected, err = o.rejected(ctx, w.before.Number, len(p.Shards)); err != nil {
			return nil, err
		}
	}
	rep.Coverage = report.Coverage{HoursObserved: d.observed, HoursUnknown: d.hours - d.observed, HistoryDays: d.history}
	rep.Budget = budgetOf(p.Config, d.budget)
	for _, day := range d.days {
		rep.Coverage.Series, rep.Coverage.Units = day.series, day.units
		rep.Budget.SeriesDays += float64(day.series) * float64(day.fresh) / 24
	}
	rep.Budget.Expected = rounded(rep.Budget.SeriesDays * rep.Budget.PerSeriesDay)
	if d.last != nil {
		rep.Budget.NullSeriesDays = d.last.Nulls.SeriesDays(models.Calls)
		rep.Coverage.Quarantined = d.last.quarantined()
	}
	w.sortOut(rep)
	w.incidents(rep)
	rep.Warnings = warnings(rep)
	var more []string
	rep.Suppressions, more = w.suppressed()
	rep.Warnings = append(rep.Warnings, more...)
	for _, s := range rep.Suppressions {
		rep.Budget.Suppressed += s.Opened
	}
	rep.Budget.Found = len(rep.Opened) + rep.Budget.Suppressed
	rep.Marks = marksOf(w.made.marks, w.list, p.AsOf.Add(1))
	if day := trail.DayOf(c.Decided) - 1; day >= trail.DayOf(c.ScoreFrom) {
		rep.LastDay = day
	}
	return rep, publish(ctx, o.Lake, rep)
}

// budgetOf says what was asked for.
func budgetOf(c Config, b models.Budget) report.Budget {
	return report.Budget{
		FalsePerDay: c.FalseInsightsPerDay, Granted: b.PerDay(), PerSeriesDay: b.PerSeriesDay(),
		Calls: b.Threshold(models.Calls), Errors: b.Threshold(models.Errors),
	}
}

// rounded is x to a millionth: the last bits of a sum are nobody's business.
func rounded(x float64) float64 { return math.Round(x*1e6) / 1e6 }

// sortOut tells the insights apart by what this run did to them.
func (w *writer) sortOut(rep *report.Run) {
	for _, i := range w.list {
		old, known := w.was[i.ID]
		switch {
		case i.State == insight.Retracted:
			if known && old.State != insight.Retracted && old.Suppressed == "" {
				rep.Retracted = append(rep.Retracted, i)
			}
		case i.Suppressed != "":
		case w.opened(&i):
			rep.Opened = append(rep.Opened, i)
		case old.Revision != i.Revision:
			rep.Revised = append(rep.Revised, i)
		case old.State == insight.Open && i.State == insight.Closed:
			rep.Closed = append(rep.Closed, i)
		case i.State == insight.Open:
			rep.StillOpen = append(rep.StillOpen, i)
		}
	}
}

// inputOf tells what a run took in, of which c is the commit.
func inputOf(p *Plan, c *lake.Commit) report.Input {
	l := c.Run
	in := report.Input{
		Objects: l.Objects, ObjectsRejected: l.ObjectsRejected, Archived: p.Archived, Bytes: l.Bytes, Inflated: l.JSONBytes,
		Read: l.In, Kept: l.Kept, Duplicate: l.Duplicate, Replaced: l.Replaced, Rejected: l.Rejected, Conflicts: l.Conflicts,
	}
	if l.Excluded > 0 {
		in.Excluded = []report.Count{{Name: "service events, network activity and the like", N: l.Excluded}}
	}
	if c.Times != (lake.Span{}) {
		in.First, in.Last = time.UnixMilli(c.Times.First), time.UnixMilli(c.Times.Last)
	}
	for _, n := range p.Foreign {
		in.Foreign += n
	}
	return in
}

// maxTold bounds how much of what was rejected a report repeats; rejected/ has all of it.
const maxTold = 50

func (o *Options) rejected(ctx context.Context, run, shards int) ([]report.Rejected, error) {
	var out []report.Rejected
	for shard := range shards {
		for _, again := range []bool{true, false} {
			body, _, err := o.Lake.Get(ctx, rejectedKey(run, partName(shard, again)), 0)
			if errors.Is(err, store.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			for line := range strings.Lines(string(body)) {
				var r rejected
				if err := json.Unmarshal([]byte(line), &r); err != nil {
					return nil, fmt.Errorf("reading %s: %w", rejectedKey(run, partName(shard, again)), lake.ErrForeign)
				}
				told := report.Rejected{Object: r.Object, Position: -1, Reason: r.Reason}
				if r.Position != nil {
					told.Position = *r.Position
				}
				if out = append(out, told); len(out) == maxTold {
					return out, nil
				}
			}
			break // a second scan's list takes the first one's place
		}
	}
	return out, nil
}

// warnings say what a reader should know before trusting the rest.
func warnings(rep *report.Run) []string {
	var out []string
	if n := rep.Input.Archived; n > 0 {
		out = append(out, fmt.Sprintf("%d objects are in an archive storage class and were not read: restore them", n))
	}
	if n := rep.Coverage.HoursUnknown; n > 0 {
		out = append(out, fmt.Sprintf("%d of %d hours decided had no sign of life from the trail: they are unknown, not quiet", n, n+rep.Coverage.HoursObserved))
	}
	objects, records := rep.Input.ObjectsRejected, rep.Input.Rejected
	if d := rep.Daily; d != nil {
		objects, records = d.Delivered.ObjectsRejected, d.Delivered.RecordsRejected
	}
	if objects+records > 0 {
		out = append(out, fmt.Sprintf("%d objects and %d records were rejected: see rejected/", objects, records))
	}
	return out
}

// idle is the report of a run that found nothing to do.
func (o *Options) idle(c *lake.Commit, p *Plan) *report.Run {
	return &report.Run{
		Program: Program, ID: reportName(c.Number), AsOf: p.AsOf, Trail: p.Trail, Lake: o.Lake.URL(""), From: c.Decided, Upto: c.Decided,
		Input: report.Input{Archived: p.Archived},
	}
}
