package report

import (
	"fmt"
	"slices"
	"strings"

	"trailgauge/pipeline/insight"
)

// Incident is an incident and what happened to it in the run.
type Incident struct {
	insight.Incident
	Change string   // "opened"; "grown": it has more insights than before; "closed"; or "continued"
	Merged []string // IDs of incidents told of before that turned out to be part of it, or that it goes by another ID than; sorted
}

// Group is an incident with the entries of the run that belong to it.
type Group struct {
	*Incident
	Entries []*Entry // in the order they began
	Steps   []Step   // its insights in the order they began, those below another one left out

	of *Run
}

// Step is one insight of an incident in the order of time.
type Step struct {
	*insight.Insight
	Below int  // insights below it, which tell of the same burst
	Here  bool // the run has an entry of it; otherwise an earlier report told of it

	of *Run
}

// Groups returns the incidents of the run, the most severe first, and the entries that are in none.
func (r *Run) Groups() (incidents []Group, alone []*Entry) {
	of := map[string]int{}
	for k := range r.Incidents {
		incidents = append(incidents, Group{Incident: &r.Incidents[k], of: r})
		for _, i := range r.Incidents[k].Insights {
			of[i.ID] = k
		}
	}
	here := map[string]bool{}
	for _, e := range r.Entries() {
		k, ok := of[e.ID]
		if !ok || e.Change == "retracted" {
			alone = append(alone, e)
			continue
		}
		incidents[k].Entries = append(incidents[k].Entries, e)
		for _, x := range flat([]*Entry{e}) {
			here[x.ID] = true
		}
	}
	for k := range incidents {
		g := &incidents[k]
		slices.SortFunc(g.Entries, func(a, b *Entry) int { return insight.Compare(*a.Insight, *b.Insight) })
		g.Steps = stepsOf(r, g.Insights, here)
	}
	return incidents, alone
}

func stepsOf(r *Run, list []insight.Insight, here map[string]bool) []Step {
	top, below := map[string]bool{}, map[string]int{}
	for k := range list {
		top[list[k].ID] = true
	}
	for k := range list {
		below[list[k].Parent]++
	}
	var out []Step
	for k := range list {
		if i := &list[k]; !top[i.Parent] {
			out = append(out, Step{i, below[i.ID], here[i.ID], r})
		}
	}
	return out
}

// Title names an incident: who, how much, where, when, and what the APIs can be used for.
func (g *Group) Title() string {
	s := g.subject() + ": " + count(len(g.Insights), "insight")
	if n := len(g.APIs); n > 0 {
		s += " over " + count(n, "API")
	}
	if n := len(g.Accounts); n > 1 {
		s += " in " + count(n, "account")
	} else if n == 1 {
		s += " in account " + strings.TrimSpace(Clean(g.Accounts[0])+" "+Clean(g.of.Names.Accounts[g.Accounts[0]].Name))
	}
	s += ", " + spanText(g.First, g.Last)
	const most = 3
	ids := insight.TechniqueIDs(g.Insights...)
	if len(ids) > most {
		ids = append(ids[:most], "…")
	}
	if ids != nil {
		s += ", " + strings.Join(ids, " ")
	}
	return s
}

// subject is what the insights have in common, in a few words.
func (g *Group) subject() string {
	if len(g.Principals) == 1 {
		return Who(g.Principals[0])
	}
	if len(g.Shared) == 0 {
		return Title(&g.Insights[0])
	}
	s := shared(g.Shared[0].Cause)
	if n := len(g.Principals); n > 1 && g.Shared[0].Kind != insight.ByPrincipal {
		s = count(n, "principal") + ", " + s
	}
	return s
}

// shared writes a cause in short.
func shared(c insight.Cause) string {
	switch v := Clean(c.Value); c.Kind {
	case insight.ByPrincipal:
		return Who(c.Value)
	case insight.ByPerson:
		return "SSO user " + v
	case insight.ByKey:
		return "access key " + v
	case insight.BySource:
		return "source identity " + v
	case insight.ByAddress:
		return "address " + v
	default:
		return v
	}
}

// mostShared bounds how many of the values that insights share are told.
const mostShared = 8

// happened says what is unusual about the insights, in a few words: each of their kinds once.
func (g *Group) happened() string {
	var parts []string
	for k := range g.Insights {
		i, what := &g.Insights[k], ""
		switch {
		case i.Kind == insight.CallRate:
			what = "more calls than usual"
		case i.Kind == insight.Novelty:
			what = "APIs never used before"
		case i.Kind == insight.Silence:
			what = "silence"
		case i.IsTotal():
			what = "access denied"
		default:
			what = "more errors than usual"
		}
		if !slices.Contains(parts, what) {
			parts = append(parts, what)
		}
	}
	s := strings.Join(parts, ", ")
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// Cause says what happened, and why the insights are one incident.
func (g *Group) Cause() string {
	var parts []string
	for k, x := range g.Shared {
		if k == mostShared {
			parts = append(parts, fmt.Sprintf("%d more", len(g.Shared)-k))
			break
		}
		s := shared(x.Cause)
		if x.Kind == insight.ByAddress {
			s = labelled(s, g.of.Names.network(x.Value)) + ", usual for none of them,"
		}
		parts = append(parts, fmt.Sprintf("%s in %s of %s", s, group(int64(x.Insights)), count(len(g.Insights), "insight")))
	}
	if parts == nil {
		return g.happened() + " One burst, seen from several sides."
	}
	return g.happened() + " In common: " + strings.Join(parts, "; ") + "."
}

// Told says what happened to the incident in the run, or on the day.
func (g *Group) Told() string {
	s := g.Change + " " + g.of.during()
	if g.Change == "continued" {
		s = "told of before"
	}
	if g.Change != "closed" {
		s = string(g.State) + ", " + s
	}
	return s
}

// Said is what somebody said of the incident as a whole; "" when nobody did.
func (g *Group) Said() string {
	if m := g.marked(); m != nil {
		return "Marked " + remark(m)
	}
	return ""
}

func (g *Group) marked() *insight.Seen {
	for k := range g.Insights {
		if m := g.of.Marks[g.Insights[k].ID]; m != nil && m.Insight == g.ID {
			return m
		}
	}
	return nil
}

// Took names the incidents that became part of this one; "" when there are none.
func (g *Group) Took() string {
	if len(g.Merged) == 0 {
		return ""
	}
	ids := make([]string, len(g.Merged))
	for k := range ids {
		ids[k] = Clean(g.Merged[k])
	}
	return "What was told of as " + strings.Join(ids, ", ") + " before turned out to be this one."
}

// Account is where the first of its insights is.
func (g *Group) Account() string { return g.Insights[0].Account }

// Techniques are what the APIs of the incident can be used for.
func (g *Group) Techniques() []insight.Technique { return insight.Techniques(g.Insights...) }

// Level is the class of the incident's badge.
func (g *Group) Level() string { return levelOf(g.Severity()) }

// Where says of a step who called, in which account and region.
func (s *Step) Where() string {
	var parts []string
	if s.Principal != "" {
		parts = append(parts, Who(s.Principal))
	}
	return strings.Join(append(parts, "account "+s.of.Names.Account(s.Account), region(s.Insight)), ", ")
}

// usable says in a line what the APIs of insights can be used for; "" when nothing is known.
func usable(list ...insight.Insight) string {
	var parts []string
	for _, t := range insight.Techniques(list...) {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", t.ID, t.Name, t.Tactic))
	}
	if parts == nil {
		return ""
	}
	return "ATT&CK, what such calls can be used for: " + strings.Join(parts, ", ")
}

// incident writes an incident, the insights of the run with it, and in a line each those that an earlier report told of.
func (t *text) incident(g *Group, r *Run) {
	style := yellow
	if g.Change == "opened" || g.Change == "grown" {
		style = red
	}
	t.put(0, style, fmt.Sprintf("[%.1f] %s", g.Severity(), g.Title()))
	const in = 6
	t.put(in, "", g.Cause())
	if s := usable(g.Insights...); s != "" {
		t.put(in, dim, s)
	}
	for _, s := range []string{g.Took(), g.Said()} {
		t.put(in, bold, s)
	}
	t.put(in, dim, "incident "+Clean(g.ID)+", "+g.Told())
	for _, s := range g.Steps {
		if !s.Here {
			t.put(in, dim, fmt.Sprintf("told of before: [%.1f] %s, %s, %s, id %s", s.Severity(), Title(s.Insight), s.Where(), spanWords(s.Insight), Clean(s.ID)))
		}
	}
	t.gap()
	for _, e := range g.Entries {
		t.insight(e, r, 4)
		for _, c := range e.Children {
			t.insight(c, r, 8)
		}
	}
}
