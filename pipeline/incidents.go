package pipeline

import (
	"context"
	"maps"
	"slices"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/report"
)

// link says which incident each insight belongs to. Insights that the replay did not touch may come to belong to another one, because a bridge
// between two was found or taken back: these join w.list, to be written again. Of earlier ones it reads as many as may be concerned.
func (w *writer) link(ctx context.Context) error {
	if len(w.list) == 0 {
		return nil
	}
	if err := w.loadFrom(ctx, w.made.first-lookback-insight.IncidentDays); err != nil {
		return err
	}
	current := map[string]bool{}
	for _, i := range w.list {
		current[i.ID] = true
	}
	for _, day := range slices.Sorted(maps.Keys(w.stored)) {
		for _, i := range w.stored[day] {
			if !current[i.ID] {
				w.others = append(w.others, i)
			}
		}
	}
	pointers := make([]*insight.Insight, 0, len(w.list)+len(w.others))
	for _, list := range [][]insight.Insight{w.list, w.others} {
		for k := range list {
			pointers = append(pointers, &list[k])
		}
	}
	for k := range w.list { // Step and Reconcile know nothing of incidents
		w.list[k].Incident = w.was[w.list[k].ID].Incident
	}
	insight.Link(pointers)
	for _, i := range w.others {
		if i.Incident != w.was[i.ID].Incident {
			w.list = append(w.list, i)
		}
	}
	return nil
}

// incidentsIn are the IDs of the incidents that have an insight in a report.
func incidentsIn(rep *report.Run) map[string]bool {
	in := map[string]bool{}
	for _, list := range rep.Lists() {
		for k := range list {
			in[list[k].Incident] = true
		}
	}
	return in
}

// incidents tells of those of more than one burst that have an insight in a report, and what the run did to them.
func (w *writer) incidents(rep *report.Run) {
	in := incidentsIn(rep)
	old, gone := map[string]*insight.Incident{}, map[string]bool{}
	for _, c := range insight.Incidents(slices.Collect(maps.Values(w.was))) {
		if !c.Alone() {
			old[c.ID], gone[c.ID] = &c, true
		}
	}
	now := slices.Clone(w.list)
	for _, i := range w.others {
		if i.Incident == w.was[i.ID].Incident {
			now = append(now, i)
		}
	}
	list := insight.Incidents(now)
	for _, c := range list {
		delete(gone, c.ID)
	}
	for _, c := range list {
		if c.Alone() || !in[c.ID] {
			continue
		}
		t := report.Incident{Incident: c, Change: "opened"}
		for _, i := range c.Insights {
			if was := w.was[i.ID].Incident; gone[was] && !slices.Contains(t.Merged, was) {
				t.Merged = append(t.Merged, was)
			}
		}
		slices.Sort(t.Merged)
		switch was := old[c.ID]; {
		case was == nil && t.Merged == nil:
		case was == nil || len(was.Insights) < len(c.Insights):
			t.Change = "grown"
		case was.State == insight.Open && c.State == insight.Closed:
			t.Change = "closed"
		default:
			t.Change = "continued"
		}
		rep.Incidents = append(rep.Incidents, t)
	}
}
