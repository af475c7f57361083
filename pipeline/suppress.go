package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/trail"
)

// ruleDays is how far back insights are asked whether a suppression rule is good for anything.
const ruleDays = 30

// defaultOwnCeiling is some four times what an hourly run for 400 accounts in four regions reads.
const defaultOwnCeiling = 100_000

// rules are the suppression rules of the configuration, and those for the job's own calls.
func (c *Config) rules() []insight.Rule {
	list := slices.Clone(c.Suppress)
	for _, p := range c.OwnPrincipals {
		list = append(list, insight.OwnRule(p, cmp.Or(c.OwnCeiling, defaultOwnCeiling)))
	}
	return list
}

// judge says which insights are suppressed, and what was said of ones like them before. A rule is asked about insights that are new, and about
// suppressed ones while they are open: what has been told of is not taken back by a rule, nor what is over told of for want of one.
func (w *writer) judge() {
	for k := range w.list {
		i := &w.list[k]
		if i.State == insight.Retracted {
			continue
		}
		i.Seen = w.made.marks.Before(i)
		i.Suppressed = w.suppressedBy(i)
	}
}

func (w *writer) suppressedBy(i *insight.Insight) string {
	switch old, known := w.was[i.ID]; {
	case !known, old.State == insight.Retracted, old.Suppressed != "" && (old.State == insight.Open || old.Revision != i.Revision):
		return w.rules.Of(i)
	default:
		return old.Suppressed
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
	end := w.commit.Decided
	for _, s := range w.using(end, w.until(trail.DayOf(end), nil)) {
		for _, i := range w.list {
			if i.Suppressed == s.Name && i.State != insight.Retracted {
				s.Insights = append(s.Insights, i)
				if _, known := w.was[i.ID]; !known {
					s.Opened++
				}
			}
		}
		list, warnings = append(list, s), append(warnings, ruleWarning(s)...)
	}
	return list, warnings
}

// using tells what the rules are good for as of an instant, going by those of all insights that began in the 30 days before.
func (w *writer) using(end time.Time, all []insight.Insight) (list []report.Suppression) {
	if !w.rules.Any() {
		return nil
	}
	from := end.AddDate(0, 0, -ruleDays)
	if w.commit.ScoreFrom.After(from) {
		from = w.commit.ScoreFrom
	}
	days := int((end.Sub(from) + 24*time.Hour - 1) / (24 * time.Hour))
	lately := slices.DeleteFunc(slices.Clone(all), func(i insight.Insight) bool { return i.Whole.Start.Before(from) })
	for _, u := range w.rules.Use(end, lately) {
		list = append(list, report.Suppression{RuleUse: u, Days: days})
	}
	return list
}

// ruleWarning says what is wrong with a rule, if anything is.
func ruleWarning(s report.Suppression) []string {
	switch {
	case s.OwnAPIs != nil: // there is nothing to renew
	case s.Expired:
		return []string{fmt.Sprintf("suppression rule %q of %s expired on %s: renew it or remove it", s.Name, s.Owner, s.Expires)}
	case s.Matched == 0:
		return []string{fmt.Sprintf("suppression rule %q of %s fits no insight of the last %d days: is it still needed?", s.Name, s.Owner, s.Days)}
	case s.Ends:
		return []string{fmt.Sprintf("suppression rule %q of %s expires on %s", s.Name, s.Owner, s.Expires)}
	}
	return nil
}

// marksOf returns what was said, up to an instant, of insights.
func marksOf(marks *insight.Marks, list []insight.Insight, at time.Time) map[string]*insight.Seen {
	out := map[string]*insight.Seen{}
	for _, i := range list {
		if s := marks.About(i.ID, at); s != nil {
			out[i.ID] = s
		}
	}
	return out
}
