package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"trailgauge/models"
	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/trail"
)

// A day's report says what was known at the end of the day, so that it does not matter which run wrote it: deciding keeps what each day came to, and the run
// that decides a day's last hour writes its report, as does every run that goes back to the day. It is written before the run's commit; what a run
// that dies has written is written again, the same, by the one that finishes it.

// endedDay is what one day's decisions came to.
type endedDay struct {
	day      trail.Day
	insights []insight.Insight // open at any time of the day, as of its end, before they are reconciled
	coverage report.Coverage
	budget   report.Budget
	accounts []report.AccountDay // ascending by account
}

// end keeps what a day came to.
func (d *decider) end(x *dayAtHand, s *scored, found []insight.Insight) *endedDay {
	const before = FitDays * 24
	e, series := x.exposure, x.fitted.series
	seen := e.Count(before+x.from, before+24)
	out := &endedDay{day: x.day, insights: found, budget: budgetOf(d.config, x.fitted.budget), coverage: report.Coverage{
		HoursObserved: seen, HoursUnknown: 24 - x.from - seen, HistoryDays: e.Count(0, before) / 24, Series: series, Units: s.Units, Quarantined: x.state.quarantined(),
	}}
	out.budget.SeriesDays = float64(series) * float64(seen) / 24
	out.budget.Expected = rounded(out.budget.SeriesDays * out.budget.PerSeriesDay)
	out.budget.NullSeriesDays = x.state.Nulls.SeriesDays(models.Calls)
	hours, hoursBefore := e.Count(before, before+24), 0
	for week := 1; week*7 <= FitDays; week++ {
		hoursBefore += e.Count(before-week*7*24, before-week*7*24+24)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Accounts)) {
		a := s.Accounts[name]
		out.accounts = append(out.accounts, report.AccountDay{Account: name, Calls: a.Calls, Hours: hours, Before: a.Before, HoursBefore: hoursBefore})
	}
	return out
}

// accountCalls are an account's calls of a day, and of the same weekday in the weeks before.
type accountCalls struct{ Calls, Before int64 }

func (a accountCalls) plus(b accountCalls) accountCalls {
	return accountCalls{a.Calls + b.Calls, a.Before + b.Before}
}

// addCalls adds an API's calls to its account's.
func addCalls(to map[string]accountCalls, h *counts.History) {
	if h.Principal != "" || h.Name == "" {
		return
	}
	var a accountCalls
	for _, p := range h.All {
		switch day := int(p.Minute) / trail.MinutesPerDay; {
		case day == FitDays:
			a.Calls += p.N
		case (FitDays-day)%7 == 0:
			a.Before += p.N
		}
	}
	to[h.Account] = to[h.Account].plus(a)
}

// quarantined counts the hours hidden from the fits of a day.
func (c *carried) quarantined() (n int64) {
	for _, f := range c.Life.Flagged {
		n += int64(len(c.Life.Masked(f.Unit)))
	}
	return n
}

// chartDays is how many days the chart of insights a day has.
const chartDays = 14

// openedOn is the day in which the hour ended that raised an insight.
func openedOn(i *insight.Insight) trail.Day { return trail.DayOf(i.Detected.End.Add(-time.Minute)) }

// daily writes the reports of the days that the run decided to their end.
func (o *Options) daily(ctx context.Context, p *Plan, w *writer) error {
	for _, d := range w.made.ended {
		rep, err := o.dayReport(ctx, p, w, d)
		if err != nil {
			return fmt.Errorf("telling of %s: %w", d.day, err)
		}
		if err := publish(ctx, o.Lake, rep); err != nil {
			return err
		}
	}
	return nil
}

func (o *Options) dayReport(ctx context.Context, p *Plan, w *writer, d *endedDay) (*report.Run, error) {
	first := trail.DayOf(w.commit.ScoreFrom)
	rep := &report.Run{
		Program: Program, ID: report.DailyName(d.day), Trail: p.Trail, Lake: o.Lake.URL(""),
		From: d.day.Start(), Upto: (d.day + 1).Start(), Coverage: d.coverage, Budget: d.budget, Daily: &report.Daily{Day: d.day},
	}
	if rep.From.Before(w.commit.ScoreFrom) {
		rep.From = w.commit.ScoreFrom
	}
	var err error
	if rep.Names, err = p.Config.names(); err != nil {
		return nil, err
	}
	if d.day > first {
		rep.Daily.Previous = d.day - 1
	}
	list, err := w.asOf(ctx, d)
	if err != nil {
		return nil, err
	}
	all := w.until(d.day, list)
	linkDay(d.day, list, all)
	w.sortDay(rep, list, all)
	rep.Incidents = dayIncidents(rep, all)
	w.dayRules(rep, list, all)
	rep.Daily.PerDay = perDay(d.day, first, all)
	rep.Daily.Accounts = d.accounts
	rep.Daily.Said = w.made.marks.Between(rep.Daily.Day.Start(), rep.Upto)
	rep.Marks = marksOf(w.made.marks, list, rep.Upto)
	if err := o.received(ctx, w.before, rep); err != nil {
		return nil, err
	}
	rep.Warnings = append(warnings(rep), rep.Warnings...)
	return rep, nil
}

// asOf returns the insights of a day as they were at its end, with what the run has worked out of them since: names, attributions, revisions.
func (w *writer) asOf(ctx context.Context, d *endedDay) ([]insight.Insight, error) {
	type key struct {
		unit  insight.Unit
		start time.Time
	}
	final := map[key]*insight.Insight{} // reconciling changes an ID, and never these
	for k := range w.list {
		if i := &w.list[k]; i.State != insight.Retracted {
			final[key{i.Unit, i.Whole.Start}] = i
		}
	}
	var out []insight.Insight
	for _, then := range d.insights {
		now := final[key{then.Unit, then.Whole.Start}]
		if now == nil {
			return nil, fmt.Errorf("internal error: insight %s is not among the run's", then.ID)
		}
		out = append(out, now.At(&then))
	}
	var open []*insight.Insight
	for k := range out {
		if out[k].State == insight.Open {
			open = append(open, &out[k])
		}
	}
	if err := w.tiles.nameNew(ctx, open); err != nil {
		return nil, err
	}
	for k := range out {
		out[k].Suppressed = w.suppressedBy(&out[k])
	}
	return out, nil
}

// until returns all insights that had opened by the end of a day; those of list, which are as of that day, take the place of what came of them since.
func (w *writer) until(day trail.Day, list []insight.Insight) []insight.Insight {
	taken := map[string]bool{}
	var out []insight.Insight
	add := func(list []insight.Insight) {
		for k := range list {
			if i := &list[k]; !taken[i.ID] && openedOn(i) <= day {
				out = append(out, *i)
			}
		}
		for k := range list {
			taken[list[k].ID] = true
		}
	}
	add(list)
	add(w.list)
	for _, stored := range w.stored {
		add(stored)
	}
	slices.SortFunc(out, insight.Compare)
	return out
}

// linkDay says which incident each insight belongs to, going by what was known at the end of a day: a later insight may have given them another name since.
func linkDay(day trail.Day, list, all []insight.Insight) {
	pointers := make([]*insight.Insight, len(all))
	now := map[string]*insight.Insight{}
	for k := range all {
		if pointers[k] = &all[k]; !all[k].Whole.Start.Before((day - lookback).Start()) {
			all[k].Incident = ""
		}
		now[all[k].ID] = pointers[k]
	}
	insight.Link(pointers)
	for k := range list {
		list[k].Incident = now[list[k].ID].Incident
	}
}

// dayIncidents tells of the incidents that have an insight in a day's report, and what the day did to them.
func dayIncidents(rep *report.Run, all []insight.Insight) (out []report.Incident) {
	in := incidentsIn(rep)
	for _, c := range insight.Incidents(all) {
		if c.Alone() || !in[c.ID] {
			continue
		}
		fresh := 0
		for k := range c.Insights {
			if openedOn(&c.Insights[k]) == rep.Daily.Day {
				fresh++
			}
		}
		change := "continued"
		switch {
		case fresh == len(c.Insights):
			change = "opened"
		case fresh > 0:
			change = "grown"
		case c.State == insight.Closed:
			change = "closed"
		}
		out = append(out, report.Incident{Incident: c, Change: change})
	}
	return out
}

// sortDay tells the insights apart by what happened to them on the day.
func (w *writer) sortDay(rep *report.Run, list, all []insight.Insight) {
	day := rep.Daily.Day
	for _, i := range list {
		switch {
		case i.Suppressed != "":
			continue
		case openedOn(&i) == day:
			rep.Opened = append(rep.Opened, i)
		case i.State == insight.Closed:
			rep.Closed = append(rep.Closed, i)
		default:
			rep.StillOpen = append(rep.StillOpen, i)
		}
		if i.Revision > 1 {
			rep.Revised = append(rep.Revised, i)
		}
	}
	for _, i := range all {
		if i.State == insight.Retracted && i.Suppressed == "" && openedOn(&i) == day {
			rep.Retracted = append(rep.Retracted, i)
		}
	}
}

// dayRules tells what the suppression rules kept from being told on the day.
func (w *writer) dayRules(rep *report.Run, list, all []insight.Insight) {
	rep.Budget.Found = len(rep.Opened)
	for _, s := range w.using(rep.Upto, all) {
		for _, i := range list {
			if i.Suppressed != s.Name {
				continue
			}
			s.Insights = append(s.Insights, i)
			if openedOn(&i) == rep.Daily.Day {
				s.Opened++
			}
		}
		rep.Suppressions = append(rep.Suppressions, s)
		rep.Budget.Suppressed, rep.Budget.Found = rep.Budget.Suppressed+s.Opened, rep.Budget.Found+s.Opened
		rep.Warnings = append(rep.Warnings, ruleWarning(s)...)
	}
}

// perDay counts the insights that opened on each of the last days.
func perDay(day, first trail.Day, all []insight.Insight) []report.DayCount {
	out := make([]report.DayCount, chartDays)
	for k := range out {
		d := day - chartDays + 1 + trail.Day(k)
		out[k] = report.DayCount{Day: d, Decided: d >= first}
	}
	for k := range all {
		i := &all[k]
		at := int(openedOn(i)-day) + chartDays - 1
		switch {
		case at < 0 || i.State == insight.Retracted:
		case i.Suppressed != "":
			out[at].Suppressed++
		default:
			out[at].Told++
		}
	}
	return out
}

// received counts what the trail delivered of a day.
func (o *Options) received(ctx context.Context, c *lake.Commit, rep *report.Run) error {
	to, day := &rep.Daily.Delivered, rep.Daily.Day
	m, err := lake.LoadManifest(ctx, o.Lake, c, day)
	if err != nil {
		return err
	}
	for _, f := range m.Files[lake.Events] {
		to.Events += f.Rows
	}
	to.Replaced, to.Awaited = int64(len(m.Replaced)), int64(len(m.Awaited))
	at := slices.IndexFunc(c.Objects, func(l lake.Listed) bool { return l.Day == day.String() })
	if at < 0 {
		return nil
	}
	read, err := readLists(ctx, o.Lake, c.Objects[at].Lists)
	if err != nil {
		return err
	}
	for _, r := range read {
		to.Objects++
		to.Bytes += r.size
		to.Records += r.records
		to.RecordsRejected += r.bad
		switch {
		case r.rejected:
			to.ObjectsRejected++
			rep.Rejected = append(rep.Rejected, report.Rejected{Object: r.key, Position: -1, Reason: r.reason})
		case r.bad > 0:
			rep.Rejected = append(rep.Rejected, report.Rejected{Object: r.key, Position: -1, Reason: fmt.Sprintf("%d of its %d records were rejected", r.bad, r.records)})
		}
	}
	slices.SortFunc(rep.Rejected, func(a, b report.Rejected) int { return strings.Compare(a.Object, b.Object) })
	rep.Rejected = rep.Rejected[:min(len(rep.Rejected), maxTold)]
	return nil
}
