package report

import (
	"time"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// Run is what a report tells of a run, or with Daily of a day: plain data, filled by the pipeline. Times are UTC. Nothing in it may depend on the
// clock or on the machine.
type Run struct {
	Program string    // name and version, "trailgauge 1.0"
	ID      string    // the run's name, as in reports/<run>/
	Number  int       // of the commit; 0 when nothing was committed
	AsOf    time.Time // objects stamped later were not seen
	Trail   string    // where the records came from
	Lake    string    // where the tables are
	// From and Upto are the hours decided in this run, half-open; equal when none were.
	From, Upto time.Time

	Input    Input
	Coverage Coverage
	Budget   Budget

	Opened    []insight.Insight // opened in this run; some may be closed already
	Closed    []insight.Insight // open before, closed in this run
	StillOpen []insight.Insight // open before and still
	Revised   []insight.Insight // late data changed them: Revision > 1
	Retracted []insight.Insight // late data took them back
	Incidents []Incident        // of two bursts at least, that have one of these insights, by score; each insight is in one at most
	Warnings  []string          // what the reader should know before trusting the rest
	Rejected  []Rejected        // what could not be read, the first of them

	Suppressions []Suppression            // the rules of the configuration, in its order; their insights are in no list above
	Marks        map[string]*insight.Seen // what somebody said of some of the insights, by ID

	Names   Names     // of accounts and networks
	LastDay trail.Day // of a run: the newest day with a report of its own; 0: none
	Daily   *Daily    // nil: the report of a run. With it AsOf, Number and Input are not set, From and Upto are the day's, and ID is DailyName

	EventTable string // the view of current events as Athena names it; "" is events_current
}

// Lists returns the insights of the run. One that is in several is told of by the first.
func (r *Run) Lists() [][]insight.Insight {
	return [][]insight.Insight{r.Retracted, r.Opened, r.Closed, r.StillOpen, r.Revised}
}

// Input is the ledger of one run's objects and records. Read = Kept + Duplicate + Replaced + Rejected.
type Input struct {
	Objects         int64 // trail objects read
	ObjectsRejected int64 // of them, rejected as a whole
	Foreign         int64 // objects of other kinds, passed over
	Archived        int64 // objects in a storage class that needs a restore, skipped
	Bytes           int64 // compressed
	Inflated        int64 // as JSON

	Read      int64 // records
	Kept      int64
	Duplicate int64
	Replaced  int64 // superseded by an UPDATED_DATA record
	Rejected  int64
	Conflicts int64 // duplicates whose content differed

	Excluded []Count // kinds of kept records that are never counted, such as AwsServiceEvent
	First    time.Time
	Last     time.Time // of the kept records' times; both zero when there are none
}

// Balanced tells whether every record read is accounted for.
func (in Input) Balanced() bool { return in.Read == in.Kept+in.Duplicate+in.Replaced+in.Rejected }

// Count is how often something was seen.
type Count struct {
	Name string
	N    int64
}

// Coverage says what the decisions of this run rest on.
type Coverage struct {
	HoursObserved int   // of the hours decided
	HoursUnknown  int   // decided without a sign of life from the trail: neither quiet nor loud
	Series        int64 // series with calls in the 28 days before
	Units         int64 // scored: series, and series with an error code
	Undecided     int64 // of them, with too little history
	HistoryDays   int   // days of history behind the last decided day
	Quarantined   int64 // hours hidden from baselines
}

// Budget says what was asked for and what it came to. Rates are per day over the whole lake unless they say otherwise.
type Budget struct {
	FalsePerDay    float64 // asked for: false_insights_per_day
	Granted        float64 // what the thresholds allow; less than asked for where the cap of 1 per 1,000 series-days holds
	PerSeriesDay   float64 // the same per series-day
	SeriesDays     float64 // series-days decided in this run
	Expected       float64 // false insights that the budget allows for in this run
	Found          int     // insights opened in this run, suppressed ones among them
	Suppressed     int     // of them, those that a rule kept from being told
	Calls          float64 // threshold, call rates: -ln of the allowed rate
	Errors         float64 // threshold, error rates
	NullSeriesDays float64 // series-days the empirical null has seen; 0 when not known
}

// Suppression is a rule of the configuration, and what came of it in the run.
type Suppression struct {
	insight.RuleUse
	Days     int               // of the last decided ones, that Matched is about: up to 30
	Opened   int               // insights that opened in this run and that the rule suppresses
	Insights []insight.Insight // all that it suppresses of those that the run opened, closed, revised or found open
}

// Rejected is one thing that could not be read.
type Rejected struct {
	Object   string
	Position int // index of the record in the object; -1: the whole object
	Reason   string
}
