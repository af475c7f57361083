package pipeline

import (
	"fmt"
	"time"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/trail"
)

// ruleDays is how far back insights are asked whether a suppression rule is good for anything.
const ruleDays = 30

// judge says which insights are suppressed, and what was said of ones like them before. A rule is asked about insights that are new, and about
// suppressed ones while they are open: what has been told of is not taken back by a rule, nor what is over told of for want of one.
func (w *writer) judge() {
	for k := range w.list {
		i := &w.list[k]
		if i.State == insight.Retracted {
			continue
		}
		i.Seen = w.made.marks.Before(i)
		switch old, known := w.was[i.ID]; {
		case !known, old.State == insight.Retracted, old.Suppressed != "" && (old.State == insight.Open || old.Revision != i.Revision):
			i.Suppressed = w.rules.Of(i)
		default:
			i.Suppressed = old.Suppressed
		}
	}
}

// silenced tells whether nobody is sent an insight: it is suppressed, and nobody was sent it before.
func (w *writer) silenced(i *insight.Insight) bool {
	old, known := w.was[i.ID]
	return i.Suppressed != "" && (!known || old.Suppressed != "")
}

// opened tells whether a run is the first to tell of an insight, be it that it passed the ceiling of its rule.
func (w *writer) opened(i *insight.Insight) bool {
	old, known := w.was[i.ID]
	return !known || old.Suppressed != "" && i.Suppressed == ""
}

// suppressed tells of the rules: what they kept from being told in this run, and whether they are good for anything.
func (w *writer) suppressed() (list []report.Suppression, warnings []string) {
	if !w.rules.Any() {
		return nil, nil
	}
	end := w.commit.Decided
	from := end.AddDate(0, 0, -ruleDays)
	if w.commit.ScoreFrom.After(from) {
		from = w.commit.ScoreFrom
	}
	days := int((end.Sub(from) + 24*time.Hour - 1) / (24 * time.Hour))
	for _, u := range w.rules.Use(end, w.lately(from)) {
		s := report.Suppression{RuleUse: u, Days: days}
		for _, i := range w.list {
			if i.Suppressed == u.Name && i.State != insight.Retracted {
				s.Insights = append(s.Insights, i)
				if _, known := w.was[i.ID]; !known {
					s.Opened++
				}
			}
		}
		list = append(list, s)
		switch {
		case u.Expired:
			warnings = append(warnings, fmt.Sprintf("suppression rule %q of %s expired on %s: renew it or remove it", u.Name, u.Owner, u.Expires))
		case u.Matched == 0:
			warnings = append(warnings, fmt.Sprintf("suppression rule %q of %s fits no insight of the last %d days: is it still needed?", u.Name, u.Owner, days))
		case u.Ends:
			warnings = append(warnings, fmt.Sprintf("suppression rule %q of %s expires on %s", u.Name, u.Owner, u.Expires))
		}
	}
	return list, warnings
}

// lately returns the insights that began since an instant, as they now are.
func (w *writer) lately(from time.Time) []insight.Insight {
	now := map[string]bool{}
	var out []insight.Insight
	for _, i := range w.list {
		now[i.ID] = true
		if !i.Whole.Start.Before(from) {
			out = append(out, i)
		}
	}
	for day, list := range w.stored {
		if day < trail.DayOf(from) {
			continue
		}
		for _, i := range list {
			if !now[i.ID] && !i.Whole.Start.Before(from) {
				out = append(out, i)
			}
		}
	}
	return out
}

// marked returns what was said, up to an instant, of the insights that the run looked at.
func (w *writer) marked(asOf time.Time) map[string]*insight.Seen {
	out := map[string]*insight.Seen{}
	for _, i := range w.list {
		if s := w.made.marks.About(i.ID, asOf.Add(1)); s != nil {
			out[i.ID] = s
		}
	}
	return out
}
