package report

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
)

// incidentFrom sums up insights of one incident, made from changed copies of one.
func incidentFrom(changes ...func(*insight.Insight)) *Group {
	var list []insight.Insight
	for k, change := range changes {
		i := realistic().Opened[0]
		i.ID, i.Incident, i.Attributions = strings.Repeat(string(rune('a'+k)), 8), "c", nil
		change(&i)
		list = append(list, i)
	}
	c := insight.Incidents(list)[0]
	r := &Run{Names: Names{Accounts: map[string]AccountName{"1": {Name: "shop", Owner: "anna"}}}}
	return &Group{Incident: &Incident{Incident: c}, Steps: stepsOf(r, c.Insights, nil), of: r}
}

func TestIncidentTitle(t *testing.T) {
	const role = "arn:aws:sts::111122223333:assumed-role/"
	api := func(source, name, principal, account string, more ...insight.Attribution) func(*insight.Insight) {
		return func(i *insight.Insight) {
			i.Source, i.Name, i.Principal, i.Account, i.Attributions = source+".amazonaws.com", name, principal, account, more
		}
	}
	from := insight.Attribution{Attribute: "sourceIPAddress", Insight: []insight.Share{{Value: "198.51.100.9", Count: 9}}}
	key := insight.Attribution{Attribute: "accessKeyId", Insight: []insight.Share{{Value: "AKIA1", Count: 9}}}
	for _, c := range []struct {
		g    *Group
		want string
	}{
		{incidentFrom(api("iam", "CreateUser", role+"backup-job", "1"), api("iam", "CreateAccessKey", role+"backup-job|via=x", "2"), api("s3", "DeleteBucket", role+"backup-job", "2"), api("ec2", "RunInstances", role+"backup-job", "2")),
			"role backup-job: 4 insights over 4 APIs in 2 accounts, 2026-11-01 09:42Z to 09:54Z, T1098.001 T1136.003 T1578.002 …"},
		{incidentFrom(api("ec2", "CreateTags", role+"a", "1", from), api("ec2", "CreateTags", role+"b", "1", from)),
			"2 principals, address 198.51.100.9: 2 insights over 1 API in account 1 shop, 2026-11-01 09:42Z to 09:54Z"},
		{incidentFrom(api("ec2", "CreateTags", "", "1", key), api("ec2", "DeleteTags", "", "1", key)),
			"access key AKIA1: 2 insights over 2 APIs in account 1 shop, 2026-11-01 09:42Z to 09:54Z"},
		{incidentFrom(api("", "", role+"a", "1"), api("", "", "", "1", from)), // all that a principal calls, and an account
			"role a: 2 insights in account 1 shop, 2026-11-01 09:42Z to 09:54Z"},
		{incidentFrom(api("ec2", "CreateTags", "", "1"), api("ec2", "DeleteTags", "", "1")),
			"ec2.amazonaws.com CreateTags: 2 insights over 2 APIs in account 1 shop, 2026-11-01 09:42Z to 09:54Z"},
	} {
		if got := c.g.Title(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestIncidentCause(t *testing.T) {
	kind := func(k insight.Kind, name string) func(*insight.Insight) {
		return func(i *insight.Insight) { i.Kind, i.Name, i.Principal = k, name, "user:p" }
	}
	total := func(i *insight.Insight) {
		i.Kind, i.Region, i.Source, i.Name, i.Principal = insight.ErrorRate, "", "", "", "user:p"
	}
	for _, c := range []struct {
		g    *Group
		want string
	}{
		{incidentFrom(kind(insight.CallRate, "A"), kind(insight.CallRate, "B"), kind(insight.ErrorRate, "A")), "More calls than usual, more errors than usual. In common: user:p in 3 of 3 insights."},
		{incidentFrom(total, kind(insight.Novelty, ""), kind(insight.Silence, "A")), "Access denied, APIs never used before, silence. In common: user:p in 3 of 3 insights."},
		{incidentFrom(func(i *insight.Insight) {}, func(i *insight.Insight) {}), "More calls than usual. One burst, seen from several sides."},
	} {
		if got := c.g.Cause(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// Every insight of a run is told of once, in its incident or alone; what an earlier report told of is a step without an entry.
func TestGroups(t *testing.T) {
	r := realistic()
	incidents, alone := r.Groups()
	if len(incidents) != 1 || len(incidents[0].Entries) != 2 || len(flat(incidents[0].Entries))+len(flat(alone)) != 8 {
		t.Fatalf("%d incidents, %d alone", len(incidents), len(alone))
	}
	g := &incidents[0]
	var steps []string
	for _, s := range g.Steps {
		steps = append(steps, s.Name)
	}
	if d := cmp.Diff([]string{"GetCallerIdentity", "RunInstances", "CreateAccessKey"}, steps); d != "" {
		t.Error(d)
	}
	if g.Steps[0].Here || !g.Steps[1].Here || g.Steps[1].Below != 1 || g.Entries[0].Name != "RunInstances" {
		t.Errorf("%+v", g.Steps)
	}
	var d document
	if err := json.Unmarshal([]byte(render(t, r)["report.json"]), &d); err != nil {
		t.Fatal(err)
	}
	j := d.Incidents[0]
	of := slices.IndexFunc(d.Insights, func(i insightJSON) bool { return i.ID == j.Steps[1].Insight })
	if of < 0 || d.Insights[of].Incident != j.ID || *j.Severity != g.Severity() || j.Merged == nil || j.Shared[0].Insights != 4 {
		t.Errorf("%+v", j)
	}
}

// A step's bar stands where its time is; a short one is seen, and the last one stays within the plot.
func TestTimeline(t *testing.T) {
	span := func(from, to time.Duration, state insight.State) func(*insight.Insight) {
		return func(i *insight.Insight) {
			start := time.Date(2026, 11, 1, 4, 0, 0, 0, time.UTC)
			i.Whole, i.State, i.Principal = insight.Span{Start: start.Add(from), End: start.Add(to)}, state, "p"
		}
	}
	g := incidentFrom(span(0, time.Minute, insight.Closed), span(5*time.Hour, 10*time.Hour, insight.Closed), span(10*time.Hour-time.Minute, 10*time.Hour, insight.Open))
	l := TimelineOf(g)
	var bars [][2]string
	for _, r := range l.Rows {
		bars = append(bars, [2]string{r.X, r.W})
	}
	if d := cmp.Diff([][2]string{{"8", "4"}, {"380", "372"}, {"748", "4"}}, bars); d != "" {
		t.Error(d)
	}
	if !strings.Contains(l.Rows[2].Class, "goeson") || strings.Contains(l.Rows[1].Class, "goeson") || l.Rows[1].Text != "09:00Z ec2 RunInstances" {
		t.Errorf("%+v", l.Rows)
	}
	if d := cmp.Diff([]Tick{{"8", "Nov 1 04:00"}, {"156.8", "06:00"}, {"305.6", "08:00"}, {"454.4", "10:00"}, {"603.2", "12:00"}}, l.Ticks); d != "" {
		t.Error(d)
	}
	var many []func(*insight.Insight)
	for range 60 {
		many = append(many, span(0, time.Hour, insight.Closed))
	}
	if l = TimelineOf(incidentFrom(many...)); len(l.Rows) != mostRows || l.More != 20 {
		t.Errorf("%d rows and %d more", len(l.Rows), l.More)
	}
}
