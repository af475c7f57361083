package pipeline

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/trail"
)

// TestBacktest replays windows of one lake.
func TestBacktest(t *testing.T) {
	t.Parallel()
	m := newDecidedMonth(t)
	before := tree(t, m.Store.URL(""))
	t.Run("exact", m.exact)
	t.Run("same insights", m.sameInsights)
	t.Run("any window", m.anyWindow)
	t.Run("other budgets", m.otherBudgets)
	t.Run("against", m.against)
	t.Run("rules", m.rules)
	t.Run("detection", m.detection)
	t.Run("workers", m.workers)
	t.Run("windows", m.windows)
	t.Run("CloudTrail's own", m.ownInsights)
	sameTree(t, "after all backtests", before, tree(t, m.Store.URL("")))
}

var updateBacktest = flag.Bool("update-backtest", false, "rewrite testdata/backtest.txt")

// exact compares all that a backtest says in text. What changes a model changes it:
//
//	go test ./pipeline -run TestBacktest -update-backtest
func (m *decidedMonth) exact(t *testing.T) {
	o := m.options(0, 0)
	o.Against = &Config{FalseInsightsPerDay: .05}
	b := m.backtest(t, o)
	b.Lake = "LAKE"
	var got bytes.Buffer
	if err := report.BacktestText(&got, b, 200, false); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("testdata", "backtest.txt")
	if *updateBacktest {
		if err := errors.Join(os.MkdirAll("testdata", 0o777), os.WriteFile(name, got.Bytes(), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("after a change of a model on purpose: -update-backtest (-want +got): %s", d)
	}
}

// sameInsights is rule 7: whatever the lake's decisions began with, the same window gives the same insights.
func (m *decidedMonth) sameInsights(t *testing.T) {
	decidedFields := cmpopts.IgnoreFields(insight.Insight{}, "Attributions", "WholeAttributions", "Samples", "NewAPIs", "Incident", "Reads") // from events, or config
	for _, w := range []struct {
		from, to int
		start    string
	}{{0, 0, "beginning"}, {29, 0, "beginning"}, {24 * 9, 0, "state"}, {24*10 + 5, 0, "state"}} {
		o := m.options(w.from, w.to)
		b := m.backtest(t, o)
		want := m.opened(o)
		if d := cmp.Diff(want, insightsOfBriefs(b.Configured.Insights), decidedFields); d != "" {
			t.Errorf("from hour %d (-lake +replay): %s", w.from, d)
		}
		if b.Start.Kind != w.start || len(want) == 0 {
			t.Errorf("from hour %d: start %q, %d insights; want %q and some", w.from, b.Start.Kind, len(want), w.start)
		}
		if s := b.Stored; s.Insights != len(want) || s.Both != len(want) || len(s.OnlyLake)+len(s.OnlyReplay) > 0 {
			t.Errorf("from hour %d: compared with the lake %+v; want all %d to agree", w.from, s, len(want))
		}
	}
}

// anyWindow: what opened in a window is what the lake says opened in it, though the lake knows how it went on.
func (m *decidedMonth) anyWindow(t *testing.T) {
	opening := func(list []insight.Insight) (out []string) {
		for _, i := range list {
			out = append(out, fmt.Sprintf("%s %s %v %v", i.ID, i.Unit.Series, i.Detected, i.First.Score))
		}
		slices.Sort(out)
		return out
	}
	last := int(m.commit.Decided.Sub(m.commit.ScoreFrom) / time.Hour)
	for _, w := range [][2]int{{0, 1}, {50, 200}, {7, 31}, {23, 25}, {100, 101}, {last - 30, last - 7}, {last - 1, last}} {
		o := m.options(w[0], w[1])
		b := m.backtest(t, o)
		if d := cmp.Diff(opening(m.opened(o)), opening(insightsOfBriefs(b.Configured.Insights))); d != "" {
			t.Errorf("hours %d to %d (-lake +replay): %s", w[0], w[1], d)
		}
		if b.Hours != w[1]-w[0] || b.HoursUnknown != 0 || w[0] == 50 && (b.HistoryDays != 27 || len(b.Configured.Insights) < 5) {
			t.Errorf("hours %d to %d: %d hours, %d unknown, %d days of history, %d insights", w[0], w[1], b.Hours, b.HoursUnknown, b.HistoryDays, len(b.Configured.Insights))
		}
	}
}

// otherBudgets compares what is decided by thresholds with replays of their own. The empirical nulls differ a little, so single insights may.
func (m *decidedMonth) otherBudgets(t *testing.T) {
	o := m.options(0, 0)
	o.Config.FalseInsightsPerDay = .05
	b := m.backtest(t, o)
	if len(b.Configured.Budgets) != 6 {
		t.Fatalf("%d budgets; want the configured one and five others", len(b.Configured.Budgets))
	}
	last := 0
	for _, x := range b.Configured.Budgets {
		if x.Insights < last || x.Apart > x.Insights || x.Granted > x.FalsePerDay*1.0001 {
			t.Errorf("%+v after %d insights: a larger budget finds more, and grants no more than is asked for", x, last)
		}
		last = x.Insights
		if x.FalsePerDay == .3 || x.FalsePerDay > 1 {
			continue // as good as the one before
		}
		own := o
		own.Config.FalseInsightsPerDay = x.FalsePerDay
		exact := len(m.backtest(t, own).Configured.Insights)
		if d := x.Insights - exact; d < -1 || d > 1 || x.Configured && d != 0 {
			t.Errorf("budget %g: %d insights by its threshold, %d in a replay of its own", x.FalsePerDay, x.Insights, exact)
		}
		t.Logf("budget %g: %d by threshold, %d in a replay of its own", x.FalsePerDay, x.Insights, exact)
	}
}

// against tells the difference of two configurations, which changes sides when they do.
func (m *decidedMonth) against(t *testing.T) {
	o := m.options(24*6, 0)
	strict := DefaultConfig()
	strict.FalseInsightsPerDay = .02
	o.Against = &strict
	b := m.backtest(t, o)
	if len(b.Lost) == 0 || len(b.Gained) > 0 || b.Against.FalsePerDay != .02 {
		t.Errorf("with a fiftieth of the budget %d gained, %d lost; want none gained, some lost", len(b.Gained), len(b.Lost))
	}
	if n := len(b.Configured.Insights) - len(b.Lost); n != len(b.Against.Insights) {
		t.Errorf("%d insights less %d lost leave %d, not %d", len(b.Configured.Insights), len(b.Lost), n, len(b.Against.Insights))
	}
	o.Config, o.Against = strict, &o.Config
	loose := DefaultConfig()
	o.Against = &loose
	other := m.backtest(t, o)
	ids := func(list []report.Brief) (out []string) {
		for _, i := range list {
			out = append(out, i.ID)
		}
		return out
	}
	if d := cmp.Diff(ids(b.Lost), ids(other.Gained)); d != "" || len(other.Lost) > 0 {
		t.Errorf("the other way round (-lost +gained): %s, and %d lost", d, len(other.Lost))
	}
	if len(other.Stored.OnlyLake) != len(b.Lost) {
		t.Errorf("%d insights in the lake alone; want the %d that the strict budget loses", len(other.Stored.OnlyLake), len(b.Lost))
	}
	o = m.options(24*9, 0)
	o.Against = new(Config)
	*o.Against = DefaultConfig()
	o.Against.ScoreReads = true
	for _, i := range m.backtest(t, o).Gained {
		if i.Kind != insight.CallRate && i.Kind != insight.Silence {
			t.Errorf("score_reads gains %s of %s", i.Kind, i.Name)
		}
	}
}

func (m *decidedMonth) workers(t *testing.T) {
	var first []byte
	for _, workers := range []int{1, 5} {
		o := m.options(24*10, 0)
		o.Workers = workers
		var body bytes.Buffer
		if err := report.Encode(&body, m.backtest(t, o)); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = body.Bytes()
		} else if !bytes.Equal(first, body.Bytes()) {
			t.Errorf("%d workers: %s", workers, cmp.Diff(string(first), body.String()))
		}
	}
}

// windows refuses what the lake cannot decide, and says what there is.
func (m *decidedMonth) windows(t *testing.T) {
	end := m.commit.Decided
	first := m.commit.Days[0].Day
	for _, x := range []struct {
		name     string
		from, to time.Time
		want     string
		hint     string
	}{
		{"empty", end, end, "is empty", ""},
		{"backwards", end, end.Add(-time.Hour), "is empty", ""},
		{"part of an hour", end.Add(-90 * time.Minute), end, "is no whole hour", ""},
		{"too early", first.Start().Add(-time.Hour), end, "before the lake's first day", fmt.Sprintf("from %s to %s", first, stamp(end))},
		{"too late", end.Add(-time.Hour), end.Add(time.Hour), "after the last hour", fmt.Sprintf("from %s to %s", first, stamp(end))},
	} {
		o := m.options(0, 0)
		o.From, o.To = x.from, x.to
		_, err := Backtest(t.Context(), o)
		var outside *WindowError
		if err == nil || !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v; want %q", x.name, err, x.want)
		} else if errors.As(err, &outside) != (x.hint != "") || outside != nil && !strings.Contains(outside.Hint(), x.hint) {
			t.Errorf("%s: %#v; want a hint with %q", x.name, err, x.hint)
		}
	}
	// Before the lake's first decision it begins as a new lake, and the history may be short.
	o := m.options(-24*8, -24*7)
	o.To = o.From.Add(24 * time.Hour)
	if b := m.backtest(t, o); b.Start.Kind != "new" || b.Stored.Insights != 0 || !b.Stored.From.IsZero() || len(b.Stored.OnlyReplay) > 0 || b.Hours != 24 {
		t.Errorf("before the first decision: start %+v, %d hours, %d stored", b.Start, b.Hours, b.Stored.Insights)
	}
	o.To = m.commit.ScoreFrom.Add(20 * time.Hour)
	if s := m.backtest(t, o).Stored; !s.From.Equal(m.commit.ScoreFrom) || !s.To.Equal(o.To) {
		t.Errorf("across the first decision: compared from %s to %s; want what the lake has decided", s.From, s.To)
	}
	_, err := Backtest(t.Context(), BacktestOptions{Lake: folder(t), From: first.Start(), To: end, Config: DefaultConfig()})
	var outside *WindowError
	if !errors.As(err, &outside) || !strings.Contains(err.Error(), "holds no counts") || outside.Hint() != "trailgauge run fills a lake" {
		t.Errorf("of an empty lake: %v", err)
	}
}

// TestOnlookersChangeNothing decides a day on which most of an account falls silent, once with somebody who wants to see every unit: the account's
// insight sums up those that fell silent, and no others.
func TestOnlookersChangeNothing(t *testing.T) {
	s := newScenario(t)
	day, id := noon.Truncate(24*time.Hour), 0
	for d := -21; d <= 0; d++ {
		for h := range 24 {
			at := day.AddDate(0, 0, d).Add(time.Duration(h) * time.Hour)
			var records []string
			for api := range 8 {
				for range 4 {
					if id++; d < 0 || api == 0 {
						records = append(records, rec(id, at.Add(time.Duration(api)*time.Minute), "eventName", fmt.Sprintf(`"Run%d"`, api)))
					}
				}
			}
			s.put(key(at.Add(10*time.Minute), "x"), records...)
		}
	}
	s.AsOf, s.ScoreFrom = day.Add(27*time.Hour), day
	mustRun(t, s.Options)
	o := BacktestOptions{Lake: s.Lake, From: day, To: day.AddDate(0, 0, 1)}
	past, _ := o.past(s.commit())
	var seen [2][]insight.Insight
	for k := range seen {
		d := &decider{lake: s.Lake, commit: past, config: DefaultConfig(), workers: 1, tiles: newTileCache(s.Lake, past), step: func(trail.Day) {}, dry: true}
		units := 0
		if k == 1 {
			d.also = func(*dayAtHand) (func(*insight.DayScore) bool, func(*scored) error) {
				all := func(*insight.DayScore) bool { return true }
				return all, func(s *scored) error { units = len(s.Candidates); return nil }
			}
		}
		out := &decision{cursor: o.To, rows: map[trail.Day][]lake.BaselineRow{}}
		if err := d.replay(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		if seen[k] = out.now; k == 1 && units < 20 {
			t.Errorf("the onlooker saw %d units: too few to change anything", units)
		}
	}
	if !slices.ContainsFunc(seen[0], func(i insight.Insight) bool { return i.Kind == insight.Silence && i.Name == "" && i.Principal == "" }) {
		t.Fatal("the account did not fall silent")
	}
	if d := cmp.Diff(seen[0], seen[1]); d != "" {
		t.Errorf("with an onlooker (-without +with): %s", d)
	}
}

// rules: what a rule would keep from being told is counted apart, and lost against a configuration without it. Only the configuration knows it, not the
// lake.
func (m *decidedMonth) rules(t *testing.T) {
	o := m.options(24*5, 0)
	plain := m.backtest(t, o).Configured
	api := plain.Insights[slices.IndexFunc(plain.Insights, func(i report.Brief) bool { return i.Name != "" })].Name
	about := 0
	for _, i := range plain.Insights {
		if i.Name == api {
			about++
		}
	}
	with := DefaultConfig()
	with.Suppress = []insight.Rule{{API: api, Owner: "ops", Reason: "known", Expires: insight.Never}}
	o.Against = &with
	b := m.backtest(t, o)
	if b.Against.Suppressed != about || len(b.Lost) != about || len(b.Against.Insights) != len(plain.Insights)-about || len(b.Gained) != 0 {
		t.Errorf("a rule for %s: %d suppressed, %d lost, %d gained, %d left; want %d of %d suppressed and lost", api, b.Against.Suppressed, len(b.Lost), len(b.Gained),
			len(b.Against.Insights), about, len(plain.Insights))
	}
	o.Config, o.Against = with, nil
	if s := m.backtest(t, o).Stored; s.Both != s.Insights || len(s.OnlyLake) > 0 {
		t.Errorf("with a rule the replay finds %d of the lake's %d: it decides the same", s.Both, s.Insights)
	}
}
