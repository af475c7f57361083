package insight

import (
	"fmt"
	"time"

	"trailgauge/pipeline/counts"
)

// Kind says what deviated.
type Kind uint8

const (
	CallRate  Kind = iota // more calls than usual (AWS: ApiCallRateInsight)
	ErrorRate             // more calls ending in one error code than usual (AWS: ApiErrorRateInsight)
	Silence               // far fewer calls than usual over a day; ours
	Novelty               // a principal called many APIs that it had never used; ours
	kinds
)

var kindNames = [kinds]string{"ApiCallRateInsight", "ApiErrorRateInsight", "ApiSilenceInsight", "PrincipalNoveltyInsight"}

// HistoryDays is how many days before a day are known where it is decided. Those before the fit window only tell what is new.
const HistoryDays = 42

// IsAWS tells whether CloudTrail Insights knows the kind.
func (k Kind) IsAWS() bool { return k <= ErrorRate }

// MarshalText writes the insight type, AWS's where there is one.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *Kind) UnmarshalText(b []byte) error {
	for *k = 0; *k < kinds; *k++ {
		if string(b) == k.String() {
			return nil
		}
	}
	return fmt.Errorf("reading %.40q as an insight type", b)
}

// String returns the insight type.
func (k Kind) String() string { return kindNames[k] }

// Unit is what one insight is about: a series, and for ErrorRate one of its error codes. Units are comparable.
// With an empty Principal it is an API over all principals, as in CloudTrail Insights; one for which IsTotal holds is a principal over all
// APIs. With Silence, of an account alone, it is the account: most of what it does has stopped.
type Unit struct {
	counts.Series
	Data      bool   `json:"data"`                // data events; management events otherwise
	Kind      Kind   `json:"kind"`                // the insight type
	ErrorCode string `json:"errorCode,omitempty"` // only with ErrorRate
}

// Verdict is the best evidence that one hour, or a window that ends in it, is more than the unit's usual.
// Counts are calls (CallRate, Silence), calls with the error code (ErrorRate) or APIs (Novelty). With Silence it is less than usual.
type Verdict struct {
	// Score is -ln(false insights per series-day this strong, over the share of the budget): the hour is an alarm when
	// it reaches the threshold -ln(budget). -Inf when nothing was scored, because the hour was not observed, nothing
	// happened, or the history is too short.
	Score  float64
	LnP    float64 // ln P(as many or more; with Silence as few or fewer) under the model, before the empirical null; 0 when nothing was scored. With Novelty minus the count
	Window int     // minutes: 5, 15, 60, 180, 360, 720 or 1440
	// End is the window's exclusive end, minutes since 00:00 UTC of the scored day: in the hour, or where it ends. The window begins at
	// End-Window, which may lie in an hour before, and (negative) in a day before.
	End    int32
	Count  int64   // observed in the window
	Mean   float64 // expected in the window
	Size   float64 // negative binomial size k of that expectation (variance = mean + mean²/k); +Inf is Poisson
	Model  string  // "nb", "hurdle", "newcomer", "record" or "window", with ErrorRate "error" or "attempts": which model was the least surprised; "silence", "job", "account"; "novelty"; "year" of an hour that the year before excuses (Recall)
	Cell   string  // cell of the empirical null, as "calls/2-48/60"
	Trials int64   // ErrorRate: calls in the window
	Rate   float64 // ErrorRate: expected share of errors

	Arithmetic *Arithmetic // of an alarm: what all that was computed of; nil below the threshold
}

// Hour is one hour of the scored day.
type Hour struct {
	Observed bool
	Count    int64
	Mean     float64 // expected in the hour
	SD       float64 // standard deviation of that expectation
	Upper    float64 // upper edge of the band that holds all but 1 in 1,000 usual hours
	Best     Verdict
}

// DayScore is the verdict on one unit and day, hour by hour (UTC).
type DayScore struct {
	Unit
	Hours [24]Hour
	Fit   Fit
}

// Fit is what the model thought usual, for people and for the baselines table.
type Fit struct {
	Level      float64 `json:"level"`      // expected per hour, averaged over the week
	Dispersion float64 `json:"dispersion"` // alpha of the negative binomial: variance = mean + alpha·mean²
	Exposure   float64 `json:"exposure"`   // observed hours behind it
	Total      int64   `json:"total"`      // calls (errors) in those hours
	ActiveDays int     `json:"activeDays"` // days with any
	Pooling    string  `json:"pooling"`    // "own", "api", "source", "class" or "global": the level most of the estimate comes from
	Regime     string  `json:"regime"`     // "<2", "2-48", ">48" expected a day, or "newcomer"
	// Undecided, when not empty, says why the unit could not be scored and what would be enough.
	Undecided string `json:"undecided,omitempty"`
}

// State is where an insight is in its life.
type State string

const (
	Open      State = "open"      // still running at the last decided hour
	Closed    State = "closed"    // ended
	Retracted State = "retracted" // late data took it back
)

// Span is a run of whole minutes and what was counted in them.
type Span struct {
	Start time.Time `json:"start"` // inclusive, whole minute, UTC
	End   time.Time `json:"end"`   // exclusive
	Count int64     `json:"count"` // calls, calls with the error code, or new APIs
}

// Minutes is the span's length.
func (s Span) Minutes() int { return int(s.End.Sub(s.Start) / time.Minute) }

// Average is calls per minute; 0 for an empty span.
func (s Span) Average() float64 {
	if s.Minutes() == 0 {
		return 0
	}
	return float64(s.Count) / float64(s.Minutes())
}

// Insight is one run of unusual activity of one unit.
type Insight struct {
	ID       string `json:"id"`       // UUIDv5 of the unit and the start it first opened with; AWS's sharedEventID
	Revision int    `json:"revision"` // 1, and one more each time late data changed it
	State    State  `json:"state"`
	Unit
	Reads   bool `json:"reads,omitempty"`   // a management call rate or silence that counts read calls too (score_reads)
	DataToo bool `json:"dataToo,omitempty"` // a novelty that counts APIs of data events too (score_data_novelty)

	Detected Span `json:"detected"` // from the start to the end of the hour that raised it: what the Start event reports
	Whole    Span `json:"whole"`    // from the start to the end, or to the last decided hour while Open: what the End event reports
	Baseline Span `json:"baseline"` // AWS's baseline: from midnight UTC seven days before the start, to the start; frozen at the start

	// Extent is the count from the start to where the excess was largest so far; of a Silence the calls missing until then. Unlike Whole.Count
	// it never shrinks while the insight goes on, and once closed it is the same. It is what a Rule's ceiling bounds.
	Extent int64 `json:"extent,omitempty"`
	// Suppressed names the rule that keeps the insight from being told; "" when none does.
	Suppressed string `json:"suppressed,omitempty"`
	Seen       *Seen  `json:"seen,omitempty"` // what somebody had said of a similar one before this one began; nil: nothing

	Expected  float64   `json:"expected"`  // what the model expected in Whole, calls or errors
	Peak      time.Time `json:"peak"`      // the minute with the most
	First     Verdict   `json:"first"`     // the verdict that opened it
	Worst     Verdict   `json:"worst"`     // the highest score it reached
	Threshold float64   `json:"threshold"` // the score that was needed
	Fit       Fit       `json:"fit"`       // as of the day it opened
	Hours     []Bar     `json:"hours"`     // for drawing: from 24 hours before the start to the end

	Before []Earlier `json:"before,omitempty"` // what the time of Whole held on the seven days before, the latest first; days that Whole reaches into are left out

	Attributions      []Attribution `json:"attributions"`       // of Detected and Baseline; frozen
	WholeAttributions []Attribution `json:"wholeAttributions"`  // of Whole and Baseline; set once Closed
	Samples           []Sample      `json:"samples"`            // a few of the events
	NewAPIs           []string      `json:"newAPIs,omitempty"`  // Novelty: the APIs first used in Whole, as "iam.amazonaws.com CreateUser", in order of use; at most 100
	Members           []Unit        `json:"members,omitempty"`  // of an account: the series that Whole sums; nil when they are more than 500
	Parent            string        `json:"parent,omitempty"`   // ID of the API-wide insight that covers the same burst; "" when there is none
	Incident          string        `json:"incident,omitempty"` // ID of its incident (Link); of one that is retracted the last that it had; "" when suppressed
}

// Earlier is the time of day of an insight, some days before.
type Earlier struct {
	Days     int   `json:"days"`     // before, 1 to 7
	Count    int64 `json:"count"`    // as Span's
	Observed bool  `json:"observed"` // all its hours were; else Count is a part
}

// Bar is one hour of an insight's picture.
type Bar struct {
	Hour     time.Time `json:"hour"`     // when it begins, UTC
	Observed bool      `json:"observed"` // false: nothing is known of it
	Count    int64     `json:"count"`    // what was counted
	Mean     float64   `json:"mean"`     // what was expected
	Upper    float64   `json:"upper"`    // what all but one usual hour in 1,000 stay below
}

// Attribution is how a count divides over the values of one attribute, largest first, at most five a list, as in
// CloudTrail's own Insight records. A list and what is other add up to the count of its span.
type Attribution struct {
	Attribute string  `json:"attribute"` // userIdentityArn, userAgent, errorCode; further ones are ours
	Insight   []Share `json:"insight"`
	Baseline  []Share `json:"baseline"`

	InsightOther  int64 `json:"insightOther,omitempty"` // calls with values that are not listed
	BaselineOther int64 `json:"baselineOther,omitempty"`
}

// Share is one value's part of a count.
type Share struct {
	Value string `json:"value"` // of errorCode "null" for calls without one; "" for calls without a value
	Count int64  `json:"count"`
}

// Sample points at one event.
type Sample struct {
	EventID string `json:"eventID"` // of the event, as in the trail
	Time    string `json:"time"`    // when it was, RFC 3339
	Object  string `json:"object"`  // the trail object it came from
}

// Attributed returns the attributions of the whole insight and its span, or while they are not known those of what raised it.
func (i *Insight) Attributed() ([]Attribution, Span) {
	if i.WholeAttributions != nil {
		return i.WholeAttributions, i.Whole
	}
	return i.Attributions, i.Detected
}

// Excess is how many more than expected.
func (i *Insight) Excess() float64 { return float64(i.Whole.Count) - i.Expected }
