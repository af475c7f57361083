package insight

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/pipeline/counts"
)

const (
	backup = "arn:aws:sts::111122223333:assumed-role/backup-job"
	deploy = "arn:aws:sts::111122223333:assumed-role/deploy"
)

var morning = time.Date(2026, 11, 1, 4, 0, 0, 0, time.UTC)

// finding is an insight to be linked: 100 calls of an API in an hour, with 1,000 before.
func finding(name, principal string, hour float64) *Insight {
	start := morning.Add(time.Duration(hour * float64(time.Hour)))
	i := &Insight{
		Revision: 1, State: Closed, Threshold: 8, Worst: Verdict{Score: 10},
		Unit:     Unit{Series: counts.Series{Account: "111122223333", Region: "eu-central-1", Source: "iam.amazonaws.com", Name: name, Principal: principal}},
		Detected: Span{start, start.Add(time.Hour), 100}, Whole: Span{start, start.Add(time.Hour), 100},
		Baseline: Span{start.AddDate(0, 0, -7), start, 1000},
	}
	i.ID = newID(i.Unit, start)
	return i
}

// from says what accounts for n of an insight's calls, and for how many of those before.
func (i *Insight) from(attribute, value string, n, before int64) *Insight {
	i.Attributions = append(i.Attributions, Attribution{
		Attribute: attribute, Insight: []Share{{value, n}}, InsightOther: 100 - n, Baseline: []Share{{value, before}}, BaselineOther: 1000 - before})
	return i
}

// groups links insights and returns their names by incident, in the order of the first of each.
func groups(list ...*Insight) []string {
	Link(list)
	by, order := map[string][]string{}, []string{}
	slices.SortFunc(list, func(a, b *Insight) int { return Compare(*a, *b) })
	for _, i := range list {
		if by[i.Incident] == nil {
			order = append(order, i.Incident)
		}
		by[i.Incident] = append(by[i.Incident], i.Name)
	}
	var out []string
	for _, id := range order {
		out = append(out, strings.Join(by[id], " "))
	}
	return out
}

func TestLink(t *testing.T) {
	const sso = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef"
	const nat = "203.0.113.9"
	child := func(parent *Insight, i *Insight) *Insight { i.Parent = parent.ID; return i }
	elsewhere := func(i *Insight) *Insight { i.Account = "444455556666"; return i }
	kind := func(k Kind, i *Insight) *Insight { i.Kind = k; return i }
	spread := finding("Spread", "", 0).from("userIdentityArn", backup, 40, 0)
	fresh := func(i *Insight) *Insight { // it had no calls before
		for k := range i.Attributions {
			i.Attributions[k].Baseline, i.Attributions[k].BaselineOther = []Share{}, 0
		}
		return i
	}
	for name, c := range map[string]struct {
		list []*Insight
		want []string
	}{
		"an address, nothing before":           {[]*Insight{fresh(finding("A", backup, 0).from("sourceIPAddress", nat, 90, 0)), fresh(finding("B", deploy, 0).from("sourceIPAddress", nat, 90, 0))}, []string{"A", "B"}},
		"an address, and one knows":            {[]*Insight{fresh(finding("A", backup, 0).from("sourceIPAddress", nat, 90, 0)), finding("B", deploy, 0).from("sourceIPAddress", nat, 90, 0)}, []string{"A B"}},
		"one principal, in two accounts":       {[]*Insight{finding("A", backup, 0), elsewhere(finding("B", backup, .5))}, []string{"A B"}},
		"three hours apart":                    {[]*Insight{finding("A", backup, 0), finding("B", backup, 4)}, []string{"A B"}},
		"more than three":                      {[]*Insight{finding("A", backup, 0), finding("B", backup, 4.1)}, []string{"A", "B"}},
		"one leads to the next":                {[]*Insight{finding("A", backup, 0), finding("B", backup, 4), finding("C", backup, 8)}, []string{"A B C"}},
		"another principal":                    {[]*Insight{finding("A", backup, 0), finding("B", deploy, 0)}, []string{"A", "B"}},
		"an API mostly by it":                  {[]*Insight{finding("A", backup, 0), finding("B", "", 0).from("userIdentityArn", backup, 51, 900)}, []string{"A B"}},
		"an API half by it":                    {[]*Insight{finding("A", backup, 0), finding("B", "", 0).from("userIdentityArn", backup, 50, 0)}, []string{"A", "B"}},
		"called on behalf of":                  {[]*Insight{finding("A", backup, 0), finding("B", backup+"|via=cloudformation.amazonaws.com", 0)}, []string{"A B"}},
		"a service is nobody":                  {[]*Insight{finding("A", "service:ec2.amazonaws.com", 0), finding("B", "service:ec2.amazonaws.com", 0)}, []string{"A", "B"}},
		"a key":                                {[]*Insight{finding("A", backup, 0).from("accessKeyId", "ASIA1", 60, 0), finding("B", deploy, 0).from("accessKeyId", "ASIA1", 60, 0)}, []string{"A B"}},
		"an address new to both":               {[]*Insight{finding("A", backup, 0).from("sourceIPAddress", nat, 90, 0), finding("B", deploy, 0).from("sourceIPAddress", nat, 90, 99)}, []string{"A B"}},
		"an address usual for one":             {[]*Insight{finding("A", backup, 0).from("sourceIPAddress", nat, 90, 0), finding("B", deploy, 0).from("sourceIPAddress", nat, 90, 100)}, []string{"A", "B"}},
		"a service as an address":              {[]*Insight{finding("A", backup, 0).from("sourceIPAddress", "cloudformation.amazonaws.com", 90, 0), finding("B", deploy, 0).from("sourceIPAddress", "cloudformation.amazonaws.com", 90, 0)}, []string{"A", "B"}},
		"a private address, two accounts":      {[]*Insight{finding("A", backup, 0).from("sourceIPAddress", "10.0.0.7", 90, 0), elsewhere(finding("B", deploy, 0).from("sourceIPAddress", "10.0.0.7", 90, 0))}, []string{"A", "B"}},
		"a private address, one account":       {[]*Insight{finding("A", backup, 0).from("sourceIPAddress", "10.0.0.7", 90, 0), finding("B", deploy, 0).from("sourceIPAddress", "10.0.0.7", 90, 0)}, []string{"A B"}},
		"two people in one SSO role":           {[]*Insight{finding("A", sso, 0).from("sessionName", "anna", 99, 0), finding("B", sso, 0).from("sessionName", "ben", 99, 0)}, []string{"A", "B"}},
		"one person in two SSO roles":          {[]*Insight{finding("A", sso, 0).from("sessionName", "anna", 99, 0), finding("B", strings.Replace(sso, "Admin", "Dev", 1), 0).from("sessionName", "anna", 99, 0)}, []string{"A B"}},
		"a session's name says nothing else":   {[]*Insight{finding("A", backup, 0).from("sessionName", "session", 99, 0), finding("B", deploy, 0).from("sessionName", "session", 99, 0)}, []string{"A", "B"}},
		"what is left of a silence":            {[]*Insight{kind(Silence, finding("A", "", 0).from("userIdentityArn", backup, 99, 0)), finding("B", backup, 0)}, []string{"A", "B"}},
		"a principal that fell silent":         {[]*Insight{kind(Silence, finding("A", backup, 0)), finding("B", backup, 0)}, []string{"A B"}},
		"a burst of several principals":        {[]*Insight{spread, child(spread, finding("SpreadA", backup, .2)), child(spread, finding("SpreadB", deploy, .2)), finding("A", backup, 0)}, []string{"A Spread SpreadA SpreadB"}},
		"a parent that began later":            {[]*Insight{child(finding("Late", "", .5), finding("LateA", backup, 0)), finding("Late", "", .5)}, []string{"LateA Late"}},
		"a chain is cut a week after it began": {chain(58), []string{strings.Repeat("A ", 42) + "A", strings.Repeat("A ", 14) + "A"}},
	} {
		if d := cmp.Diff(c.want, groups(c.list...)); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

// chain is insights of one principal, an hour long and three apart.
func chain(n int) (out []*Insight) {
	for k := range n {
		out = append(out, finding("A", backup, float64(4*k)))
	}
	return out
}

// A value that everybody shares does not make one incident of everything: an address that is usual, one that is nobody's, and even one that is new
// to all of hundreds of principals at the same time.
func TestNoIncidentOfEverything(t *testing.T) {
	for _, c := range []struct {
		address string
		before  int64
		most    int
	}{{"203.0.113.9", 400, 2}, {"cloudformation.amazonaws.com", 0, 2}, {"AWS Internal", 0, 2}, {"203.0.113.9", 0, 2 * mostPrincipals}} {
		var list []*Insight
		for p := range 300 {
			for _, name := range []string{"A", "B"} {
				list = append(list, finding(name, fmt.Sprintf("arn:aws:iam::111122223333:user/u%d", p), float64(p%7)/10).from("sourceIPAddress", c.address, 100, c.before))
			}
		}
		Link(list)
		size := map[string]int{}
		for _, i := range list {
			size[i.Incident]++
		}
		for _, n := range size {
			if n > c.most {
				t.Errorf("%s, usual in %d of 1,000 calls: %d insights in one incident, want up to %d", c.address, c.before, n, c.most)
			}
		}
	}
}

// drawn makes insights of a few principals, keys and addresses over ten days, some below others, some open, some retracted or suppressed.
func drawn(t *rapid.T) []*Insight {
	var out []*Insight
	for n := range rapid.IntRange(1, 40).Draw(t, "n") {
		who := fmt.Sprintf("arn:aws:iam::111122223333:user/u%d", rapid.IntRange(0, 5).Draw(t, "who"))
		i := finding(fmt.Sprint("N", n), who, float64(rapid.IntRange(0, 240).Draw(t, "hour")))
		i.Whole.End = i.Whole.Start.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "hours")) * time.Hour)
		i.from("sourceIPAddress", fmt.Sprintf("203.0.113.%d", rapid.IntRange(0, 3).Draw(t, "address")), 90, int64(rapid.SampledFrom([]int{0, 500}).Draw(t, "before")))
		i.from("accessKeyId", fmt.Sprint("AKIA", rapid.IntRange(0, 9).Draw(t, "key")), rapid.Int64Range(0, 100).Draw(t, "share"), 0)
		if len(out) > 0 && rapid.IntRange(0, 4).Draw(t, "below") == 0 {
			if p := out[rapid.IntRange(0, len(out)-1).Draw(t, "parent")]; overlap(p.Whole, i.Whole) > 0 && p.Parent == "" {
				i.Parent = p.ID
			}
		}
		switch rapid.IntRange(0, 9).Draw(t, "state") {
		case 0:
			i.State = Retracted
		case 1:
			i.Suppressed = "a rule"
		}
		out = append(out, i)
	}
	return out
}

func incidentsByID(list []*Insight) map[string]string {
	out := map[string]string{}
	for _, i := range list {
		out[i.ID] = i.Incident
	}
	return out
}

// Whatever the order, and however often it is asked, the answer is the same; each insight that people hear of is in one incident, which is named
// after its first and stays within its bounds.
func TestLinkDependsOnTheInsightsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawn(t)
		Link(list)
		want := incidentsByID(list)
		list = rapid.Permutation(list).Draw(t, "order")
		Link(list)
		if d := cmp.Diff(want, incidentsByID(list)); d != "" {
			t.Fatalf("another order:\n%s", d)
		}
		values := make([]Insight, len(list))
		for k := range list {
			list[k].Incident = ""
			values[k] = *list[k]
		}
		Link(list)
		if d := cmp.Diff(want, incidentsByID(list)); d != "" {
			t.Fatalf("from nothing:\n%s", d)
		}
		for k := range list {
			values[k].Incident = list[k].Incident
			if told := list[k].told(); told != (list[k].Incident != "") {
				t.Fatalf("%s, told of: %v, is in incident %q", list[k].ID, told, list[k].Incident)
			}
		}
		n := 0
		for _, c := range Incidents(values) {
			n += len(c.Insights)
			if c.ID != incidentID(c.Insights[0].ID) || !c.First.Equal(c.Insights[0].Whole.Start) {
				t.Fatalf("%s is not named after its first insight", c.ID)
			}
			for k := range c.Insights {
				if i := &c.Insights[k]; i.Parent == "" && i.Whole.Start.Sub(c.First) > 3*incidentReach {
					t.Fatalf("%s began %v after the incident", i.ID, i.Whole.Start.Sub(c.First))
				}
			}
		}
		told := 0
		for k := range values {
			if values[k].told() {
				told++
			}
		}
		if n != told {
			t.Fatalf("%d insights in incidents of %d", n, told)
		}
	})
}

// Runs that see the insights come, hour by hour, and only those of the last weeks, end where one run ends that sees all of them at once.
func TestLinkHourByHour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []*Insight
		for w := range rapid.IntRange(1, 4).Draw(t, "weeks") { // long chains: three weeks of history and more
			renamed := map[string]string{"": ""}
			for _, i := range drawn(t) {
				old := i.ID
				i.Whole.Start, i.Whole.End = i.Whole.Start.AddDate(0, 0, 8*w), i.Whole.End.AddDate(0, 0, 8*w)
				i.Detected.Start, i.Detected.End = i.Whole.Start, i.Whole.Start.Add(time.Hour)
				i.Name = fmt.Sprint("W", w, i.Name) // another week's may begin with it
				i.ID, i.Parent = newID(i.Unit, i.Whole.Start), renamed[i.Parent]
				renamed[old] = i.ID
				list = append(list, i)
			}
		}
		at := map[string]*Insight{}
		step := time.Duration(rapid.IntRange(1, 72).Draw(t, "step")) * time.Hour
		for now := morning; now.Before(morning.AddDate(0, 0, 60)); now = now.Add(step) {
			var seen []*Insight
			for _, i := range list {
				if !i.Detected.End.After(now) && i.Whole.Start.After(now.AddDate(0, 0, -LongestHours/24-IncidentDays)) {
					s := *i
					if s.Whole.End.After(now) {
						s.Whole.End = now
					}
					if old := at[i.ID]; old != nil {
						s.Incident = old.Incident
					}
					at[i.ID] = &s
					seen = append(seen, &s)
				}
			}
			Link(seen)
		}
		Link(list)
		for _, i := range list {
			if got := at[i.ID].Incident; got != i.Incident && i.State != Retracted {
				t.Fatalf("%s of %s: %s hour by hour, %s at once", i.Name, i.Whole.Start, got, i.Incident)
			}
		}
	})
}

func TestIncidents(t *testing.T) {
	a, b := finding("CreateUser", backup, 0), finding("CreateAccessKey", backup, 1)
	b.State, b.Whole.End, b.Account = Open, morning.Add(5*time.Hour), "444455556666"
	c := finding("DeleteTrail", deploy, 0)
	c.Worst.Score = 30
	for _, i := range []*Insight{a, b} {
		i.from("accessKeyId", "ASIA1", 99, 0)
	}
	Link([]*Insight{a, b, c})
	got := Incidents([]Insight{*a, *b, *c})
	if len(got) != 2 || got[0].ID != c.Incident || !got[0].Alone() || got[1].Alone() {
		t.Fatalf("%+v", got)
	}
	x := got[1]
	if x.ID != incidentID(a.ID) || x.State != Open || !x.First.Equal(morning) || !x.Last.Equal(b.Whole.End) {
		t.Errorf("%s %s %s %s", x.ID, x.State, x.First, x.Last)
	}
	want := []Shared{{Cause{ByPrincipal, backup}, 2}, {Cause{ByKey, "ASIA1"}, 2}}
	if d := cmp.Diff(want, x.Shared); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([][]string{{backup}, {"111122223333", "444455556666"}, {"eu-central-1"}, {"iam.amazonaws.com CreateAccessKey", "iam.amazonaws.com CreateUser"}},
		[][]string{x.Principals, x.Accounts, x.Regions, x.APIs}); d != "" {
		t.Error(d)
	}
}

// Two false insights whose excesses are independent of each other and exponential make an incident of a score s with a chance of about exp(-s):
// the excess of one alone is its own score, more of them weigh more, and none is weaker than its strongest.
func TestJointScore(t *testing.T) {
	with := func(scores ...float64) float64 {
		var of []Insight
		for k, s := range scores {
			i := *finding(fmt.Sprint(k), backup, 0)
			i.Worst.Score = s
			of = append(of, i)
		}
		return joint(of)
	}
	if got := with(20); math.Abs(got-20) > 1e-9 {
		t.Errorf("one: %v", got)
	}
	if got := with(20, 8); got != 20 {
		t.Errorf("one at the threshold beside it: %v", got)
	}
	two, four := with(20, 20), with(20, 20, 20, 20)
	if two <= 20.5 || four <= two+2 || four >= 8+4*12 {
		t.Errorf("two: %v, four: %v", two, four)
	}
	// By hand: k = 2, s = 1.4531, shape 1.3764; P(Gamma(1.3764) >= 24/1.4531) by numerical integration.
	if math.Abs(two-23.32) > .02 {
		t.Errorf("two: %v", two)
	}
	parent, child := *finding("X", "", 0), *finding("X", backup, 0)
	parent.Worst.Score, child.Worst.Score, child.Parent = 20, 20, parent.ID
	if got := joint([]Insight{parent, child}); math.Abs(got-20) > 1e-9 {
		t.Errorf("a burst seen twice counts twice: %v", got)
	}
	if got := with(math.Inf(-1), 9); got != 9 {
		t.Errorf("one not scored: %v", got)
	}
}
