package insight

import (
	"slices"
	"time"
)

// What bounds an incident, so that chains of chance do not make one of everything.
const (
	// incidentGap is how far apart two insights of a cause may lie in time: what ends an insight ends the incident.
	incidentGap = QuietHours * time.Hour
	// incidentReach is how long after its first insight an incident takes in others: an insight is closed as the new usual by then.
	incidentReach = LongestHours * time.Hour
	// mostPrincipals is how many principals an incident may bring together. A burst of one API, an insight with those below it, is never parted.
	mostPrincipals = 20
)

// IncidentDays is how many days before an insight the first one of its incident may have begun: one below another that is below a third may
// each have begun a week after it, and that a week after the first.
const IncidentDays = 3 * LongestHours / 24

// Link sets the Incident of each insight: those that the same cause accounts for (Cause), overlapping in time or at most three hours apart,
// belong together, and those of one burst (Parent). Retracted insights keep what they had and link nothing, and neither do
// suppressed ones, which have none.
//
// The result depends on the insights alone, not on their order, nor on when it is asked: insights are taken in the order of Compare, and each
// joins what is there of its cause. An insight whose Incident is named after an insight that is not in list is left alone: that incident
// began so long ago, if list reaches back IncidentDays before all that changed, that none of these can join it.
func Link(list []*Insight) {
	here := map[string]bool{}
	for _, i := range list {
		here[incidentID(i.ID)] = true
	}
	l := linker{at: map[string]int{}, below: map[string][]int{}, held: map[place][]holder{}}
	for _, i := range list {
		switch {
		case i.State == Retracted:
		case i.Suppressed != "":
			i.Incident = ""
		case i.Incident == "" || here[i.Incident]:
			l.all = append(l.all, i)
		}
	}
	slices.SortFunc(l.all, func(a, b *Insight) int { return Compare(*a, *b) })
	for n := range l.all {
		l.add(n)
	}
	for n, i := range l.all {
		i.Incident = incidentID(l.all[l.find(n)].ID)
	}
}

// linker brings insights together, one after the other.
type linker struct {
	all   []*Insight
	up    []int // to an earlier one of the same incident; the first of an incident points at itself
	who   []set // principals; of the first of an incident all of its
	at    map[string]int
	below map[string][]int // those whose parent has not come yet, by its ID
	held  map[place][]holder
}

// place is where insights of a cause meet.
type place struct {
	Cause
	account string
}

// holder stands for the insights of an incident that have a cause.
type holder struct {
	n     int // one of them
	until time.Time
	known bool
}

func (l *linker) add(n int) {
	i := l.all[n]
	l.up, l.who = append(l.up, n), append(l.who, set{})
	l.who[n].add(i.who())
	if p, ok := l.at[i.Parent]; ok {
		l.join(p, n)
	} else if i.Parent != "" {
		l.below[i.Parent] = append(l.below[i.Parent], n)
	}
	for _, c := range l.below[i.ID] {
		l.join(c, n)
	}
	l.at[i.ID] = n
	for _, c := range i.causes() {
		l.meet(n, c)
	}
}

// meet joins n to those of a cause that are near. Those that are not are near to no later one either.
func (l *linker) meet(n int, c link) {
	i, at := l.all[n], place{c.Cause, c.account}
	mine := holder{n, i.Whole.End, c.known}
	var kept []holder
	for _, h := range l.held[at] {
		if h.until.Before(i.Whole.Start.Add(-incidentGap)) {
			continue
		}
		if (c.known || h.known) && l.may(h.n, n) {
			l.join(h.n, n)
		}
		if l.find(h.n) != l.find(n) {
			kept = append(kept, h)
			continue
		}
		mine.known = mine.known || h.known
		if h.until.After(mine.until) {
			mine.until = h.until
		}
	}
	l.held[at] = append(kept, mine)
}

// may tells whether the incidents of h and of n, the newest, are within bounds together.
func (l *linker) may(h, n int) bool {
	a, b := l.find(h), l.find(n)
	if l.all[n].Whole.Start.Sub(l.all[min(a, b)].Whole.Start) > incidentReach {
		return false
	}
	both := len(l.who[a])
	for p := range l.who[b] {
		if !l.who[a][p] {
			both++
		}
	}
	return both <= mostPrincipals
}

func (l *linker) join(h, n int) {
	a, b := l.find(h), l.find(n)
	if a == b {
		return
	}
	a, b = min(a, b), max(a, b)
	l.up[b] = a
	for p := range l.who[b] {
		l.who[a].add(p)
	}
	l.who[b] = nil
}

// find returns the first insight of n's incident.
func (l *linker) find(n int) int {
	for l.up[n] != n {
		l.up[n] = l.up[l.up[n]]
		n = l.up[n]
	}
	return n
}
