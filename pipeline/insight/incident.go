package insight

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Incident is the insights of one cause, as Link found them. It is what is known of it now: while insights come and late data change them it
// may grow, and two may turn out to be one, which then goes by the ID of the earlier.
type Incident struct {
	ID    string
	State State     // Open while one of its insights is, else Closed
	First time.Time // when the earliest began
	Last  time.Time // when the latest ended, exclusive; of an open one as far as decided

	Score    float64   // of all of them together, comparable with an insight's; see joint
	Insights []Insight // sorted by Compare; none retracted or suppressed
	Shared   []Shared  // what accounts for most of two of them at least: of more insights first

	// What the insights are about, each sorted. An insight about all principals adds the one that is most of it.
	Principals, Accounts, Regions []string
	APIs                          []string // as "iam.amazonaws.com CreateUser"; new ones of a Novelty too
}

// Shared is a cause that several insights of an incident have.
type Shared struct {
	Cause
	Insights int `json:"insights"` // how many
}

// Severity is the score in powers of ten, as an insight's.
func (c *Incident) Severity() float64 { return severity(c.Score) }

// Alone tells whether an incident is one insight, or one with those right below it: there is nothing that this one does not tell.
func (c *Incident) Alone() bool {
	top := roots(c.Insights)
	if len(top) != 1 {
		return false
	}
	for k := range c.Insights {
		if k != top[0] && c.Insights[k].Parent != c.Insights[top[0]].ID {
			return false
		}
	}
	return true
}

// namespaceIncident makes the IDs of incidents their own: UUIDv5 of the URL namespace and "urn:trailgauge:incident".
var namespaceIncident = uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:trailgauge:incident"))

// incidentID names an incident by its first insight.
func incidentID(first string) string { return uuid.NewSHA1(namespaceIncident, []byte(first)).String() }

// Incidents groups insights by the incident that Link gave them. Retracted and suppressed ones, and those without one, are in none. The result
// is sorted by score, the highest first, then by ID; it shares what the insights point at.
func Incidents(list []Insight) []Incident {
	byID := map[string][]Insight{}
	for k := range list {
		if i := &list[k]; i.told() && i.Incident != "" {
			byID[i.Incident] = append(byID[i.Incident], *i)
		}
	}
	out := []Incident{}
	for id, of := range byID {
		slices.SortFunc(of, Compare)
		out = append(out, incidentOf(id, of))
	}
	slices.SortFunc(out, compareIncidents)
	return out
}

func compareIncidents(a, b Incident) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
}

// told tells whether an insight is one that people hear of.
func (i *Insight) told() bool { return i.State != Retracted && i.Suppressed == "" }

// incidentOf sums up insights, sorted by Compare.
func incidentOf(id string, of []Insight) Incident {
	c := Incident{ID: id, State: Closed, First: of[0].Whole.Start, Score: joint(of), Insights: of}
	principals, accounts, regions, apis := set{}, set{}, set{}, set{}
	shared := map[Cause]int{}
	for k := range of {
		i := &of[k]
		if i.State == Open {
			c.State = Open
		}
		if i.Whole.End.After(c.Last) {
			c.Last = i.Whole.End
		}
		principals.add(i.who())
		accounts.add(i.Account)
		regions.add(i.Region)
		if i.Name != "" {
			apis.add(i.Source + " " + i.Name)
		}
		for _, name := range i.NewAPIs {
			apis.add(name)
		}
		for _, x := range i.causes() {
			shared[x.Cause]++
		}
	}
	c.Principals, c.Accounts, c.Regions, c.APIs = principals.list(), accounts.list(), regions.list(), apis.list()
	for x, n := range shared {
		if n > 1 {
			c.Shared = append(c.Shared, Shared{x, n})
		}
	}
	slices.SortFunc(c.Shared, func(a, b Shared) int {
		return cmp.Or(cmp.Compare(b.Insights, a.Insights), a.Cause.compare(b.Cause))
	})
	return c
}

// set is texts without "".
type set map[string]bool

func (s set) add(v string) {
	if v != "" {
		s[v] = true
	}
}

func (s set) list() []string { return slices.Sorted(maps.Keys(s)) }

// roots returns the indices of those that are below none of the others.
func roots(list []Insight) []int {
	has := set{}
	for k := range list {
		has.add(list[k].ID)
	}
	var out []int
	for k := range list {
		if !has[list[k].Parent] {
			out = append(out, k)
		}
	}
	return out
}
