// Package metrics tells machines how a run went: one JSON summary, lines in CloudWatch's embedded metric format, and a textfile for Prometheus. It is
// the one place where wall-clock figures belong (how long a run took, how far it lags behind now): they go to whoever watches the job and never into
// the lake. Labels and dimensions are bounded: the lake, a stage, what became of an insight, a sink of the configuration; no name out of a trail is
// among them.
package metrics

import (
	"strings"
	"time"

	"trailgauge/pipeline/report"
)

// SchemaVersion is the version of the JSON summary. It grows when a member is renamed, removed or means something else; new members may
// come without.
const SchemaVersion = 1

// Summary is one run, told in numbers. Its JSON is documented by these fields, from which summary.schema.json follows (go test -update writes it).
// Times are UTC.
type Summary struct {
	SchemaVersion int       `json:"schemaVersion"`   // version of the schema
	Program       string    `json:"program"`         // name and version
	Trail         string    `json:"trail"`           // where the records came from, several one after the other; of a run that failed, as --trail has it
	Lake          string    `json:"lake"`            // where the tables are
	Started       time.Time `json:"started"`         // by the machine's clock
	Ended         time.Time `json:"ended"`           // with or without success
	Seconds       float64   `json:"seconds"`         // wall clock, from started to ended
	Status        int       `json:"exitStatus"`      // as without --ok-exit
	Error         string    `json:"error,omitempty"` // why it failed; at most 4 KiB
	Stages        []Stage   `json:"stages"`          // in the order in which they first began

	Sinks []Sink `json:"sinks,omitempty"` // in the order of the configuration

	Figures *Figures `json:"figures"` // null when the run failed: what it would have come to is not known
}

// Stage is a part of a run: list, scan, merge, decide, report, and deliver where it has sinks.
type Stage struct {
	Name    string  `json:"name"`    // list, scan, merge, decide, report, deliver
	Seconds float64 `json:"seconds"` // wall clock, over all its turns
}

// Sink is what became of one sink's messages in the delivery at the end of a run.
type Sink struct {
	Name    string `json:"name"`    // as the configuration has it
	Taken   int    `json:"taken"`   // by the receiver
	Waiting int    `json:"waiting"` // for the next delivery
	Refused int    `json:"refused"` // for good
	GivenUp int    `json:"givenUp"` // after a week
}

// Figures are the numbers of the run's report, and the one that a report must not hold: the lag.
type Figures struct {
	Run         string     `json:"run"`                // names the report: reports/<run>/
	Finished    string     `json:"finished,omitempty"` // names the report of an interrupted run that was finished first: what was read, decided and changed is the sum of both
	Commit      int        `json:"commit"`             // 0 when there was nothing to do
	AsOf        time.Time  `json:"asOf"`               // objects stamped later were not seen
	DecidedUpto *time.Time `json:"decidedUpto"`        // hours before it are decided; null on a lake that has decided none
	LagSeconds  *float64   `json:"lagSeconds"`         // ended − decidedUpto; null with it

	Objects         int64 `json:"objects"`         // read
	ObjectsRejected int64 `json:"objectsRejected"` // of them, as a whole
	ObjectsForeign  int64 `json:"objectsForeign"`  // no log files of CloudTrail; passed over
	ObjectsArchived int64 `json:"objectsArchived"` // in a storage class that needs a restore; skipped
	Bytes           int64 `json:"bytes"`           // as stored, mostly compressed
	InflatedBytes   int64 `json:"inflatedBytes"`   // as JSON
	Records         int64 `json:"records"`         // = kept + duplicate + replaced + rejected
	Kept            int64 `json:"kept"`            // records that are new in the lake
	Duplicate       int64 `json:"duplicate"`       // records delivered before
	Replaced        int64 `json:"replaced"`        // records superseded by a correction (UPDATED_DATA)
	Rejected        int64 `json:"rejected"`        // records that could not be read
	Conflicts       int64 `json:"conflicts"`       // duplicates whose content differed

	HoursObserved int   `json:"hoursObserved"` // of the hours decided in this run
	HoursUnknown  int   `json:"hoursUnknown"`  // decided without a sign of life from the trail
	Series        int64 `json:"series"`        // with calls in the 28 days before

	Opened     int `json:"opened"`     // insights that opened in this run, without suppressed ones, as in what follows
	Closed     int `json:"closed"`     // insights that were open before and are over
	StillOpen  int `json:"stillOpen"`  // insights that were open before and are
	Revised    int `json:"revised"`    // insights whose numbers late data changed
	Retracted  int `json:"retracted"`  // insights that late data took back
	Suppressed int `json:"suppressed"` // insights that opened in this run and that a rule kept from being told

	FalsePerDay   float64 `json:"falsePerDay"`   // the budget asked for, over the whole lake
	Granted       float64 `json:"granted"`       // what the thresholds allow, a day
	ExpectedFalse float64 `json:"expectedFalse"` // false insights that the budget allows for in this run
	Achieved      int     `json:"achieved"`      // insights opened in this run, suppressed ones among them; true ones as well
}

// maxError bounds the text of an error, which may quote a trail.
const maxError = 4 << 10

// Fail sets the error of a run that ended with one.
func (s *Summary) Fail(err error) {
	s.Error = report.Clean(strings.ToValidUTF8(err.Error()[:min(len(err.Error()), maxError)], ""))
}

// Done tells whether the run did its work: exit statuses 0, 3 (some input was rejected, or a sink did not take its messages) and 10 (insights opened).
func (s *Summary) Done() bool {
	return s.Figures != nil && (s.Status == 0 || s.Status == 3 || s.Status == 10)
}

// Tell sets the figures of a run that ended at s.Ended and made the report r. finished is that of an interrupted run that it finished first, or nil:
// nobody else tells what came of that.
func (s *Summary) Tell(r, finished *report.Run) {
	s.Figures = figuresOf(r)
	if finished != nil {
		s.Figures.add(figuresOf(finished))
	}
	if !r.Upto.IsZero() {
		upto := r.Upto.UTC()
		lag := s.Ended.Sub(upto).Seconds()
		s.Figures.DecidedUpto, s.Figures.LagSeconds = &upto, &lag
	}
}

// add adds what an earlier run read, decided and changed. What is so at the end, the budget, and what listings passed over stay those of f.
func (f *Figures) add(o *Figures) {
	f.Finished = o.Run
	for _, n := range []struct {
		to   *int64
		more int64
	}{
		{&f.Objects, o.Objects}, {&f.ObjectsRejected, o.ObjectsRejected}, {&f.Bytes, o.Bytes}, {&f.InflatedBytes, o.InflatedBytes}, {&f.Records, o.Records},
		{&f.Kept, o.Kept}, {&f.Duplicate, o.Duplicate}, {&f.Replaced, o.Replaced}, {&f.Rejected, o.Rejected}, {&f.Conflicts, o.Conflicts},
	} {
		*n.to += n.more
	}
	for _, n := range []struct {
		to   *int
		more int
	}{
		{&f.HoursObserved, o.HoursObserved}, {&f.HoursUnknown, o.HoursUnknown}, {&f.Opened, o.Opened}, {&f.Closed, o.Closed}, {&f.Revised, o.Revised},
		{&f.Retracted, o.Retracted}, {&f.Suppressed, o.Suppressed}, {&f.Achieved, o.Achieved},
	} {
		*n.to += n.more
	}
	f.ExpectedFalse += o.ExpectedFalse
}

func figuresOf(r *report.Run) *Figures {
	in, c, b := r.Input, r.Coverage, r.Budget
	return &Figures{
		Run: r.ID, Commit: r.Number, AsOf: r.AsOf.UTC(),
		Objects: in.Objects, ObjectsRejected: in.ObjectsRejected, ObjectsForeign: in.Foreign, ObjectsArchived: in.Archived,
		Bytes: in.Bytes, InflatedBytes: in.Inflated, Records: in.Read, Kept: in.Kept, Duplicate: in.Duplicate, Replaced: in.Replaced,
		Rejected: in.Rejected, Conflicts: in.Conflicts,
		HoursObserved: c.HoursObserved, HoursUnknown: c.HoursUnknown, Series: c.Series,
		Opened: len(r.Opened), Closed: len(r.Closed), StillOpen: len(r.StillOpen), Revised: len(r.Revised), Retracted: len(r.Retracted),
		Suppressed:  b.Suppressed,
		FalsePerDay: b.FalsePerDay, Granted: b.Granted, ExpectedFalse: b.Expected, Achieved: b.Found,
	}
}
