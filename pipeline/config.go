package pipeline

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"trailgauge/baseline"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/sink"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Config is what decides a run's outputs besides its input. It is part of the plan, so that whoever finishes a run
// finishes it the same way. The zero value of a field means its default.
type Config struct {
	// FalseInsightsPerDay is the budget: how many insights a day, over the whole lake, may be false. Default 1. It is never
	// laxer than 1 per 1,000 series-days.
	FalseInsightsPerDay float64 `json:"falseInsightsPerDay" yaml:"false_insights_per_day"`
	// ScoreReads rates management read calls too. CloudTrail Insights does not.
	ScoreReads bool `json:"scoreReads" yaml:"score_reads"`
	// ScoreDataNovelty counts APIs of data events, too, among those that a principal had never used.
	ScoreDataNovelty bool `json:"scoreDataNovelty,omitempty" yaml:"score_data_novelty"`
	// DefaultTimeZone is where the hours of the week are those of people and jobs, as "Europe/Berlin", for accounts that have none of their
	// own. Empty is UTC. Counts, days and decisions stay UTC.
	DefaultTimeZone string `json:"defaultTimeZone,omitempty" yaml:"default_time_zone"`
	// Accounts are settings by account ID.
	Accounts map[string]AccountConfig `json:"accounts,omitempty" yaml:"accounts"`
	// Networks are own networks: names by CIDR prefix or address. Where there are any, reports say of an address which one it is in, or that it is
	// in none. They decide nothing.
	Networks map[string]string `json:"networks,omitempty" yaml:"networks"`
	// OwnPrincipals are what the job itself calls as: trail.Glob on keys of principals. Reports label them, and bursts of what the job calls
	// (insight.OwnRule) are told above OwnCeiling only. Nil in the configuration file: as STS says, where trail or lake is a bucket of AWS.
	OwnPrincipals []string `json:"ownPrincipals,omitempty" yaml:"own_principals"`
	// OwnCeiling is how many of its own calls an insight may have without being told of. Default 100,000.
	OwnCeiling int64 `json:"ownCeiling,omitempty" yaml:"own_ceiling"`
	// Suppress are rules for insights that nobody needs to be told of.
	Suppress []insight.Rule `json:"suppress,omitempty" yaml:"suppress"`
	// Sinks are who is told. They decide nothing, so they are no part of a plan: Deliver takes them as they are now.
	Sinks []sink.Config `json:"-" yaml:"sinks"`
}

// AccountConfig is what is set for one account.
type AccountConfig struct {
	TimeZone string `json:"timeZone,omitempty" yaml:"time_zone"` // as DefaultTimeZone, which empty stands for
	Name     string `json:"name,omitempty" yaml:"name"`          // what reports call it
	Owner    string `json:"owner,omitempty" yaml:"owner"`        // who answers for it, for reports
}

// DefaultConfig returns the configuration of a run that was given none.
func DefaultConfig() Config { return Config{FalseInsightsPerDay: 1} }

// SettingError is a setting that cannot be.
type SettingError struct {
	Setting []string // its names in the configuration file, from the outermost; an item of a list is "[0]", "[1]", …
	Reason  string
}

func (e *SettingError) Error() string {
	return strings.ReplaceAll(strings.Join(e.Setting, "."), ".[", "[") + ": " + e.Reason
}

// Validate returns what is wrong with c, the first thing in the order of the fields as a *SettingError.
func (c Config) Validate() error {
	if v := c.FalseInsightsPerDay; math.IsNaN(v) || v <= 0 || v > 1e6 {
		return &SettingError{[]string{"false_insights_per_day"}, fmt.Sprintf("%v is not a number above 0 and up to 1,000,000", v)}
	}
	if _, err := location(c.DefaultTimeZone); err != nil {
		return &SettingError{[]string{"default_time_zone"}, err.Error()}
	}
	for _, id := range slices.Sorted(maps.Keys(c.Accounts)) {
		if !trail.IsAccount(id) {
			return &SettingError{[]string{"accounts", id}, "an account ID has 12 digits, in quotes"}
		}
		if _, err := location(c.Accounts[id].TimeZone); err != nil {
			return &SettingError{[]string{"accounts", id, "time_zone"}, err.Error()}
		}
	}
	if _, err := c.names(); err != nil {
		return err
	}
	if c.OwnCeiling < 0 {
		return &SettingError{[]string{"own_ceiling"}, fmt.Sprintf("%d is not a count of 1 or more", c.OwnCeiling)}
	}
	_, err := insight.ParseRules(c.rules())
	var wrong *insight.RuleError
	if errors.As(err, &wrong) {
		at := []string{"suppress", fmt.Sprintf("[%d]", wrong.Index)}
		if wrong.Field != "" {
			at = append(at, wrong.Field)
		}
		return &SettingError{at, wrong.Reason}
	}
	if err != nil {
		return err
	}
	return checkSinks(c.Sinks)
}

func checkSinks(list []sink.Config) error {
	for k := range list {
		at := []string{"sinks", fmt.Sprintf("[%d]", k)}
		var wrong *sink.FieldError
		if errors.As(list[k].Validate(), &wrong) {
			if wrong.Field != "" {
				at = append(at, wrong.Field)
			}
			return &SettingError{at, wrong.Reason}
		}
		if n := slices.IndexFunc(list[:k], func(o sink.Config) bool { return o.Name == list[k].Name }); n >= 0 {
			return &SettingError{append(at, "name"), fmt.Sprintf("sink %d is called %q too: give each a name of its own", n+1, list[k].Name)}
		}
	}
	return nil
}

// Options say what one run works on.
type Options struct {
	Trail store.Store // where the trail's objects are
	// TrailPath is the path of Trail within its bucket or file system; layout is recognised in it too.
	TrailPath string
	Lake      store.Store // where the lake is, or is to be
	Config    Config

	AsOf      time.Time  // objects stamped later are not seen; hours that end within Watermark before it are not decided
	From      *trail.Day // first delivery day to read; nil: 42 days before AsOf on a new lake, as before otherwise
	ScoreFrom time.Time  // first hour to decide on a new lake; zero: 24 hours before AsOf. Ignored on a lake that has decided
	Workers   int        // shards and series worked on at once; at least 1

	Progress Progress     // nil: nobody watches
	Log      *slog.Logger // nil: nothing is logged

	memory *memory // of a run that one process does
}

// The fixed times of a run.
const (
	Watermark    = 30 * time.Minute    // how long an hour waits for its objects (CloudTrail: mostly within 15 minutes)
	HistoryDays  = insight.HistoryDays // how far back a first run reads
	FitDays      = baseline.FitDays    // how much history a baseline is made of
	BornDays     = HistoryDays - FitDays
	RelistDays   = 35 // CloudTrail retries deliveries for 30 days: once a day a run looks that far back
	RedecideDays = 7  // late data this recent is decided again
	WarmDays     = 14 // days before the first decided one that only teach the empirical null
)

// Errors that decide an exit status.
var (
	ErrUsage = errors.New("usage") // what was asked for makes no sense
	ErrHeld  = errors.New("another run holds the lake")
)

// check refuses options that make no sense on the lake as c has it, and fills in defaults.
func (o *Options) check(c *lake.Commit) error {
	if err := o.Config.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if o.AsOf.Before(c.AsOf) {
		return fmt.Errorf("%w: as-of %s lies before that of the lake's last run, %s", ErrUsage, instant(o.AsOf), instant(c.AsOf))
	}
	if o.From != nil && o.From.Start().After(o.AsOf) {
		return fmt.Errorf("%w: the first day to read, %s, lies after as-of %s", ErrUsage, *o.From, instant(o.AsOf))
	}
	if o.Workers < 1 {
		o.Workers = 1
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = noProgress{}
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04Z") }

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }
