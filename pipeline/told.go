package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/zeebo/xxh3"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/sink"
	"trailgauge/pipeline/store"
)

// toldRun is what one run told of: what its report lists as opened, revised, closed and retracted. It is written before the run's second commit,
// which names it, whether there are sinks or not, so that delivering is a step of its own that reads nothing else.
type toldRun struct {
	Run      int           `json:"run"`
	AsOf     time.Time     `json:"asOf"`
	Insights []toldInsight `json:"insights"`
}

type toldInsight struct {
	Phases   []sink.Phase    `json:"phases"`   // in order
	Severity float64         `json:"severity"` // the higher of what it is and what it was when last told of: a sink that had its start has its end
	Insight  insight.Insight `json:"insight"`
}

const toldPrefix = "state/told/"

// toldPattern is that of a key: the run, and a hash of the content, so that two runs which both take themselves for number 42 write two files.
var toldPattern = regexp.MustCompile(`^state/told/(\d{8})-[0-9a-f]{16}\.json$`)

// tell writes down what the run tells of and returns the key; "" when that is nothing.
func (w *writer) tell(ctx context.Context, rep *report.Run) (key string, err error) {
	t := toldRun{Run: w.commit.Number, AsOf: rep.AsOf.UTC()}
	for _, l := range []struct {
		phase sink.Phase
		list  []insight.Insight
	}{{sink.Start, rep.Opened}, {sink.Revision, rep.Revised}, {sink.End, rep.Closed}, {sink.Retraction, rep.Retracted}} {
		for _, i := range l.list {
			old, known := w.was[i.ID]
			x := toldInsight{Phases: []sink.Phase{l.phase}, Severity: i.Severity(), Insight: brief(i)}
			if known && l.phase != sink.Start {
				x.Severity = max(x.Severity, old.Severity())
			}
			if i.State == insight.Closed && (l.phase == sink.Start || l.phase == sink.Revision && old.State == insight.Open) {
				x.Phases = append(x.Phases, sink.End)
			}
			t.Insights = append(t.Insights, x)
		}
	}
	if len(t.Insights) == 0 {
		return "", nil
	}
	body, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("writing what run %d tells of: %w", t.Run, err)
	}
	key = fmt.Sprintf("%s%08d-%016x.json", toldPrefix, t.Run, xxh3.Hash(body))
	return key, w.lake.Prepare(ctx, key, append(body, '\n'))
}

// brief leaves out what no message needs, which is most of an insight.
func brief(i insight.Insight) insight.Insight {
	i.Hours, i.Samples, i.Members = nil, nil, nil
	i.First.Arithmetic, i.Worst.Arithmetic = nil, nil
	return i
}

// messages makes what a sink is to be sent, and says how many messages it does not select.
func (t *toldRun) messages(c *sink.Config, lake string) (list []sink.Message, passed int) {
	order := 0
	for k := range t.Insights {
		x := &t.Insights[k]
		for _, p := range x.Phases {
			order++
			if !c.Selects(&x.Insight, x.Severity) {
				passed++
				continue
			}
			list = append(list, message(&x.Insight, p, c.Name, lake, t.AsOf, order-1))
		}
	}
	return list, passed
}

func message(i *insight.Insight, p sink.Phase, to, lake string, at time.Time, order int) sink.Message {
	return sink.Message{
		ID: sink.NewID(i, p, to), Phase: p, Insight: i, Told: at, Order: order, Title: report.Title(i), Summary: report.Why(i), Lake: lake,
	}
}

// telling is where it says what a run told of.
type telling struct {
	run  int
	key  string
	made time.Time // by the store's clock
}

// tellings lists them, ascending by run.
func tellings(ctx context.Context, s store.Store) (list []telling, err error) {
	err = s.List(ctx, toldPrefix, "", func(i store.Info) error {
		if m := toldPattern.FindStringSubmatch(i.Key); m != nil {
			run, _ := strconv.Atoi(m[1])
			list = append(list, telling{run, i.Key, i.Modified})
		}
		return nil
	})
	return list, err
}

// load reads what a run told of; nil when no commit names it: the run came to nothing.
func (t *telling) load(ctx context.Context, s store.Store) (*toldRun, error) {
	c, err := lake.Load(ctx, s, t.run)
	if errors.Is(err, store.ErrNotExist) || err == nil && c.Told != t.key {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := new(toldRun)
	if err := lake.ReadJSON(ctx, s, t.key, out); err != nil {
		return nil, err
	}
	if out.Run != t.run {
		return nil, fmt.Errorf("reading %s: %w", s.URL(t.key), lake.ErrForeign)
	}
	return out, nil
}
