package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"trailgauge/pipeline/insight"
)

// SchemaVersion is the version of the JSON report. It grows when a member is renamed, removed or means something else; new members
// may come without.
const SchemaVersion = 1

// document is the JSON report. Times are RFC 3339 in UTC; an instant that is not known is null. Texts of the trail are exact; characters that
// could do harm to a terminal are written as escapes.
type document struct {
	SchemaVersion int        `json:"schemaVersion"`
	Program       string     `json:"program"`
	Run           string     `json:"run"`
	Commit        int        `json:"commit"`
	AsOf          *time.Time `json:"asOf"`
	Trail         string     `json:"trail"`
	Lake          string     `json:"lake"`
	DecidedFrom   *time.Time `json:"decidedFrom"` // inclusive
	DecidedUpto   *time.Time `json:"decidedUpto"` // exclusive

	Input struct {
		Objects         int64            `json:"objects"`
		ObjectsRejected int64            `json:"objectsRejected"`
		Foreign         int64            `json:"foreign"`
		Archived        int64            `json:"archived"`
		Bytes           int64            `json:"bytes"`
		InflatedBytes   int64            `json:"inflatedBytes"`
		Records         int64            `json:"records"` // = kept + duplicate + replaced + rejected
		Kept            int64            `json:"kept"`
		Duplicate       int64            `json:"duplicate"`
		Replaced        int64            `json:"replaced"`
		Rejected        int64            `json:"rejected"`
		Conflicts       int64            `json:"conflicts"`
		Balanced        bool             `json:"balanced"`
		Excluded        map[string]int64 `json:"excluded"` // kept, never counted: by kind
		First           *time.Time       `json:"first"`
		Last            *time.Time       `json:"last"`
	} `json:"input"`
	Coverage struct {
		HoursObserved    int   `json:"hoursObserved"`
		HoursUnknown     int   `json:"hoursUnknown"`
		Series           int64 `json:"series"`
		Units            int64 `json:"units"`
		Undecided        int64 `json:"undecided"`
		HistoryDays      int   `json:"historyDays"`
		QuarantinedHours int64 `json:"quarantinedHours"`
	} `json:"coverage"`
	Budget struct {
		FalsePerDay    *float64 `json:"falsePerDay"` // asked for
		Granted        *float64 `json:"granted"`
		PerSeriesDay   *float64 `json:"perSeriesDay"`
		SeriesDays     *float64 `json:"seriesDays"`
		ExpectedFalse  *float64 `json:"expectedFalse"` // in this run
		Opened         int      `json:"opened"`        // suppressed ones among them
		Suppressed     int      `json:"suppressed"`    // of them
		CallThreshold  *float64 `json:"callThreshold"`
		ErrorThreshold *float64 `json:"errorThreshold"`
		NullSeriesDays *float64 `json:"nullSeriesDays"`
		Promise        string   `json:"promise"` // the same in words
	} `json:"budget"`
	Insights []insightJSON `json:"insights"` // by severity; children follow their parent; without suppressed ones

	Suppressions []suppressionJSON `json:"suppressions"` // the rules of the configuration

	Warnings []string       `json:"warnings"`
	Rejected []rejectedJSON `json:"rejected"`
}

type rejectedJSON struct {
	Object   string `json:"object"`
	Position int    `json:"position"` // index of the record; -1: the object
	Reason   string `json:"reason"`
}

type insightJSON struct {
	ID          string        `json:"id"`
	Revision    int           `json:"revision"`
	State       insight.State `json:"state"`
	Change      string        `json:"change"` // opened, closed, open, revised, retracted
	Parent      string        `json:"parent,omitempty"`
	Why         string        `json:"why"`
	Type        string        `json:"type"`
	Category    string        `json:"category"` // Management or Data
	Account     string        `json:"account"`
	AccountName string        `json:"accountName,omitempty"`  // from the configuration
	Owner       string        `json:"accountOwner,omitempty"` // who answers for the account, from the configuration
	Region      string        `json:"region"`
	EventSource string        `json:"eventSource"`
	EventName   string        `json:"eventName"`
	Principal   string        `json:"principal,omitempty"` // absent: all principals
	ErrorCode   string        `json:"errorCode,omitempty"`

	Detected  insight.Span    `json:"detected"`
	Whole     insight.Span    `json:"whole"`
	Baseline  insight.Span    `json:"baseline"`
	Peak      *time.Time      `json:"peak"`
	Expected  *float64        `json:"expected"` // in whole
	Excess    *float64        `json:"excess"`
	Score     *float64        `json:"score"`
	Severity  *float64        `json:"severity"` // score / ln 10
	Threshold *float64        `json:"threshold"`
	First     insight.Verdict `json:"first"`
	Worst     insight.Verdict `json:"worst"`
	Fit       struct {
		Level      *float64 `json:"level"` // expected an hour
		Dispersion *float64 `json:"dispersion"`
		Hours      *float64 `json:"hours"` // observed, behind it
		Total      int64    `json:"total"`
		ActiveDays int      `json:"activeDays"`
		Pooling    string   `json:"pooling"`
		Regime     string   `json:"regime"`
	} `json:"fit"`
	Attributions      []attributionJSON `json:"attributions"`
	WholeAttributions []attributionJSON `json:"wholeAttributions"`
	Samples           []insight.Sample  `json:"samples"`
	Hours             []insight.Bar     `json:"hours"`
	SQL               string            `json:"sql"`

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

func documentOf(r *Run) *document {
	d := &document{SchemaVersion: SchemaVersion, Program: r.Program, Run: r.ID, Commit: r.Number, AsOf: instant(r.AsOf), Trail: r.Trail,
		Lake: r.Lake, DecidedFrom: instant(r.From), DecidedUpto: instant(r.Upto),
		Insights: []insightJSON{}, Warnings: []string{}, Rejected: []rejectedJSON{}}
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
	b.NullSeriesDays, b.Promise, b.Suppressed = finite(g.NullSeriesDays), promise(g), g.Suppressed
	for _, e := range flat(r.Entries()) {
		d.Insights = append(d.Insights, insightOf(e, r))
	}
	d.Suppressions = []suppressionJSON{}
	for _, s := range r.Suppressions {
		d.Suppressions = append(d.Suppressions, suppressionOf(s, r))
	}
	d.Warnings = append(d.Warnings, r.Warnings...)
	for _, x := range r.Rejected {
		d.Rejected = append(d.Rejected, rejectedJSON(x))
	}
	return d
}

func insightOf(e *Entry, r *Run) insightJSON {
	i := e.Insight
	j := insightJSON{ID: i.ID, Revision: i.Revision, State: i.State, Change: e.Change, Parent: i.Parent, Why: Why(i), Type: i.Kind.String(),
		Category: "Management", Account: i.Account, AccountName: r.Names.Accounts[i.Account].Name, Owner: r.Names.Accounts[i.Account].Owner,
		Region: i.Region, EventSource: i.Source, EventName: i.Name, Principal: i.Principal,
		ErrorCode: i.ErrorCode, Detected: i.Detected, Whole: i.Whole, Baseline: i.Baseline, Peak: instant(i.Peak),
		Expected: finite(i.Expected), Excess: finite(i.Excess()), Score: finite(i.Worst.Score), Severity: finite(i.Severity()),
		Threshold: finite(i.Threshold), First: bare(i.First), Worst: bare(i.Worst), SQL: SQL(i, r.EventTable),
		Suppressed: i.Suppressed, Marked: r.Marks[i.ID], Seen: i.Seen,
		Attributions: r.Names.attributions(i, i.Attributions), WholeAttributions: r.Names.attributions(i, i.WholeAttributions), Samples: orEmpty(i.Samples), Hours: orEmpty(i.Hours)}
	if i.Data {
		j.Category = "Data"
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
