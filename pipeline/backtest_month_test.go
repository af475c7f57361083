package pipeline

import (
	"errors"
	"slices"
	"testing"
	"time"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
	"trailgauge/pipeline/trail"
)

// decidedMonth is the lake of a generated month, its last twelve days decided in several runs, so that the states of the first of them are gone.
type decidedMonth struct {
	*testing.T
	commit *lake.Commit
	Store  store.Store // refuses to be written to, and fails the test
	stored []insight.Insight
}

func newDecidedMonth(t *testing.T) *decidedMonth {
	c := month(21)
	c.Days, c.LateShare = 31, 0 // late data make revisions, which tell of the schedule
	o := options(folder(t), folder(t), time.Time{})
	truth := write(t, o.Trail, c)
	o.ScoreFrom = truth.End.AddDate(0, 0, -12)
	for at := o.ScoreFrom.Add(30 * time.Hour); at.Before(truth.End); at = at.AddDate(0, 0, 4) {
		o.AsOf = at
		mustRun(t, o)
	}
	o.AsOf = truth.End.Add(3 * time.Hour)
	m := &decidedMonth{T: t, commit: mustRun(t, o).Commit, stored: found(t, o.Lake)}
	if first := m.commit.States[0].Day; first <= trail.DayOf(o.ScoreFrom) {
		t.Fatalf("states are kept from %s on: want those of the first decided days gone", first)
	}
	m.Store = storetest.Hooked(o.Lake, func(op, key string) error {
		switch op {
		case "Put", "PutFile", "Create", "Delete":
			t.Errorf("%s %s: a backtest writes nothing", op, key)
			return errors.New("refused")
		}
		return nil
	}, nil)
	return m
}

// options are those of a backtest from..to hours after the first decided one; to 0 is the last decided hour.
func (m *decidedMonth) options(from, to int) BacktestOptions {
	o := BacktestOptions{Lake: m.Store, Config: DefaultConfig(), Workers: 2, From: m.commit.ScoreFrom.Add(time.Duration(from) * time.Hour)}
	if o.To = m.commit.Decided; to > 0 {
		o.To = m.commit.ScoreFrom.Add(time.Duration(to) * time.Hour)
	}
	return o
}

func (m *decidedMonth) backtest(t *testing.T, o BacktestOptions) *report.Backtest {
	t.Helper()
	b, err := Backtest(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// opened are the stored insights that opened in a window.
func (m *decidedMonth) opened(o BacktestOptions) []insight.Insight {
	return o.opened(slices.DeleteFunc(slices.Clone(m.stored), func(i insight.Insight) bool { return i.State == insight.Retracted }))
}

func insightsOfBriefs(list []report.Brief) []insight.Insight {
	var out []insight.Insight
	for _, b := range list {
		out = append(out, *b.Insight)
	}
	return out
}
