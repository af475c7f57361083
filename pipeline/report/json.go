package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// SchemaVersion is the version of the JSON report. It grows when a member is renamed, removed or means something else; new members
// may come without.
const SchemaVersion = 1

// document is the JSON report. Times are RFC 3339 in UTC; an instant that is not known is null. Texts of the trail are exact; characters that
// could do harm to a terminal are written as escapes.
type document struct {
	SchemaVersion int        `json:"schemaVersion"` // version of the schema
	Program       string     `json:"program"`       // name and version
	Run           string     `json:"run"`           // name of the run, as in reports/<run>/
	Commit        int        `json:"commit"`        // number of the commit; 0 when nothing was committed
	AsOf          *time.Time `json:"asOf"`          // objects delivered later were not seen
	Trail         string     `json:"trail"`         // where the records came from
	Lake          string     `json:"lake"`          // where the tables are
	DecidedFrom   *time.Time `json:"decidedFrom"`   // first hour decided; null when none was
	DecidedUpto   *time.Time `json:"decidedUpto"`   // end of the last hour decided

	Input struct {
		Objects         int64            `json:"objects"`         // trail objects read
		ObjectsRejected int64            `json:"objectsRejected"` // of them, rejected as a whole
		Foreign         int64            `json:"foreign"`         // objects of other kinds, passed over
		Archived        int64            `json:"archived"`        // objects in a storage class that needs a restore, skipped
		Bytes           int64            `json:"bytes"`           // of the objects as they are stored, compressed
		InflatedBytes   int64            `json:"inflatedBytes"`   // the same as JSON
		Records         int64            `json:"records"`         // = kept + duplicate + replaced + rejected
		Kept            int64            `json:"kept"`            // records that events has since and counts count
		Duplicate       int64            `json:"duplicate"`       // records delivered before
		Replaced        int64            `json:"replaced"`        // records kept that a correction (UPDATED_DATA) has taken the place of
		Rejected        int64            `json:"rejected"`        // records that could not be read: see rejected/
		Conflicts       int64            `json:"conflicts"`       // duplicates that differ from the record they repeat
		Balanced        bool             `json:"balanced"`        // whether the sum holds
		Excluded        map[string]int64 `json:"excluded"`        // kept, never counted: by kind
		First           *time.Time       `json:"first"`           // time of the first record kept; null when there is none
		Last            *time.Time       `json:"last"`            // of the last
	} `json:"input"`
	Coverage struct {
		HoursObserved    int   `json:"hoursObserved"`    // of the hours decided, those in which the trail gave a sign of life
		HoursUnknown     int   `json:"hoursUnknown"`     // the others: neither quiet nor loud
		Series           int64 `json:"series"`           // series with calls in the 28 days before
		Units            int64 `json:"units"`            // scored: series, and series with an error code
		Undecided        int64 `json:"undecided"`        // units with too little history to be scored
		HistoryDays      int   `json:"historyDays"`      // days of history behind the last decided day
		QuarantinedHours int64 `json:"quarantinedHours"` // unusual hours hidden from baselines
	} `json:"coverage"`
	Budget struct {
		FalsePerDay    *float64 `json:"falsePerDay"`    // false insights a day asked for, over the whole lake
		Granted        *float64 `json:"granted"`        // what the thresholds allow: less where 1 per 1,000 series-days is less
		PerSeriesDay   *float64 `json:"perSeriesDay"`   // the same per series-day
		SeriesDays     *float64 `json:"seriesDays"`     // series-days decided in this run
		ExpectedFalse  *float64 `json:"expectedFalse"`  // false insights to be expected at most in this run
		Opened         int      `json:"opened"`         // insights opened in this run, suppressed ones among them
		Suppressed     int      `json:"suppressed"`     // of them, those that a rule keeps from being told
		CallThreshold  *float64 `json:"callThreshold"`  // score needed of call rates
		ErrorThreshold *float64 `json:"errorThreshold"` // score needed of error rates
		NullSeriesDays *float64 `json:"nullSeriesDays"` // series-days behind the empirical null
		Promise        string   `json:"promise"`        // the same in words
	} `json:"budget"`
	Incidents []incidentJSON `json:"incidents"` // of several bursts that have one of the insights, by severity

	Insights []insightJSON `json:"insights"` // by severity; children follow their parent; without suppressed ones

	Suppressions []suppressionJSON `json:"suppressions"` // the rules of the configuration

	Day *dayJSON `json:"day,omitempty"` // of the report of a day: then run is its folder, asOf is null, and commit and input are zero

	Warnings []string       `json:"warnings"` // what the reader should know before trusting the rest
	Rejected []rejectedJSON `json:"rejected"` // what could not be read, the first 50
}

type rejectedJSON struct {
	Object   string `json:"object"`   // key of the trail object
	Position int    `json:"position"` // index of the record; -1: the object
	Reason   string `json:"reason"`   // why it could not be read
}

type insightJSON struct {
	ID          string        `json:"id"`                     // UUID; the same for all revisions; sharedEventID of its insight events
	Revision    int           `json:"revision"`               // 1, and one more each time late data changed it
	State       insight.State `json:"state"`                  // open, closed or retracted
	Change      string        `json:"change"`                 // opened, closed, open, revised, retracted
	Parent      string        `json:"parent,omitempty"`       // ID of the insight about the API that covers the same burst; absent: none
	Incident    string        `json:"incident,omitempty"`     // ID of its incident: incidents has those of several bursts; absent when suppressed
	Why         string        `json:"why"`                    // what it is about, in a sentence
	Type        string        `json:"type"`                   // ApiCallRateInsight, ApiErrorRateInsight, ApiSilenceInsight or PrincipalNoveltyInsight
	Category    string        `json:"category"`               // Management or Data
	Account     string        `json:"account"`                // account ID
	AccountName string        `json:"accountName,omitempty"`  // from the configuration
	Owner       string        `json:"accountOwner,omitempty"` // who answers for the account, from the configuration
	Region      string        `json:"region"`                 // "": all regions
	EventSource string        `json:"eventSource"`            // "" with eventName: all that a principal calls, or an account
	EventName   string        `json:"eventName"`              // name of the API
	Principal   string        `json:"principal,omitempty"`    // absent: all principals
	ErrorCode   string        `json:"errorCode,omitempty"`    // of an error rate about one API

	Detected  insight.Span    `json:"detected"`  // from the start to the end of the hour that raised it
	Whole     insight.Span    `json:"whole"`     // from the start to the end, or as far as decided
	Baseline  insight.Span    `json:"baseline"`  // AWS's baseline: from midnight UTC seven days before the start, to the start
	Peak      *time.Time      `json:"peak"`      // the minute with the most
	Expected  *float64        `json:"expected"`  // what the model expected in whole; null when not known
	Excess    *float64        `json:"excess"`    // how many more than expected
	Score     *float64        `json:"score"`     // -ln(false insights per series-day this strong), at its worst; null when not scored
	Severity  *float64        `json:"severity"`  // score / ln 10
	Threshold *float64        `json:"threshold"` // the score that was needed
	First     insight.Verdict `json:"first"`     // the verdict that opened it
	Worst     insight.Verdict `json:"worst"`     // the verdict with the highest score
	Fit       struct {
		Level      *float64 `json:"level"`      // expected an hour, averaged over the week
		Dispersion *float64 `json:"dispersion"` // variance = mean + dispersion * mean^2
		Hours      *float64 `json:"hours"`      // observed hours behind it
		Total      int64    `json:"total"`      // counted in those hours
		ActiveDays int      `json:"activeDays"` // days with any
		Pooling    string   `json:"pooling"`    // whose history it is: own, api, source, class or global
		Regime     string   `json:"regime"`     // how much history there was
	} `json:"fit"`
	Attributions      []attributionJSON `json:"attributions"`      // what accounts for detected
	WholeAttributions []attributionJSON `json:"wholeAttributions"` // what accounts for whole; empty while it is open
	Samples           []insight.Sample  `json:"samples"`           // the first events of detected: at most five
	Hours             []insight.Bar     `json:"hours"`             // from 24 hours before the start to the end
	Before            []insight.Earlier `json:"before"`            // the same time on the seven days before, the latest first; days that the insight reaches into are left out
	Needed            int64             `json:"needed"`            // the smallest count in the window of first that would have been an alarm; 0 where that is not known
	SQL               string            `json:"sql"`               // the Athena query that counts again

	Techniques []insight.Technique `json:"techniques"` // of MITRE ATT&CK: what the APIs can be used for

	Suppressed string        `json:"suppressed,omitempty"` // the rule that keeps it from being told
	Marked     *insight.Seen `json:"marked,omitempty"`     // what somebody said of it last
	Seen       *insight.Seen `json:"seen,omitempty"`       // what somebody had said of a similar one before it began
}

// JSON writes the report as one JSON object, schema SchemaVersion.
func JSON(w io.Writer, r *Run) error {
	if err := Encode(w, documentOf(r)); err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	return nil
}

// Encode writes v as indented JSON in which no character can do harm to a terminal.
func Encode(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(armour(b.Bytes()))
	return err
}

// EncodeLine is Encode on one line.
func EncodeLine(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(armour(b), '\n'))
	return err
}

func documentOf(r *Run) *document {
	d := &document{SchemaVersion: SchemaVersion, Program: r.Program, Run: r.ID, Commit: r.Number, AsOf: instant(r.AsOf), Trail: r.Trail,
		Lake: r.Lake, DecidedFrom: instant(r.From), DecidedUpto: instant(r.Upto),
		Incidents: []incidentJSON{}, Insights: []insightJSON{}, Warnings: []string{}, Rejected: []rejectedJSON{}}
	in, i := &d.Input, r.Input
	in.Objects, in.ObjectsRejected, in.Foreign, in.Archived = i.Objects, i.ObjectsRejected, i.Foreign, i.Archived
	in.Bytes, in.InflatedBytes = i.Bytes, i.Inflated
	in.Records, in.Kept, in.Duplicate, in.Replaced, in.Rejected, in.Conflicts = i.Read, i.Kept, i.Duplicate, i.Replaced, i.Rejected, i.Conflicts
	in.Balanced, in.First, in.Last, in.Excluded = i.Balanced(), instant(i.First), instant(i.Last), map[string]int64{}
	for _, x := range i.Excluded {
		in.Excluded[x.Name] += x.N
	}
	c, v := &d.Coverage, r.Coverage
	c.HoursObserved, c.HoursUnknown, c.Series, c.Units, c.Undecided = v.HoursObserved, v.HoursUnknown, v.Series, v.Units, v.Undecided
	c.HistoryDays, c.QuarantinedHours = v.HistoryDays, v.Quarantined
	b, g := &d.Budget, r.Budget
	b.FalsePerDay, b.Granted, b.PerSeriesDay, b.SeriesDays = finite(g.FalsePerDay), finite(g.Granted), finite(g.PerSeriesDay), finite(g.SeriesDays)
	b.ExpectedFalse, b.Opened, b.CallThreshold, b.ErrorThreshold = finite(g.Expected), g.Found, finite(g.Calls), finite(g.Errors)
	b.NullSeriesDays, b.Promise, b.Suppressed = finite(g.NullSeriesDays), promise(r), g.Suppressed
	incidents, _ := r.Groups()
	for k := range incidents {
		d.Incidents = append(d.Incidents, incidentOf(&incidents[k]))
	}
	for _, e := range flat(r.Entries()) {
		d.Insights = append(d.Insights, insightOf(e, r))
	}
	d.Suppressions = []suppressionJSON{}
	for _, s := range r.Suppressions {
		d.Suppressions = append(d.Suppressions, suppressionOf(s, r))
	}
	d.Day = dayOf(r.Daily)
	d.Warnings = append(d.Warnings, r.Warnings...)
	for _, x := range r.Rejected {
		d.Rejected = append(d.Rejected, rejectedJSON(x))
	}
	return d
}

func insightOf(e *Entry, r *Run) insightJSON {
	i, account := e.Insight, r.Names.Accounts[e.Account]
	j := insightJSON{
		ID: i.ID, Revision: i.Revision, State: i.State, Change: e.Change, Parent: i.Parent, Incident: i.Incident,
		Why: Why(i), Type: i.Kind.String(), Category: trail.Category(i.Data), Techniques: orEmpty(insight.Techniques(*i)),
		Account: i.Account, AccountName: account.Name, Owner: account.Owner, Region: i.Region,
		EventSource: i.Source, EventName: i.Name, Principal: i.Principal, ErrorCode: i.ErrorCode,
		Detected: i.Detected, Whole: i.Whole, Baseline: i.Baseline, Peak: instant(i.Peak), Expected: finite(i.Expected), Excess: finite(i.Excess()),
		Score: finite(i.Worst.Score), Severity: finite(i.Severity()), Threshold: finite(i.Threshold), First: bare(i.First), Worst: bare(i.Worst),
		Attributions: r.Names.attributions(i, i.Attributions), WholeAttributions: r.Names.attributions(i, i.WholeAttributions),
		Samples: orEmpty(i.Samples), Hours: orEmpty(i.Hours), Before: orEmpty(i.Before), SQL: SQL(i, r.EventTable),
		Suppressed: i.Suppressed, Marked: r.Marks[i.ID], Seen: i.Seen,
	}
	if a := i.First.Arithmetic; a != nil {
		j.Needed = a.Needed
	}
	f := i.Fit
	j.Fit.Level, j.Fit.Dispersion, j.Fit.Hours = finite(f.Level), finite(f.Dispersion), finite(f.Exposure)
	j.Fit.Total, j.Fit.ActiveDays, j.Fit.Pooling, j.Fit.Regime = f.Total, f.ActiveDays, f.Pooling, f.Regime
	return j
}

// bare leaves out the arithmetic, which is long: trailgauge explain shows it.
func bare(v insight.Verdict) insight.Verdict {
	v.Arithmetic = nil
	return v
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// finite returns nil for what JSON has no number for.
func finite(x float64) *float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
