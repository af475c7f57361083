package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/sink"
	"trailgauge/pipeline/trail"
)

// insightEvents writes the insight events of what changed. Their names and bytes follow from the insight alone, so that doing it again
// after a crash changes nothing.
func (w *writer) insightEvents(ctx context.Context) error {
	for k := range w.list {
		i := &w.list[k]
		if !w.changed(i) || w.silenced(i) {
			continue
		}
		for _, f := range sink.Events(i) {
			if err := w.lake.Prepare(ctx, f.Key, f.Body); err != nil {
				return err
			}
		}
	}
	return nil
}

// days writes the insights and baselines of the days that have new ones.
func (w *writer) days(ctx context.Context) error {
	lists := map[trail.Day][]insight.Insight{}
	current := map[string]bool{}
	for _, i := range w.list {
		current[i.ID] = true
		day := trail.DayOf(i.Whole.Start)
		lists[day] = append(lists[day], i)
	}
	for day, list := range w.stored { // what the replay did not touch stays
		for _, i := range list {
			if !current[i.ID] {
				lists[day] = append(lists[day], i)
			}
		}
	}
	for day := range w.stored {
		if _, ok := lists[day]; !ok {
			lists[day] = nil
		}
	}
	touched := map[trail.Day]bool{}
	for day := range lists {
		touched[day] = true
	}
	for day := range w.made.rows {
		touched[day] = true
	}
	for _, day := range slices.Sorted(maps.Keys(touched)) {
		list, hasInsights := lists[day]
		slices.SortFunc(list, insight.Compare)
		if err := w.day(ctx, day, list, hasInsights); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) day(ctx context.Context, day trail.Day, list []insight.Insight, hasInsights bool) error {
	man, err := lake.LoadManifest(ctx, w.lake, w.before, day)
	if err != nil {
		return err
	}
	run, changed := w.commit.Number, false
	if hasInsights {
		body, err := json.Marshal(list)
		if err != nil {
			return err
		}
		old, err := json.Marshal(w.stored[day])
		if err != nil {
			return err
		}
		if !bytes.Equal(body, old) {
			changed = true
			if err := w.insights(ctx, man, list, body); err != nil {
				return err
			}
		}
	}
	if rows := w.made.rows[day]; len(rows) > 0 {
		body, err := lake.EncodeBaselines(rows)
		if err != nil {
			return fmt.Errorf("encoding the baselines of %s: %w", day, err)
		}
		f, err := putFile(ctx, w.lake, lake.Baselines, day, run, "day", body, len(rows))
		if err != nil {
			return err
		}
		man.Files[lake.Baselines] = []lake.File{f}
		changed = true
	}
	if !changed {
		return nil
	}
	return man.Save(ctx, w.lake, w.commit)
}

func (w *writer) insights(ctx context.Context, man *lake.Manifest, list []insight.Insight, full []byte) error {
	man.Found = fmt.Sprintf("state/insights/%s/%08d.json", man.Day.Path(), w.commit.Number)
	if err := w.lake.Prepare(ctx, man.Found, append(full, '\n')); err != nil {
		return err
	}
	rows := make([]lake.InsightRow, len(list))
	for k := range list {
		var err error
		if rows[k], err = insightRow(&list[k]); err != nil {
			return err
		}
	}
	body, err := lake.EncodeInsights(rows)
	if err != nil {
		return fmt.Errorf("encoding the insights of %s: %w", man.Day, err)
	}
	f, err := putFile(ctx, w.lake, lake.Insights, man.Day, w.commit.Number, "day", body, len(rows))
	man.Files[lake.Insights] = []lake.File{f}
	return err
}

func insightRow(i *insight.Insight) (lake.InsightRow, error) {
	detail, err := json.Marshal(i)
	return lake.InsightRow{
		InsightID: i.ID, Revision: int32(i.Revision), State: string(i.State), Kind: i.Kind.String(),
		Account: i.Account, Region: i.Region, EventSource: i.Source, EventName: i.Name, EventCategory: trail.Category(i.Data),
		ErrorCode: i.ErrorCode, Principal: i.Principal,
		StartTS: i.Whole.Start.UnixMilli(), EndTS: i.Whole.End.UnixMilli(), Minutes: int32(i.Whole.Minutes()),
		Observed: i.Whole.Count, Expected: i.Expected, BaselineAvg: i.Baseline.Average(), BaselineMin: int32(i.Baseline.Minutes()),
		Score: i.Worst.Score, Severity: i.Severity(), Threshold: i.Threshold, LnP: i.Worst.LnP, Window: int32(i.Worst.Window),
		Model: i.Worst.Model, ParentID: i.Parent, IncidentID: i.Incident, Techniques: strings.Join(insight.TechniqueIDs(*i), ","), Suppressed: i.Suppressed, Detail: string(detail),
	}, err
}

// states keeps what was known at the start of each day of the last week.
func (w *writer) states(ctx context.Context) error {
	c := w.commit
	for _, s := range w.made.states {
		body, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("writing the state of %s: %w", s.Day, err)
		}
		ref := lake.StateRef{Day: s.Day, Key: stateKey(s.Day, c.Number)}
		if err := w.lake.Prepare(ctx, ref.Key, append(body, '\n')); err != nil {
			return err
		}
		c.States = slices.DeleteFunc(c.States, func(r lake.StateRef) bool { return r.Day == s.Day })
		c.States = append(c.States, ref)
	}
	slices.SortFunc(c.States, func(a, b lake.StateRef) int { return int(a.Day) - int(b.Day) })
	oldest := trail.DayOf(c.Decided) - RedecideDays
	for len(c.States) > 1 && c.States[1].Day <= oldest {
		c.States = c.States[1:]
	}
	return nil
}
