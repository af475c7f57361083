package insight

import (
	"time"

	"trailgauge/baseline"
	"trailgauge/models"
)

// Arithmetic is everything that an alarm's verdict was computed of, as it was known then: later data change none of it. All numbers are
// finite. What a part does not need is absent.
//
//	NB         ln P(Y >= Tested) of the negative binomial with Mean and Size, Size = 1/(Spread.Dispersion + 1/Behind); where an hour beside
//	           expects more than three times as much, ln(P + .03·P'), P' with the mean Neighbour
//	Hurdle     ln Active + ln P of the size of an active hour (baseline.Sizing)
//	Decided    the larger of the two, "nb" or "hurdle"
//	Window     the same as NB, of a sum of hours
//	Record     -4·ln(Tested/max(Busiest, 3)) - ln(ActiveDays+1), with ErrorRate without the second term
//	Share      with ErrorRate: ln P(X >= Tested) of a beta-binomial; where it is larger than ln p of the count, it is what Decided: "share"
//	"attempts" of an hour's errors: the sum of what Decided, and of Calls.LnP, of all calls of the hour
//	"newcomer" ln of the pooled distribution of Sizing alone
//	"silence"  ln P(Y <= Tested) of the negative binomial of Window
//	"job"      the sum of ln(1 - min(Active, .999)) over the hours with Active >= .9
//	"year"     ln(Year.AsLarge/(Year.Days+1)): no alarm any more, so no arithmetic either; the score is minus that, without Null
//	"novelty"  -Tested: the number itself is ranked
//
// What came out is Verdict.LnP, at most 0; Null turns it into Verdict.Score.
type Arithmetic struct {
	Of      *Unit `json:"of,omitempty"`      // Silence: whose numbers these are; of an account's, the most surprising series' that fell silent
	Silent  int   `json:"silent,omitempty"`  // of an account's: how many series were silent
	Watched int   `json:"watched,omitempty"` // of an account's: how many never pause

	From    time.Time `json:"from"` // the window, whole minutes
	To      time.Time `json:"to"`
	Tested  int64     `json:"tested"` // the count that ln p is of: that of the window, and over more than an hour with each hour cut
	Decided string    `json:"decided"`
	Needed  int64     `json:"needed,omitempty"` // the smallest Tested that would have been an alarm; 0 where none is: silences, and what older versions decided

	Level  baseline.Level   `json:"level"`
	Spread baseline.Spread  `json:"spread"`
	Part   *baseline.Part   `json:"part,omitempty"` // windows of 5 and 15 minutes
	Hours  []Used           `json:"hours"`          // the hours whose means were used; of a window beyond an hour, all of it
	NB     *NB              `json:"nb,omitempty"`
	Hurdle *Hurdle          `json:"hurdle,omitempty"`
	Sizing *baseline.Sizing `json:"sizing,omitempty"`
	Window *WindowSum       `json:"window,omitempty"`
	Record *Record          `json:"record,omitempty"`
	Share  *ErrorShare      `json:"share,omitempty"`
	Calls  *CallsTail       `json:"calls,omitempty"` // with "attempts"
	Year   *Year            `json:"year,omitempty"`  // of calls and errors: what the year before holds, which did not excuse the hour

	Null    models.Exceedance `json:"null"`
	Promise Promise           `json:"promise"`
	Tried   []Tried           `json:"tried"`            // the windows weighed in that hour, in order; the best is the verdict
	Hidden  []int32           `json:"hidden,omitempty"` // quarantined hours since 1970 that the fit did not see
}

// Used is an hour of a window.
type Used struct {
	Hour     time.Time     `json:"hour"`
	Observed bool          `json:"observed"` // an hour that was not brings nothing, on either side
	Count    int64         `json:"count"`
	Brought  float64       `json:"brought"` // Count, cut: in a sum of hours at max(Mean + 4·sd + 3, a quarter of the window's mean), but for silences
	Usual    baseline.Slot `json:"usual"`
}

// NB is a tail of the negative binomial: variance = Mean + Mean²/Size.
type NB struct {
	Mean      float64 `json:"mean"`
	Size      float64 `json:"size"`
	Neighbour float64 `json:"neighbour,omitempty"` // 0: not used
	LnP       float64 `json:"lnP"`
}

// Hurdle is the tail of the hurdle, which Sizing completes.
type Hurdle struct {
	Active float64 `json:"active"` // probability of any call in the hour
	LnP    float64 `json:"lnP"`
}

// WindowSum is what is expected of a sum of hours: Mean and Variance are sums over the observed hours, of mean and of mean + dispersion·mean²;
//
//	Size = Mean² / ((Variance-Mean)·Inflation + Mean²/Level.Effective), within 1e-3..1e5
type WindowSum struct {
	Mean      float64 `json:"mean"`
	Variance  float64 `json:"variance"`
	Inflation float64 `json:"inflation"` // how much more such sums vary than independent hours would
	Size      float64 `json:"size"`
	LnP       float64 `json:"lnP"`
}

// Record compares with the busiest 60 minutes of the fit window.
type Record struct {
	Busiest    int64   `json:"busiest"`
	ActiveDays int     `json:"activeDays"`
	LnP        float64 `json:"lnP"`
}

// ErrorShare is the tail of the share of errors.
type ErrorShare struct {
	baseline.Share
	Trials int64   `json:"trials"` // n: calls in the window
	A      float64 `json:"a"`
	B      float64 `json:"b"`
	LnP    float64 `json:"lnP"`
}

// CallsTail is how unusual all calls of the hour were, by the larger of NB and Hurdle, like an hour of calls.
type CallsTail struct {
	Tested int64            `json:"tested"`
	Level  baseline.Level   `json:"level"`
	Spread baseline.Spread  `json:"spread"`
	Hour   Used             `json:"hour"`
	NB     *NB              `json:"nb"`
	Hurdle *Hurdle          `json:"hurdle"`
	Sizing *baseline.Sizing `json:"sizing"`
	LnP    float64          `json:"lnP"`
}

// Promise is where the threshold comes from: -ln(PerSeriesDay · Share) + Mistrust.
type Promise struct {
	FalsePerDay  float64 `json:"falsePerDay"`  // asked for, over the whole lake
	Series       float64 `json:"series"`       // series that had called in the fit window
	PerSeriesDay float64 `json:"perSeriesDay"` // FalsePerDay/Series, at most 1 in 1,000
	Channel      string  `json:"channel"`
	Share        float64 `json:"share"`    // of the channel
	Mistrust     float64 `json:"mistrust"` // nats for a budget below 1 in 1,000: a quarter of ln(.001/PerSeriesDay)
}

// Tried is one weighing of an hour.
type Tried struct {
	Window   int     `json:"window"` // minutes
	Model    string  `json:"model"`
	Count    int64   `json:"count"`
	Mean     float64 `json:"mean"`
	LnP      float64 `json:"lnP"`
	Cell     string  `json:"cell"`
	Score    float64 `json:"score"`
	Material bool    `json:"material"` // false: too small to matter, whatever its score
}
