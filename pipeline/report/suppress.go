package report

import (
	"fmt"

	"trailgauge/pipeline/insight"
)

// Hit tells whether the rule kept anything from being told in the run.
func (s Suppression) Hit() bool { return len(s.Insights) > 0 }

// suppressedWords sums up what rules kept from being told; "" when nothing was.
func suppressedWords(r *Run) string {
	var insights, opened, rules int
	for _, s := range r.Suppressions {
		insights, opened = insights+len(s.Insights), opened+s.Opened
		if s.Hit() {
			rules++
		}
	}
	if rules == 0 {
		return ""
	}
	return fmt.Sprintf("Suppressed: %s by %s, %d of them opened %s.", count(insights, "insight"), count(rules, "rule"), opened, r.during())
}

// ruleWords say what a rule is and what came of it.
func ruleWords(r *Run, s Suppression) string {
	bound := ""
	if s.Ceiling != nil {
		bound = fmt.Sprintf(", up to a count of %s", group(*s.Ceiling))
	}
	until := "for good"
	if s.Expires != insight.Never {
		until = "until " + Clean(s.Expires)
	}
	return fmt.Sprintf("%s (%s, %s%s): %d opened %s; %s of the last %s fit. %s", Clean(s.Name), Clean(s.Owner), until, bound, s.Opened, r.during(),
		count(s.Matched, "insight"), count(s.Days, "day"), Clean(s.Reason))
}

// remark says what somebody said of an insight.
func remark(s *insight.Seen) string {
	t := fmt.Sprintf("%s by %s, %s: %s", Clean(string(s.As)), Clean(s.By), when(s.At), note(s.Note))
	if s.Ticket != "" {
		t += " (" + Clean(s.Ticket) + ")"
	}
	return t
}

// remarks are the sentences on what somebody said of an insight, and of one like it before.
func remarks(r *Run, i *insight.Insight) []string {
	var out []string
	if r.Names.own(i.Principal) {
		out = append(out, "The principal is this job's own.")
	}
	if m := r.Marks[i.ID]; m != nil {
		out = append(out, "Marked "+remark(m))
	}
	if i.Seen != nil {
		out = append(out, "Seen before: "+remark(i.Seen))
	}
	return out
}

// suppressed writes the rules that kept something from being told, each with its insights in a line.
func (t *text) suppressed(r *Run) {
	words := suppressedWords(r)
	if words == "" {
		return
	}
	t.put(0, bold, words)
	for _, s := range r.Suppressions {
		if !s.Hit() {
			continue
		}
		t.put(2, "", ruleWords(r, s))
		for k := range s.Insights {
			i := &s.Insights[k]
			t.put(6, dim, fmt.Sprintf("[%.1f] %s: %s, %s; id %s", i.Severity(), Title(i), counted(i), spanWords(i), Clean(i.ID)))
		}
	}
	t.gap()
}

type suppressionJSON struct {
	insight.Rule
	Expired  bool          `json:"expired"`  // its last day is over
	Opened   int           `json:"opened"`   // in this run
	Matched  int           `json:"matched"`  // insights of the last days that the rule's patterns fit, suppressed or not
	Days     int           `json:"days"`     // how many days that are
	Insights []insightJSON `json:"insights"` // suppressed ones that the run opened, closed, revised or found open
}

func suppressionOf(s Suppression, r *Run) suppressionJSON {
	j := suppressionJSON{Rule: s.Rule, Expired: s.Expired, Opened: s.Opened, Matched: s.Matched, Days: s.Days, Insights: []insightJSON{}}
	for k := range s.Insights {
		j.Insights = append(j.Insights, insightOf(&Entry{Insight: &s.Insights[k], Change: "suppressed"}, r))
	}
	return j
}
