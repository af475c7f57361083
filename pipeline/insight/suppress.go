package insight

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"trailgauge/pipeline/trail"
)

// Rule suppresses insights that somebody answers for, as the configuration file has it. A suppressed insight is decided, stored and counted as
// any other; nobody is told of it. All of API, Principal, Account, Region and Kind must match; what is empty matches everything, but
// one must be given. Patterns are trail.Glob.
type Rule struct {
	Name      string `json:"name,omitempty" yaml:"name"`           // "" is the patterns in a row
	API       string `json:"api,omitempty" yaml:"api"`             // on "eventsource:eventname", or on the name alone
	Principal string `json:"principal,omitempty" yaml:"principal"` // on the principal's key
	Account   string `json:"account,omitempty" yaml:"account"`     // on the account ID
	Region    string `json:"region,omitempty" yaml:"region"`       // on the region
	Kind      string `json:"kind,omitempty" yaml:"kind"`           // an insight type, as "ApiCallRateInsight"
	Owner     string `json:"owner" yaml:"owner"`                   // who answers for the rule
	Reason    string `json:"reason" yaml:"reason"`                 // why nobody needs to be told
	Expires   string `json:"expires" yaml:"expires"`               // last day, UTC, on which an insight may begin to be suppressed, as "2026-12-31"; or "never"
	// Ceiling is the highest count that is suppressed: calls, calls with the error code, new APIs, or with a silence calls that are missing. The
	// moment an insight has more it is told of. Nil: there is none.
	Ceiling *int64 `json:"ceiling,omitempty" yaml:"ceiling"`
	// OwnAPIs make it a rule for the job's own calls (OwnRule): patterns in the place of API, of which one must match. No file can set them.
	OwnAPIs []string `json:"ownAPIs,omitempty" yaml:"-"`
}

// Never is what Rule.Expires says of a rule without an end.
const Never = "never"

// RuleError says what is wrong with one rule of a list.
type RuleError struct {
	Index  int
	Field  string // as in the configuration file; "" when it is missing or the rule as a whole is meant
	Reason string
}

func (e *RuleError) Error() string {
	at := fmt.Sprintf("rule %d", e.Index+1)
	if e.Field != "" {
		at += ", " + e.Field
	}
	return at + ": " + e.Reason
}

// Rules are rules ready to be asked. The zero value suppresses nothing.
type Rules struct{ list []rule }

type rule struct {
	Rule
	apis                       []trail.Glob // none: every API
	principal, account, region trail.Glob
	last                       trail.Day // of Expires; only when it does
}

// ParseRules checks rules. Its errors are *RuleError.
func ParseRules(list []Rule) (*Rules, error) {
	out := &Rules{}
	for k, r := range list {
		c := rule{Rule: r}
		if field, reason := c.parse(); reason != "" {
			return nil, &RuleError{k, field, reason}
		}
		if n := slices.IndexFunc(out.list, func(o rule) bool { return o.Name == c.Name }); n >= 0 {
			return nil, &RuleError{k, "", fmt.Sprintf("rule %d is called %q too: give each a name of its own", n+1, c.Name)}
		}
		out.list = append(out.list, c)
	}
	return out, nil
}

// patterns parses what says which insights are meant, and returns the texts; or which field is wrong and why.
func (r *rule) patterns() (texts []string, field, reason string) {
	apis := r.OwnAPIs
	if r.API != "" {
		apis = []string{r.API}
	}
	for _, text := range apis {
		g, err := trail.ParseGlob(text)
		if err != nil {
			return nil, "api", err.Error()
		}
		r.apis, texts = append(r.apis, g), append(texts, text)
	}
	for _, p := range []struct {
		field, text string
		into        *trail.Glob
	}{{"principal", r.Principal, &r.principal}, {"account", r.Account, &r.account}, {"region", r.Region, &r.region}} {
		g, err := trail.ParseGlob(p.text)
		if err != nil {
			return nil, p.field, err.Error()
		}
		if *p.into = g; p.text != "" {
			texts = append(texts, p.text)
		}
	}
	if r.Kind != "" {
		if !slices.Contains(kindNames[:], r.Kind) {
			return nil, "kind", fmt.Sprintf("%q is none of %s", r.Kind, strings.Join(kindNames[:], ", "))
		}
		texts = append(texts, r.Kind)
	}
	return texts, "", ""
}

// parse fills in what follows from the fields, or returns which one is wrong and why.
func (r *rule) parse() (field, reason string) {
	patterns, field, reason := r.patterns()
	switch {
	case reason != "":
		return field, reason
	case len(patterns) == 0:
		return "", "it would suppress everything: give api, principal, account, region or kind"
	case strings.TrimSpace(r.Owner) == "":
		return "", "owner is missing: who answers for it"
	case strings.TrimSpace(r.Reason) == "":
		return "", "reason is missing: why nobody needs to look"
	case r.Expires == "":
		return "", "expires is missing: a day, or never"
	case r.Ceiling != nil && *r.Ceiling < 1:
		return "ceiling", fmt.Sprintf("%d is not a count of 1 or more", *r.Ceiling)
	}
	for _, t := range [][2]string{{"name", r.Name}, {"owner", r.Owner}, {"reason", r.Reason}} {
		if strings.ContainsFunc(t[1], unicode.IsControl) {
			return t[0], "it holds a control character"
		}
	}
	if r.Name == "" {
		r.Name = strings.Join(patterns, " ")
	}
	if r.Expires == Never {
		return "", ""
	}
	var err error
	if r.last, err = trail.ParseDay(r.Expires); err != nil {
		return "expires", fmt.Sprintf("%q is neither a day, as 2026-12-31, nor never", r.Expires)
	}
	return "", ""
}

// Any tells whether there is a rule.
func (r *Rules) Any() bool { return len(r.list) > 0 }

// Of returns the name of the first rule that suppresses an insight; "" when none does. It depends on the insight alone: as an insight goes on the
// answer can only turn to "", when it passes the ceiling.
func (r *Rules) Of(i *Insight) string {
	for k := range r.list {
		if c := &r.list[k]; c.selects(i) && !c.over(trail.DayOf(i.Whole.Start)) && (c.Ceiling == nil || i.Extent <= *c.Ceiling) {
			return c.Name
		}
	}
	return ""
}

// over tells whether the rule has expired on a day.
func (r *rule) over(d trail.Day) bool { return r.Expires != Never && d > r.last }

func (r *rule) selects(i *Insight) bool {
	return r.account.Match(i.Account) && r.region.Match(i.Region) && (r.Kind == "" || r.Kind == i.Kind.String()) &&
		(len(r.apis) == 0 || slices.ContainsFunc(r.apis, func(g trail.Glob) bool { return g.Match(i.Source+":"+i.Name) || g.Match(i.Name) })) && r.concerns(i)
}

// concerns tells whether an insight is about the rule's principals. One about an API is when it is because of them alone: what others called
// while it was detected is not worth an insight.
func (r *rule) concerns(i *Insight) bool {
	if i.Principal != "" || i.Kind == Silence || r.principal.Match("") {
		return r.principal.Match(i.Principal)
	}
	rest := i.Detected.Count
	for _, a := range i.Attributions {
		if a.Attribute != "userIdentityArn" {
			continue
		}
		for _, s := range a.Insight {
			if r.principal.Match(s.Value) {
				rest -= s.Count
			}
		}
	}
	least := float64(minCalls)
	if i.Kind == ErrorRate {
		least = minErrors
	}
	return rest < i.Detected.Count && float64(rest) < max(2*i.First.Mean, i.First.Mean+least)
}

// RuleUse is what became of a rule.
type RuleUse struct {
	Rule
	Expired bool
	Ends    bool // it expires within soonDays
	Matched int  // insights it was asked about that it selects, suppressed or not
}

const soonDays = 7

// Use tells what each rule is good for as of an instant, going by insights that were decided lately. Retracted ones do not count.
func (r *Rules) Use(at time.Time, lately []Insight) []RuleUse {
	out := make([]RuleUse, len(r.list))
	today := trail.DayOf(at)
	for k := range r.list {
		c := &r.list[k]
		out[k] = RuleUse{Rule: c.Rule, Expired: c.over(today)}
		out[k].Ends = !out[k].Expired && c.over(today+soonDays)
		for n := range lately {
			if i := &lately[n]; i.State != Retracted && c.selects(i) {
				out[k].Matched++
			}
		}
	}
	return out
}
