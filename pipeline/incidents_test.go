package pipeline

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/report"
)

// caller changes a record into one of another role and address.
func caller(role, address string) []string {
	return []string{
		"userIdentity", `{"type":"AssumedRole","accountId":"111111111111","arn":"arn:aws:sts::111111111111:assumed-role/` + role + `/s"}`,
		"sourceIPAddress", `"` + address + `"`,
	}
}

// raid is a month with two roles at work from their own addresses, and on its last day bursts of both: from 09:00 one of deployer, to two APIs; from
// 11:00 one of backup, to two others; and from 12:00, when bridge is true, one of backup from the address that deployer's came from.
func raid(t *testing.T, bridge bool) *scenario {
	s, n := newMonth(t)
	for d := dayStart.AddDate(0, 0, -30); !d.After(dayStart); d = d.AddDate(0, 0, 1) {
		s.quiet(n, d, d.AddDate(0, 0, 1), append(caller("backup", "203.0.113.8"), "eventName", `"CreateSnapshot"`)...)
	}
	s.quiet(n, dayStart.Add(9*time.Hour), dayStart.Add(24*time.Hour))
	strike := func(hour, first int, name, role, address string) {
		from := dayStart.Add(time.Duration(hour) * time.Hour)
		s.burst(first, from, from.Add(59*time.Minute), 300, append(caller(role, address), "eventName", `"`+name+`"`)...)
	}
	strike(9, burstID, "RunInstances", "deployer", "198.51.100.9")
	strike(9, burstID+1000, "CreateKeyPair", "deployer", "198.51.100.9")
	strike(11, burstID+2000, "CreateSnapshot", "backup", "203.0.113.8")
	strike(11, burstID+3000, "CreateImage", "backup", "203.0.113.8")
	if bridge {
		strike(12, burstID+4000, "ModifySnapshotAttribute", "backup", "198.51.100.9")
	}
	return s
}

// apisOf lists the APIs of each incident of more than one burst.
func apisOf(list []report.Incident) (out []string) {
	for _, c := range list {
		var names []string
		for _, a := range c.APIs {
			names = append(names, strings.TrimPrefix(a, "ec2.amazonaws.com "))
		}
		out = append(out, c.Change+": "+strings.Join(names, " "))
	}
	return out
}

// Bursts of one cause are one incident: hour by hour it is opened, grows and takes in another, whose ID the report names; at once it is the same.
func TestIncidentsComeTogether(t *testing.T) {
	s := raid(t, true)
	var said []string
	var merged []string
	byHour := map[string]string{}
	for h := 10; h < 18; h++ {
		r := s.until(dayStart.Add(time.Duration(h)*time.Hour + 40*time.Minute))
		said = append(said, strings.Join(apisOf(r.Report.Incidents), "; "))
		for _, c := range r.Report.Incidents {
			merged = append(merged, c.Merged...)
			if c.Merged == nil {
				byHour[c.ID] = c.ID
			}
		}
	}
	const first, second = "CreateKeyPair RunInstances", "CreateImage CreateSnapshot"
	const all = "CreateImage CreateKeyPair CreateSnapshot ModifySnapshotAttribute RunInstances"
	if said[0] != "opened: "+first || said[2] != "continued: "+first+"; opened: "+second && said[2] != "opened: "+second+"; continued: "+first || said[3] != "grown: "+all {
		t.Errorf("hour by hour: %q", said)
	}
	if len(merged) != 1 || byHour[merged[0]] == "" || len(byHour) != 2 {
		t.Errorf("it took in %q of %v", merged, byHour)
	}
	list := found(t, s.Lake)
	once := raid(t, true)
	r := once.until(dayStart.Add(17*time.Hour + 40*time.Minute))
	if d := cmp.Diff(found(t, once.Lake), list); d != "" {
		t.Errorf("at once and hour by hour:\n%s", d)
	}
	if got := apisOf(r.Report.Incidents); len(got) != 1 || got[0] != "opened: "+all {
		t.Errorf("at once: %q", got)
	}
	for _, i := range list {
		if i.Incident != list[0].Incident {
			t.Errorf("%s %s is in incident %q", i.Source, i.Name, i.Incident)
		}
	}
}

// Two roles at work at the same time, each on its own, are two incidents.
func TestIncidentsStayApart(t *testing.T) {
	s := raid(t, false)
	r := s.until(dayStart.Add(25 * time.Hour))
	if len(r.Report.Incidents) != 2 || cmp.Equal(r.Report.Incidents[0].Principals, r.Report.Incidents[1].Principals) {
		t.Errorf("%q", apisOf(r.Report.Incidents))
	}
	for _, c := range r.Report.Incidents {
		if c.State != insight.Closed || len(c.Principals) != 1 {
			t.Errorf("%s: %s, of %q", c.ID, c.State, c.Principals)
		}
	}
}

// A mark of an incident is one of all its insights; it is taken back as a whole, by the ID it was made with.
func TestMarkOfAnIncident(t *testing.T) {
	s := raid(t, true)
	id := s.until(dayStart.Add(10*time.Hour + 40*time.Minute)).Report.Incidents[0].ID
	say := func(as insight.As, at time.Time) (*insight.Mark, error) {
		m, err := Mark(t.Context(), MarkOptions{Lake: s.Lake, ID: id, As: as, Undo: as == "", By: "anna", Note: "a drill", At: at})
		if err != nil {
			return nil, err
		}
		return m.Mark, nil
	}
	m, err := say(insight.AsClosed, dayStart.Add(10*time.Hour+45*time.Minute))
	if err != nil || m.Insight != id || len(m.Of) != len(found(t, s.Lake)) {
		t.Fatalf("%+v, %v", m, err)
	}
	r := s.until(dayStart.Add(12*time.Hour + 40*time.Minute))
	for _, i := range found(t, s.Lake) {
		if of := m.Names(i.ID); of != (i.State == insight.Closed) || of != (r.Report.Marks[i.ID] != nil) {
			t.Errorf("%s %s is %s", i.Name, i.Principal, i.State)
		}
	}
	var text strings.Builder
	if err := report.Text(&text, r.Report, 200, false); err != nil || !strings.Contains(text.String(), "Marked closed by anna, 2026-10-31 10:45Z: a drill") {
		t.Errorf("%v\n%s", err, &text)
	}
	if m, err = say("", dayStart.Add(13*time.Hour)); err != nil || m.Undoes != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	if list, err := ListMarks(t.Context(), s.Lake, id); err != nil || len(list) != 2 {
		t.Errorf("%d marks, %v", len(list), err)
	}
	id += "0"
	if _, err := say(insight.AsBenign, dayStart.Add(13*time.Hour)); !errors.Is(err, ErrNoInsight) {
		t.Errorf("an unknown one: %v", err)
	}
}
