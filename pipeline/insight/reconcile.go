package insight

import (
	"slices"
	"time"
)

// Reconcile compares what was reported with what is known now. stored are the insights committed earlier for the replayed days, decided
// through some hour; replayed are the same hours decided with today's data; now is replayed, carried on through today's hours.
//
// An insight of stored is one of replayed when they are of the same unit and share most minutes. It keeps its ID. If nothing
// in it changed it keeps its revision too, and all that was frozen when it opened; that it went on since is no revision. Otherwise its revision
// grows by one. One that is gone is returned Retracted, with a revision more. Insights of now that nothing was reported of are returned as they are.
// The result is sorted by Compare. The arguments are left as they are.
func Reconcile(stored, replayed, now []Insight) []Insight {
	was := match(stored, replayed)
	kept := map[string]string{} // ID as replayed -> ID as reported
	for id, s := range was {
		kept[id] = s.ID
	}
	then := byID(replayed)
	var out []Insight
	for _, n := range now {
		i := *n.clone()
		if s := was[n.ID]; s != nil {
			r := then[n.ID]
			i = s.renewed(r, &i)
		}
		if id, ok := kept[i.Parent]; ok {
			i.Parent = id
		}
		out = append(out, i)
	}
	current := map[string]bool{}
	for _, s := range was {
		current[s.ID] = true
	}
	for k := range stored {
		s := stored[k].clone()
		if current[s.ID] {
			continue
		}
		if s.State != Retracted {
			s.State = Retracted
			s.Revision++
		}
		out = append(out, *s)
	}
	slices.SortFunc(out, Compare)
	return out
}

// Touched returns those of the committed insights that a replay from first on decides again: the argument stored of Reconcile. Besides those that
// were open or lasted beyond first, it is those that had ended but waited for their quiet hours when the replay began.
func Touched(committed, replayed []Insight, first time.Time) []Insight {
	again := map[string]bool{}
	for _, s := range match(committed, replayed) {
		again[s.ID] = true
	}
	var out []Insight
	for _, s := range committed {
		if s.State == Open || s.Whole.End.After(first) || again[s.ID] {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, Compare)
	return out
}

// renewed returns what an insight that was reported as s, and now is r as of the same hour, comes to as of now.
func (s *Insight) renewed(r, now *Insight) Insight {
	i := *now
	i.ID = s.ID
	i.Revision = s.Revision
	if !same(s, r) {
		i.Revision++
		return i
	}
	if s.State == Closed {
		return *s.clone()
	}
	i.Baseline, i.First, i.Threshold, i.Fit = s.Baseline, s.First, s.Threshold, s.Fit
	i.Attributions, i.Samples = s.Attributions, s.Samples
	if s.Parent != "" {
		i.Parent = s.Parent
	}
	return i
}

// At returns an insight as it was at an earlier time, at which deciding knew it as then: under its name, with what was frozen when it opened.
// One that had closed has not changed since.
func (i *Insight) At(then *Insight) Insight {
	if then.State == Closed {
		return *i.clone()
	}
	out := *then.clone()
	out.ID, out.Revision, out.Reads, out.DataToo, out.Seen = i.ID, i.Revision, i.Reads, i.DataToo, i.Seen
	out.Baseline, out.First, out.Threshold, out.Fit = i.Baseline, i.First, i.Threshold, i.Fit
	out.Attributions, out.Samples = i.Attributions, i.Samples
	if then.Parent != "" {
		out.Parent = i.Parent
	}
	return out
}

// same tells whether two accounts of an insight, as of the same hour, say the same: counts and times decide. The baseline and what was
// expected move a little whenever a late record reaches the week before, or any history that the unit's own leans on; that alone
// changes no finding.
func same(a, b *Insight) bool {
	return a.State == b.State && a.Detected.equal(b.Detected) && a.Whole.equal(b.Whole)
}

func (s Span) equal(t Span) bool {
	return s.Start.Equal(t.Start) && s.End.Equal(t.End) && s.Count == t.Count
}

// match pairs replayed insights, by ID, with stored ones of the same unit: those that share most minutes first, and
// of those the earliest; retracted ones last.
func match(stored, replayed []Insight) map[string]*Insight {
	type pair struct {
		s, r    *Insight
		minutes int
	}
	units := map[Unit][]*Insight{}
	for k := range replayed {
		units[replayed[k].Unit] = append(units[replayed[k].Unit], &replayed[k])
	}
	var pairs []pair
	for k := range stored {
		s := &stored[k]
		for _, r := range units[s.Unit] {
			if n := overlap(s.Whole, r.Whole); n > 0 {
				pairs = append(pairs, pair{s, r, n})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if gone := a.s.State == Retracted; gone != (b.s.State == Retracted) {
			if gone {
				return 1
			}
			return -1
		}
		if a.minutes != b.minutes {
			return b.minutes - a.minutes
		}
		if c := Compare(*a.s, *b.s); c != 0 {
			return c
		}
		return Compare(*a.r, *b.r)
	})
	out := map[string]*Insight{}
	taken := map[string]bool{}
	for _, p := range pairs {
		if out[p.r.ID] == nil && !taken[p.s.ID] {
			out[p.r.ID] = p.s
			taken[p.s.ID] = true
		}
	}
	return out
}

func byID(list []Insight) map[string]*Insight {
	m := make(map[string]*Insight, len(list))
	for k := range list {
		m[list[k].ID] = &list[k]
	}
	return m
}
