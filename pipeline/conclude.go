package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/sink"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// LatestReport is where the newest report lies.
const LatestReport = "reports/latest/"

// conclude decides what can be decided as of a plan's as-of and makes the second commit. Without anything to decide it only says so.
func (o *Options) conclude(ctx context.Context, c *lake.Commit, p *Plan, result *Result) error {
	if c.Number == 0 || !c.Dirty && settled(c, p.AsOf).Equal(c.Decided) {
		if result.Report == nil {
			result.Report = o.idle(c, p)
		}
		return nil
	}
	o.Progress.Stage("decide", 0, 0)
	d := &decider{
		lake: o.Lake, commit: c, config: p.Config, workers: o.Workers, tiles: newTileCache(o.Lake, c),
		step: func(day trail.Day) { o.Progress.Add(0, 0, 0) },
	}
	made, err := d.decide(ctx, p.AsOf)
	if err != nil {
		return fmt.Errorf("deciding: %w", err)
	}
	w := &writer{lake: o.Lake, before: c, commit: next(c, p.AsOf), made: made, reads: p.Config.ScoreReads}
	if err := w.write(ctx); err != nil {
		return err
	}
	o.Progress.Stage("report", 0, 0)
	rep, err := o.report(ctx, p, w)
	if err != nil {
		return err
	}
	if err := w.commit.Save(ctx, o.Lake); err != nil {
		return held(err)
	}
	result.Commit, result.Report = w.commit, rep
	result.Opened += len(rep.Opened)
	result.Refused = result.Refused || c.Dirty && c.Run.Rejected+c.Run.ObjectsRejected > 0
	if err := o.tidy(ctx, w.commit); err != nil {
		return err
	}
	return o.showLatest(ctx, w.commit)
}

// writer brings a decision into the lake.
type writer struct {
	lake   store.Store
	before *lake.Commit
	commit *lake.Commit // the next one
	made   *decision
	reads  bool // call rates count read calls too

	stored map[trail.Day][]insight.Insight // by day of start, as committed
	was    map[string]insight.Insight      // the same by ID
	list   []insight.Insight               // what the replayed days' insights come to
}

func (w *writer) write(ctx context.Context) error {
	c := w.commit
	c.Decided, c.Dirty, c.Redecide = w.made.cursor, false, 0
	if err := w.load(ctx); err != nil {
		return err
	}
	touched := insight.Touched(sorted(w.was), w.made.atCursor, w.made.first.Start())
	w.list = insight.Reconcile(touched, w.made.atCursor, w.made.now)
	pointers := make([]*insight.Insight, len(w.list))
	for k := range w.list {
		pointers[k] = &w.list[k]
		w.list[k].Reads = w.reads && w.list[k].Kind == insight.CallRate && !w.list[k].Data
	}
	if err := insight.Attribute(ctx, &eventReader{w.lake, w.before}, pointers); err != nil {
		return err
	}
	if err := w.deliver(ctx); err != nil {
		return err
	}
	if err := w.days(ctx); err != nil {
		return err
	}
	return w.states(ctx)
}

// lookback is how many days before a replayed one an insight can have started: it is closed after a week at the latest.
const lookback = insight.LongestHours/24 + 1

// load reads the committed insights that the replay may have changed.
func (w *writer) load(ctx context.Context) error {
	w.stored, w.was = map[trail.Day][]insight.Insight{}, map[string]insight.Insight{}
	for _, r := range w.before.Days {
		if r.Day < w.made.first-lookback {
			continue
		}
		m, err := lake.LoadManifest(ctx, w.lake, w.before, r.Day)
		if err != nil {
			return err
		}
		if m.Found == "" {
			continue
		}
		body, _, err := w.lake.Get(ctx, m.Found, 0)
		if err != nil {
			return err
		}
		var list []insight.Insight
		if err := json.Unmarshal(body, &list); err != nil {
			return fmt.Errorf("reading %s: %w: %w", w.lake.URL(m.Found), err, lake.ErrForeign)
		}
		w.stored[r.Day] = list
		for _, i := range list {
			w.was[i.ID] = i
		}
	}
	return nil
}

// changed tells whether an insight differs from what was delivered of it: it is new, closed since, or revised.
func (w *writer) changed(i *insight.Insight) bool {
	old, ok := w.was[i.ID]
	return !ok || old.State != i.State || old.Revision != i.Revision
}

// deliver writes the insight events of what changed. Their names and bytes follow from the insight alone, so that doing it again
// after a crash changes nothing.
func (w *writer) deliver(ctx context.Context) error {
	for k := range w.list {
		i := &w.list[k]
		if !w.changed(i) {
			continue
		}
		for _, f := range sink.Events(i) {
			if err := w.lake.Put(ctx, f.Key, f.Body); err != nil {
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
	var order []trail.Day
	for day := range touched {
		order = append(order, day)
	}
	slices.Sort(order)
	for _, day := range order {
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
	if err := w.lake.Put(ctx, man.Found, append(full, '\n')); err != nil {
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
		Account: i.Account, Region: i.Region, EventSource: i.Source, EventName: i.Name, EventCategory: categoryOf(i.Data),
		ErrorCode: i.ErrorCode, Principal: i.Principal,
		StartTS: i.Whole.Start.UnixMilli(), EndTS: i.Whole.End.UnixMilli(), Minutes: int32(i.Whole.Minutes()),
		Observed: i.Whole.Count, Expected: i.Expected, BaselineAvg: i.Baseline.Average(), BaselineMin: int32(i.Baseline.Minutes()),
		Score: i.Worst.Score, Severity: i.Severity(), Threshold: i.Threshold, LnP: i.Worst.LnP, Window: int32(i.Worst.Window),
		Model: i.Worst.Model, ParentID: i.Parent, Detail: string(detail),
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
		if err := w.lake.Put(ctx, ref.Key, append(body, '\n')); err != nil {
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
		{"report.txt", func(b *bytes.Buffer) error { return report.Text(b, rep, 100, false) }},
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
