package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"trailgauge/models"
	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Deciding goes through the hours in UTC order, in steps that do not depend on when runs happen. What it knows at 00:00 of a
// day is kept, for a week: late data take the decisions back to the start of the day they touch, and the hours since are
// decided again with all that is known now.

// carried is what deciding carries from one day to the next.
type carried struct {
	Day   trail.Day         `json:"day"` // it stands at 00:00 UTC of this day
	Life  *insight.DayState `json:"life"`
	Nulls *models.Nulls     `json:"nulls"`
}

// decider makes the decisions of one run.
type decider struct {
	lake    store.Store
	commit  *lake.Commit // as ingested
	config  Config
	zones   map[string]counts.Zone // of accounts, as in the plan
	workers int
	tiles   *tileCache
	step    func(day trail.Day)

	gathered gathered // of the day in hand

	marks *insight.Marks
	since trail.Day // first day that is to be decided again, as its counts or its marks have changed; 0: none

	// also, where it is set, sees each day on its way: a backtest decides it for other budgets too, and tries what it would have found. needs says
	// which units it wants kept besides those of the decision; then gets what was scored.
	also func(*dayAtHand) (needs func(*insight.DayScore) bool, then func(*scored) error)
	dry  bool // nothing is to be written: no rows for the baselines table

	mapped *mapping               // what the steps fit and score have done of the days; nil: nothing
	turn   func(*dayAtHand) error // is asked before each day is fitted; an error ends it. Nil: no
}

// decision is what the decided hours came to.
type decision struct {
	cursor          time.Time         // hours that end by then are decided
	atCursor        []insight.Insight // the replayed insights as of the commit's own cursor
	now             []insight.Insight // as of cursor
	states          []*carried        // at the start of each day after a decided one
	rows            map[trail.Day][]lake.BaselineRow
	first           trail.Day     // day the replay began with
	budget          models.Budget // of the last day
	days            []scoredDay
	ended           []*endedDay // days decided to their end, ascending
	last            *carried    // what the last day was decided from
	history         int         // observed days in the last day's fit window
	marks           *insight.Marks
	heeded          int // number of the last mark
	observed, hours int // of the newly decided hours
}

type scoredDay struct {
	series int64
	units  int64
	fresh  int // observed hours decided for the first time
}

// settled returns up to when hours can be decided at asOf: each is over for longer than the watermark, and either was observed or has waited long
// enough for a sign of life.
func settled(c *lake.Commit, asOf time.Time) time.Time {
	at := c.Decided
	if at.IsZero() {
		return at
	}
	first := trail.DayOf(at)
	days := int(trail.DayOf(asOf)-first) + 1
	if days < 1 {
		return at
	}
	e := exposure(c, first, days)
	for {
		end := at.Add(time.Hour)
		wait := Watermark
		if !e.Observed(int(at.Sub(first.Start()) / time.Hour)) {
			wait += counts.DeliveryLag * time.Hour
		}
		if end.Add(wait).After(asOf) {
			return at
		}
		at = end
	}
}

// decide replays from the day that needs it up to asOf.
func (d *decider) decide(ctx context.Context, asOf time.Time) (*decision, error) {
	c := d.commit
	out := &decision{cursor: settled(c, asOf), rows: map[trail.Day][]lake.BaselineRow{}}
	if len(c.States) == 0 && !out.cursor.After(c.Decided) { // nothing was decided yet, nor can be: what the null would learn can wait
		out.first = trail.DayOf(c.ScoreFrom)
		return out, nil
	}
	if err := d.again(ctx, asOf, out); err != nil {
		return nil, err
	}
	return out, d.replay(ctx, out)
}

// replay decides from the state that fits up to out.cursor.
func (d *decider) replay(ctx context.Context, out *decision) error {
	state, err := d.start(ctx, out)
	if err != nil {
		return err
	}
	found := map[string]insight.Insight{}
	for _, r := range state.Life.Open { // open when the replay begins
		if !r.Hushed {
			found[r.Insight.ID] = r.Insight
		}
	}
	out.first, out.atCursor = state.Day, sorted(found)
	for day := state.Day; day.Start().Before(out.cursor); day++ {
		d.step(day)
		if state, err = d.day(ctx, day, state, out, found); err != nil {
			return err
		}
	}
	out.now = sorted(found)
	return nil
}

// again reads the marks and finds out what is to be decided again.
func (d *decider) again(ctx context.Context, asOf time.Time, out *decision) (err error) {
	if d.marks, out.heeded, d.since, err = heed(ctx, d.lake, d.commit, asOf); err != nil {
		return err
	}
	out.marks = d.marks
	if c := d.commit; c.Dirty && c.Redecide != 0 && (d.since == 0 || c.Redecide < d.since) {
		d.since = c.Redecide
	}
	return nil
}

// start returns the state to replay from: of the day that holds the cursor, or of the earliest day that changed since.
func (d *decider) start(ctx context.Context, out *decision) (*carried, error) {
	c := d.commit
	day := trail.DayOf(c.Decided)
	if d.since != 0 && d.since < day {
		day = d.since
	}
	for _, r := range slices.Backward(c.States) {
		if r.Day <= day {
			return loadState(ctx, d.lake, r)
		}
	}
	if len(c.States) > 0 { // what changed is older than a week: as far back as it goes
		return loadState(ctx, d.lake, c.States[0])
	}
	state, err := d.warm(ctx, trail.DayOf(c.ScoreFrom))
	if err != nil {
		return nil, err
	}
	out.states = append(out.states, state)
	return state, nil
}

// warm scores up to WarmDays before the first decided day without deciding them: a new lake's thresholds then know its own usual extremes from the
// first hour on, and its baselines do not take last week's attack for usual.
func (d *decider) warm(ctx context.Context, first trail.Day) (*carried, error) {
	state := &carried{Day: first, Life: insight.NewDayState(first), Nulls: models.NewNulls()}
	for day := first - WarmDays; day < first; day++ {
		e := exposure(d.commit, day-FitDays, FitDays+1)
		if e.Count(0, FitDays*24) < minWarmHours {
			continue
		}
		d.step(day)
		state.Life.Day = day
		x := &dayAtHand{day: day, upto: 24, exposure: e, state: state}
		if err := d.fit(ctx, x); err != nil {
			return nil, err
		}
		s, err := d.score(ctx, x)
		if err != nil {
			return nil, err
		}
		state.Life = insight.Watch(state.Life, day, s.Candidates)
		state.Nulls.Close(&s.Tally, x.fitted.budget.PerSeriesDay())
	}
	state.Life.Day = first
	return state, nil
}

// minWarmHours is how much history a day needs to teach the empirical null: a week.
const minWarmHours = 7 * 24

func merge(into map[string]insight.Insight, list []insight.Insight) {
	for _, i := range list {
		into[i.ID] = i
	}
}

func sorted(m map[string]insight.Insight) []insight.Insight {
	return slices.SortedFunc(maps.Values(m), insight.Compare)
}

func stateKey(day trail.Day, run int) string {
	return fmt.Sprintf("state/decided/%s/%08d.json", day.Path(), run)
}

func loadState(ctx context.Context, s store.Store, r lake.StateRef) (*carried, error) {
	state := &carried{Nulls: models.NewNulls()}
	if err := lake.ReadJSON(ctx, s, r.Key, state); err != nil {
		return nil, err
	}
	if state.Day != r.Day || state.Life == nil {
		return nil, fmt.Errorf("reading %s: %w", s.URL(r.Key), lake.ErrForeign)
	}
	return state, nil
}
