package report

import (
	"cmp"
	"fmt"
	"slices"

	"trailgauge/pipeline/insight"
)

// Entry is an insight and what happened to it in the run, or on the day.
type Entry struct {
	*insight.Insight
	Change   string   // "opened", "closed", "open", "revised" or "retracted"
	Children []*Entry // insights about principals within this one about their API
	Nested   bool     // it is one of another's Children
	of       *Run
}

// changes name what Run.Lists are.
var changes = [...]string{"retracted", "opened", "closed", "open", "revised"}

// Entries returns a run's insights by severity, the highest first, those about one principal below the one about the API of the same
// burst. A parent stands where the most severe of its family belongs. An insight that is in several lists of the run is told
// of once, by the first of Lists.
func (r *Run) Entries() []*Entry {
	byID := map[string]*Entry{}
	var all []*Entry
	for n, list := range r.Lists() {
		for k := range list {
			i := &list[k]
			if byID[i.ID] == nil {
				byID[i.ID] = &Entry{Insight: i, Change: changes[n], of: r}
				all = append(all, byID[i.ID])
			}
		}
	}
	var top []*Entry
	for _, e := range all {
		p := byID[e.Parent]
		if p == nil || p == e || p.Parent != "" { // a parent is never a child: one level, no circle
			top = append(top, e)
			continue
		}
		e.Nested = true
		p.Children = append(p.Children, e)
	}
	for _, e := range top {
		slices.SortFunc(e.Children, bySeverity)
	}
	slices.SortFunc(top, bySeverity)
	return top
}

func (e *Entry) severest() float64 {
	s := e.Severity()
	for _, c := range e.Children {
		s = max(s, c.Severity())
	}
	return s
}

// Within says how many insights are folded below this one, and how severe they get where that is why it stands so high; "" when there are none.
func (e *Entry) Within() string {
	if len(e.Children) == 0 {
		return ""
	}
	s := fmt.Sprintf("%d within it", len(e.Children))
	if most := e.severest(); most > e.Severity() {
		s += ", up to " + tenth(most)
	}
	return s
}

func bySeverity(a, b *Entry) int {
	return cmp.Or(cmp.Compare(b.severest(), a.severest()), insight.Compare(*a.Insight, *b.Insight))
}

// flat lists entries with their children behind them.
func flat(list []*Entry) []*Entry {
	var out []*Entry
	for _, e := range list {
		out = append(append(out, e), e.Children...)
	}
	return out
}
