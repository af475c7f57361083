package insight

import (
	"cmp"
	"math"
	"slices"

	"trailgauge/models"
	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// The fixed numbers of an insight's life.
const (
	// QuarantineScore is the score above which an hour is hidden from the unit's next fits: all that matters and comes in 1 of 90 series-days at most.
	QuarantineScore = 4.5
	// QuietHours is how many observed hours without unusual activity end an insight. Unobserved hours do not count.
	QuietHours = 3
	// LongestHours is the age in hours at which an insight is closed although it goes on: it has become the new usual.
	LongestHours = 7 * 24
)

// hysteresis is how far below the threshold the score of an open insight may fall: a factor of 100 in its rate of false insights.
var hysteresis = math.Log(100)

// Thresholds are the scores that make an hour an alarm, a kind.
type Thresholds [kinds]float64

// ThresholdsOf returns what a budget asks for.
func ThresholdsOf(b models.Budget) Thresholds {
	return Thresholds{
		CallRate: b.Threshold(models.Calls), ErrorRate: b.Threshold(models.Errors),
		Silence: b.Threshold(models.Silence), Novelty: b.Threshold(models.Novelty),
	}
}

// Of returns the threshold of a kind.
func (t Thresholds) Of(k Kind) float64 { return t[k] }

// Candidate is a unit's day with what Step needs to know of the days before.
type Candidate struct {
	DayScore
	Track counts.Track // the unit's calls (errors, new APIs), from at least 8 days before the scored day to its end
	First trail.Day    // day of the track's minute 0
	// Exposure tells which earlier hours were observed. It may be nil: all of them, then.
	Exposure *counts.Exposure `json:"-"`
	Members  []Unit           // of an account: the series that its track sums; nil when they are more than maxMembers
}

// Needs tells whether Step must see s as a Candidate: its unit is open, or one of the hours before upto is to be quarantined or
// may be part of an insight.
func (s *DayState) Needs(d *DayScore, t Thresholds, upto int) bool {
	if s.running(d.Unit) != nil || d.Kind == Silence && s.running(accountUnit(d.Account)) != nil {
		return true
	}
	least := min(QuarantineScore, t.Of(d.Kind)-hysteresis)
	for h := range d.Hours[:upto] {
		if d.Hours[h].Best.Score >= least {
			return true
		}
	}
	return false
}

// Step decides the hours from..upto-1 of a day (0 <= from <= upto <= 24), starting from state, which it leaves alone. cands are sorted by unit and
// hold every unit that state.Needs; what lies after upto in them has no influence.
//
// found holds every insight that was open at any time in these hours, as of upto, sorted by Compare. next is the state at 00:00 of the next
// day; nil unless upto is 24. Deciding a day in one step or in several, each from the day's start, gives the same insights.
func Step(state *DayState, day trail.Day, cands []Candidate, from, upto int, t Thresholds) (found []Insight, next *DayState) {
	next = &DayState{Day: day + 1}
	flags := newFlagger(state, day)
	unseen := map[Unit]*Running{}
	for k := range state.Open {
		unseen[state.Open[k].Insight.Unit] = &state.Open[k]
	}
	for k := range cands {
		c := &cands[k]
		l := life{c: c, day: day, limit: t.Of(c.Kind), resume: state.ended(c.Unit), marks: state.Marks}
		if r := unseen[c.Unit]; r != nil {
			delete(unseen, c.Unit)
			l.open, l.quiet = r.Insight.clone(), r.Quiet
			if r.Hushed {
				l.open, l.hushed = nil, l.open
			}
		}
		for h := from; h < upto; h++ {
			l.hour(h)
			flags.see(c, day, h)
		}
		found = append(found, l.closed...)
		if l.hushed != nil {
			next.Open = append(next.Open, Running{Insight: *l.hushed.clone(), Quiet: l.quiet, Hushed: true})
		}
		if l.open != nil {
			l.progress(upto)
			found = append(found, *l.open)
			next.Open = append(next.Open, Running{Insight: *l.open.clone(), Quiet: l.quiet})
		}
		if l.resume > hourOf(day, 0) {
			next.Ended = append(next.Ended, Ended{Unit: c.Unit, Hour: l.resume})
		}
	}
	for _, r := range unseen { // no longer scored, by configuration: it ends where it is
		if r.Hushed {
			continue
		}
		i := r.Insight.clone()
		i.State = Closed
		found = append(found, *i)
	}
	nest(found)
	slices.SortFunc(found, Compare)
	for k := range next.Open {
		n := slices.IndexFunc(found, func(i Insight) bool { return i.ID == next.Open[k].Insight.ID })
		if n >= 0 { // else hushed before
			next.Open[k].Insight.Parent = found[n].Parent
		}
	}
	if upto < 24 {
		return found, nil
	}
	next.Flagged, next.Past = flags.list(), past(state.Past, found, day)
	return found, next
}

// Watch is Step for a day that is not decided, only learnt from: it finds no insights, and hides from later fits what Step would hide.
func Watch(state *DayState, day trail.Day, cands []Candidate) *DayState {
	flags := newFlagger(state, day)
	for k := range cands {
		for h := range 24 {
			flags.see(&cands[k], day, h)
		}
	}
	return &DayState{Day: day + 1, Flagged: flags.list()}
}

// hourOf counts hours since 1970.
func hourOf(d trail.Day, h int) int32 { return int32(d)*24 + int32(h) }

// Compare orders units by series, then kind and error code, management before data.
func (u Unit) Compare(v Unit) int {
	data := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(u.Series.Compare(v.Series), cmp.Compare(data(u.Data), data(v.Data)), cmp.Compare(u.Kind, v.Kind),
		cmp.Compare(u.ErrorCode, v.ErrorCode))
}

// Compare orders insights by start, unit and ID: the order of every list.
func Compare(a, b Insight) int {
	return cmp.Or(a.Whole.Start.Compare(b.Whole.Start), a.Unit.Compare(b.Unit), cmp.Compare(a.ID, b.ID))
}

// nest points each insight at one that tells more of the same burst and covers the same time, the earliest if there are several: one of an API and
// principal at the API's over all principals; one of a principal over all APIs at that of the one API that is most of it; and what is still
// alone of an API and principal at the principal's. A parent once found is kept.
func nest(list []Insight) {
	byUnit := map[Unit][]*Insight{}
	for k := range list {
		byUnit[list[k].Unit] = append(byUnit[list[k].Unit], &list[k])
	}
	adopt := func(i *Insight, of Unit) {
		for _, p := range byUnit[of] {
			if i.Parent == "" && overlap(p.Whole, i.Whole) > 0 {
				i.Parent = p.ID
			}
		}
	}
	for _, l := range byUnit {
		slices.SortFunc(l, func(a, b *Insight) int { return Compare(*a, *b) })
	}
	for k := range list {
		if i := &list[k]; i.isSeries() {
			api := i.Unit
			api.Principal = ""
			adopt(i, api)
		}
	}
	for k := range list {
		if i := &list[k]; i.isSeries() && i.Parent != "" {
			most(byUnit[i.total()], i)
		}
	}
	for k := range list {
		if i := &list[k]; i.isSeries() {
			adopt(i, i.total())
		}
	}
}

// mostly is the share of a principal's calls from which on one API's insight tells all there is to tell.
const mostly = .8

// most points those of a principal's roll-ups at the parent of i that i is most of.
func most(totals []*Insight, i *Insight) {
	for _, t := range totals {
		if t.Parent == "" && overlap(t.Whole, i.Whole) > 0 && float64(i.Whole.Count) >= mostly*float64(t.Whole.Count) {
			t.Parent = i.Parent
		}
	}
}

// isSeries tells whether u is one API and principal.
func (u Unit) isSeries() bool { return u.Principal != "" && !u.IsTotal() }

// total returns the unit that sums over u's principal. Data events are in none, nor are errors but those of access denied: what is returned then is
// a unit that nothing has.
func (u Unit) total() Unit {
	t := u
	t.Series = counts.Series{Account: u.Account, Principal: u.Principal}
	if u.Kind == ErrorRate && trail.FamilyOf(u.ErrorCode) == trail.AccessDenied {
		t.ErrorCode = counts.Denied
	}
	return t
}

// overlap returns how many minutes two spans share.
func overlap(a, b Span) int {
	start, end := a.Start, a.End
	if b.Start.After(start) {
		start = b.Start
	}
	if b.End.Before(end) {
		end = b.End
	}
	return max(0, Span{Start: start, End: end}.Minutes())
}
