package report

import (
	"encoding/json"
	"time"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// Backtest is what replaying a past window came to: plain data, filled by the pipeline; its JSON is what --json prints. Times are UTC, lists are never
// null. Nothing in it depends on the clock or on the machine.
type Backtest struct {
	SchemaVersion int       `json:"schemaVersion"`
	Program       string    `json:"program"`
	Lake          string    `json:"lake"`
	From          time.Time `json:"from"`
	To            time.Time `json:"to"` // exclusive
	Hours         int       `json:"hours"`
	HoursUnknown  int       `json:"hoursUnknown"` // of them without a sign of life from the trail
	HistoryDays   int       `json:"historyDays"`  // observed days before the window's last day, at most those of a fit
	Start         Start     `json:"start"`

	Configured Replay  `json:"configured"`
	Against    *Replay `json:"against,omitempty"` // with another configuration
	Gained     []Brief `json:"gained,omitempty"`  // found by Against alone; with Against only
	Lost       []Brief `json:"lost,omitempty"`    // found by Configured alone

	Stored *Stored `json:"stored"`
	AWS    *AWS    `json:"aws,omitempty"` // when a trail was given

	Names Names `json:"-"` // for the text
}

// Start says what a replay knew when it began.
type Start struct {
	Kind string    `json:"kind"` // "state": what the lake had kept; "beginning": the lake's own first decision, replayed from there; "new": as a new lake
	At   time.Time `json:"at"`   // replayed from then on
}

// Replay is what one configuration makes of a window.
type Replay struct {
	FalsePerDay   float64     `json:"falsePerDay"` // the configured budget
	Series        int64       `json:"series"`      // on the last day
	SeriesDays    float64     `json:"seriesDays"`
	Budgets       []Budgeted  `json:"budgets"`       // ascending
	Insights      []Brief     `json:"insights"`      // opened in the window, and not suppressed
	Suppressed    int         `json:"suppressed"`    // opened in the window, and suppressed by a rule
	DetectionDays []string    `json:"detectionDays"` // days that bursts were tried on
	Detection     []Detection `json:"detection"`
}

// Budgeted is what a budget finds.
type Budgeted struct {
	FalsePerDay float64 `json:"falsePerDay"` // asked for
	Granted     float64 `json:"granted"`     // a day: what its thresholds allow for on average; less than asked for where the cap of 1 per 1,000 series-days holds
	Insights    int     `json:"insights"`    // opened in the window, and not suppressed
	Apart       int     `json:"apart"`       // of them, those that are no part of another one
	PerDay      float64 `json:"perDay"`      // insights a day
	Configured  bool    `json:"configured"`  // replayed in full; others are decided by their thresholds on the scores of this one
}

// Detection is what became of bursts injected into histories of one class.
type Detection struct {
	Type      string  `json:"type"`      // ApiCallRateInsight: calls that succeed; ApiErrorRateInsight: calls that are denied
	Principal string  `json:"principal"` // user, role, service, root or other
	Rate      string  `json:"rate"`      // "<2", "2-48" or ">48" calls a day
	Histories int     `json:"histories"` // tried
	Times     []Tried `json:"times"`     // bursts in multiples of the busiest past hour
	Sizes     []Tried `json:"sizes"`     // bursts of so many calls
	// Smallest is the smallest burst, in calls, that was found in 80 % of the histories; null when none was.
	Smallest *int64 `json:"smallest"`
}

// Tried is how often a burst of some size was found.
type Tried struct {
	Size  int64   `json:"size"`
	Found float64 `json:"found"` // 0 to 1
}

// Stored compares a replay with the insights that the lake has of the same window, as far as the lake has decided it.
type Stored struct {
	From       time.Time `json:"from,omitzero"` // what is compared; both absent when the lake has decided none of the window
	To         time.Time `json:"to,omitzero"`
	Insights   int       `json:"insights"` // in the lake, opened in the window, not retracted
	Both       int       `json:"both"`     // of them, those that the replay found: the same unit at overlapping times
	OnlyReplay []Brief   `json:"onlyReplay"`
	OnlyLake   []Brief   `json:"onlyLake"`
}

// AWS compares a replay with CloudTrail's own Insight events of the same window: account, region, API and type are the same, and the times
// overlap. Insights of kinds that CloudTrail Insights has not are left out.
type AWS struct {
	Objects    int          `json:"objects"`    // read
	Unreadable int          `json:"unreadable"` // of them
	Insights   int          `json:"insights"`   // of AWS
	Both       int          `json:"both"`       // of them, those that the replay found
	OnlyOurs   []Brief      `json:"onlyOurs"`
	OnlyAWS    []AWSInsight `json:"onlyAWS"`
}

// AWSInsight is one of CloudTrail's own insights.
type AWSInsight struct {
	ID        string    `json:"id"` // sharedEventID
	Type      string    `json:"type"`
	Account   string    `json:"account"`
	Region    string    `json:"region"`
	Source    string    `json:"eventSource"`
	Name      string    `json:"eventName"`
	ErrorCode string    `json:"errorCode,omitempty"`
	From      time.Time `json:"start"`
	To        time.Time `json:"end"` // exclusive; the window's end where it is not over
}

// Brief is an insight of a replay: without what only the events can tell.
type Brief struct{ *insight.Insight }

// Briefs wraps insights in the order given.
func Briefs(list []insight.Insight) []Brief {
	out := make([]Brief, len(list))
	for k := range list {
		out[k] = Brief{&list[k]}
	}
	return out
}

// MarshalJSON writes the members of report.json that a replay knows, by the same names.
func (b Brief) MarshalJSON() ([]byte, error) {
	i := b.Insight
	return json.Marshal(struct {
		ID        string          `json:"id"`
		State     insight.State   `json:"state"`
		Parent    string          `json:"parent,omitempty"`
		Why       string          `json:"why"`
		Type      string          `json:"type"`
		Category  string          `json:"category"`
		Account   string          `json:"account"`
		Region    string          `json:"region"`
		Source    string          `json:"eventSource"`
		Name      string          `json:"eventName"`
		Principal string          `json:"principal,omitempty"`
		ErrorCode string          `json:"errorCode,omitempty"`
		Detected  insight.Span    `json:"detected"`
		Whole     insight.Span    `json:"whole"`
		Expected  *float64        `json:"expected"`
		Score     *float64        `json:"score"`
		Severity  *float64        `json:"severity"`
		Threshold *float64        `json:"threshold"`
		First     insight.Verdict `json:"first"`
	}{i.ID, i.State, i.Parent, Why(i), i.Kind.String(), trail.Category(i.Data), i.Account, i.Region, i.Source, i.Name, i.Principal, i.ErrorCode,
		i.Detected, i.Whole, finite(i.Expected), finite(i.Worst.Score), finite(i.Severity()), finite(i.Threshold), i.First})
}
