package report

import (
	"time"

	"trailgauge/pipeline/insight"
)

// incidentJSON is an incident: the insights of one cause.
type incidentJSON struct {
	ID         string              `json:"id"`               // UUID that follows from its first insight: another one when that turns out to be part of an earlier incident, or is retracted
	State      insight.State       `json:"state"`            // open while one of its insights is, else closed
	Change     string              `json:"change"`           // opened, grown, closed, continued
	Merged     []string            `json:"merged"`           // IDs by which it, or parts of it, were told of before
	Title      string              `json:"title"`            // for people
	Cause      string              `json:"cause"`            // why its insights belong together, for people
	Marked     *insight.Seen       `json:"marked,omitempty"` // what somebody said last of the incident as a whole
	Score      *float64            `json:"score"`            // of all its insights together, comparable with theirs
	Severity   *float64            `json:"severity"`         // score / ln 10
	First      time.Time           `json:"first"`            // when its earliest insight began
	Last       time.Time           `json:"last"`             // when its latest ended, exclusive; of an open one as far as decided
	Shared     []insight.Shared    `json:"shared"`           // values that account for most of two of its insights at least
	Principals []string            `json:"principals"`       // that its insights are about or mostly due to
	Accounts   []string            `json:"accounts"`         // IDs
	Regions    []string            `json:"regions"`          // empty when all its insights are about all regions
	APIs       []string            `json:"apis"`             // as "iam.amazonaws.com CreateUser"
	Techniques []insight.Technique `json:"techniques"`       // of MITRE ATT&CK: what the APIs can be used for
	Steps      []stepJSON          `json:"steps"`            // its insights in the order they began; those below another one are left out
}

// stepJSON is an insight of an incident in short.
type stepJSON struct {
	Insight     string        `json:"insight"`             // ID: insights has it, if the run did anything to it
	Title       string        `json:"title"`               // for people
	State       insight.State `json:"state"`               // open or closed
	Start       time.Time     `json:"start"`               // when it began
	End         time.Time     `json:"end"`                 // exclusive; of an open one as far as decided
	Severity    *float64      `json:"severity"`            // of the insight
	Account     string        `json:"account"`             // account ID
	Region      string        `json:"region"`              // "": all regions
	Principal   string        `json:"principal,omitempty"` // absent: all principals
	EventSource string        `json:"eventSource"`         // "" with eventName: all that a principal calls, or an account
	EventName   string        `json:"eventName"`           // name of the API
	Below       int           `json:"below"`               // insights of the incident that are below it
}

func incidentOf(g *Group) incidentJSON {
	j := incidentJSON{ID: g.ID, State: g.State, Change: g.Change, Merged: orEmpty(g.Merged), Title: g.Title(), Cause: g.Cause(), Marked: g.marked(), Score: finite(g.Score),
		Severity: finite(g.Severity()), First: g.First.UTC(), Last: g.Last.UTC(), Shared: orEmpty(g.Shared), Principals: orEmpty(g.Principals),
		Accounts: orEmpty(g.Accounts), Regions: orEmpty(g.Regions), APIs: orEmpty(g.APIs), Techniques: orEmpty(g.Techniques()), Steps: []stepJSON{}}
	for _, s := range g.Steps {
		j.Steps = append(j.Steps, stepJSON{Insight: s.ID, Title: Title(s.Insight), State: s.State, Start: s.Whole.Start, End: s.Whole.End, Severity: finite(s.Severity()),
			Account: s.Account, Region: s.Region, Principal: s.Principal, EventSource: s.Source, EventName: s.Name, Below: s.Below})
	}
	return j
}
