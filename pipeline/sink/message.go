package sink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
)

// Phase is which step in the life of an insight a message tells of.
type Phase string

// The phases; the package comment says what each tells.
const (
	Start      Phase = "start"
	End        Phase = "end"
	Revision   Phase = "revision"
	Retraction Phase = "retraction"
	Test       Phase = "test"
)

// Message is one step in the life of an insight, for one sink.
type Message struct {
	ID      string // NewID's
	Phase   Phase
	Insight *insight.Insight
	Told    time.Time // as-of of the run that decided it
	Order   int       // place among the messages of that run, from 0
	Title   string    // one line, fit to be shown
	Summary string    // a sentence, fit to be shown
	Lake    string    // where the lake is
}

// NewID names a message: UUIDv5, within the insight's ID, of the sink's name, the phase and the revision. The same message has the same ID whenever it is sent.
func NewID(i *insight.Insight, p Phase, sink string) string {
	return uuid.NewSHA1(spaceOf(i.ID), []byte("message "+sink+" "+string(p)+" "+strconv.Itoa(i.Revision))).String()
}

// Explain is the command that shows how the insight came about.
func (m *Message) Explain() string {
	return fmt.Sprintf("trailgauge explain --lake %s %s", m.Lake, m.Insight.ID)
}

// over tells whether the message is about something that no longer goes on.
func (m *Message) over() bool { return m.Insight.State != insight.Open }

// calm tells whether nobody needs to act on the message.
func (m *Message) calm() bool { return m.Phase == Retraction || m.Phase == Test }

// level is the severity as OCSF numbers it: insight.Grade from 2 (low) on, and 1 (informational) where there is nothing to act on.
func (m *Message) level() int {
	if m.calm() {
		return 1
	}
	return 2 + int(insight.GradeOf(m.Insight.Severity()))
}

// detail is the JSON of a message; the package comment describes it.
type detail struct {
	event
	Ours ours `json:"trailgauge"`
}

type ours struct {
	Schema     int           `json:"schema"`
	ID         string        `json:"id"`
	Phase      Phase         `json:"phase"`
	Insight    string        `json:"insight"`
	Revision   int           `json:"revision"`
	Status     insight.State `json:"status"`
	Severity   json.Number   `json:"severity"`
	Title      string        `json:"title"`
	Summary    string        `json:"summary"`
	Principal  string        `json:"principal,omitempty"`
	Start      time.Time     `json:"start"`
	End        time.Time     `json:"end"`
	Observed   int64         `json:"observed"`
	Expected   json.Number   `json:"expected"`
	Told       time.Time     `json:"told"`
	Lake       string        `json:"lake"`
	Explain    string        `json:"explain"`
	Incident   string        `json:"incident,omitempty"`
	Techniques []string      `json:"techniques,omitempty"`
	Seen       *insight.Seen `json:"seen,omitempty"`
	Cut        bool          `json:"cut,omitempty"`
}

// JSON returns the message as the package comment describes it, in at most limit bytes: attributions are shortened and then left out where it needs to
// be. A message whose names alone are too long is ErrRefused.
func (m *Message) JSON(limit int) ([]byte, error) {
	size := 0
	for level := range cuts {
		body, err := m.encode(level)
		if err != nil {
			return nil, fmt.Errorf("writing message %s: %w", m.ID, err)
		}
		if size = len(body); size <= limit {
			return body, nil
		}
	}
	return nil, fmt.Errorf("%w: what it is about takes %d bytes of the %d that the receiver allows", ErrRefused, size, limit)
}

func (m *Message) encode(level int) ([]byte, error) {
	i := *m.Insight
	i.Attributions, i.WholeAttributions = cut(i.Attributions, level), cut(i.WholeAttributions, level)
	d := detail{Ours: ours{
		Schema: 1, ID: m.ID, Phase: m.Phase, Insight: i.ID, Revision: i.Revision, Status: i.State, Severity: fixed(math.Round(i.Severity()*100) / 100),
		Title: m.Title, Summary: m.Summary, Principal: i.Principal, Start: i.Whole.Start.UTC(), End: i.Whole.End.UTC(), Observed: i.Whole.Count,
		Expected: fixed(i.Expected), Told: m.Told.UTC(), Lake: m.Lake, Explain: m.Explain(), Incident: i.Incident, Techniques: insight.TechniqueIDs(*m.Insight), Seen: i.Seen, Cut: level > 0,
	}}
	if m.Phase == Start || !m.over() {
		d.event = start(&i)
	} else {
		d.event = end(&i)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(d)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// cuts is how many levels of cutting there are: all of the attributions, values of 128 bytes, the first value alone, none.
const cuts = 4

func cut(list []insight.Attribution, level int) []insight.Attribution {
	switch level {
	case 0:
		return list
	case cuts - 1:
		return nil
	}
	most := 5
	if level == 2 {
		most = 1
	}
	out := make([]insight.Attribution, len(list))
	for n, a := range list {
		out[n] = insight.Attribution{Attribute: a.Attribute, Insight: cutShares(a.Insight, most), Baseline: cutShares(a.Baseline, most)}
	}
	return out
}

func cutShares(list []insight.Share, most int) []insight.Share {
	out := make([]insight.Share, min(most, len(list)))
	for n := range out {
		out[n] = insight.Share{Value: shorten(list[n].Value, 128), Count: list[n].Count}
	}
	return out
}

// shorten cuts s to at most n bytes, at a character, with an ellipsis.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n -= len("…"); n > 0 && !utf8.RuneStart(s[n]); n-- {
	}
	return s[:max(n, 0)] + "…"
}

// TestMessage is a made-up message about an account that is none, which says that it is a test. No two instants have the same.
func TestMessage(to, lake string, at time.Time) Message {
	at = at.UTC()
	hour := at.Truncate(time.Hour)
	i := &insight.Insight{
		ID:       uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:trailgauge:test:"+at.Format(time.RFC3339Nano))).String(),
		Revision: 1, State: insight.Closed, Expected: 1, Threshold: 7,
		Unit:     insight.Unit{Series: counts.Series{Account: "000000000000", Region: "us-east-1", Source: "trailgauge.test", Name: "TestMessage"}},
		Detected: insight.Span{Start: hour.Add(-time.Hour), End: hour, Count: 42}, Whole: insight.Span{Start: hour.Add(-time.Hour), End: hour, Count: 42},
		Baseline: insight.Span{Start: hour.Add(-169 * time.Hour), End: hour.Add(-time.Hour)},
		Worst:    insight.Verdict{Score: 7, Window: 60, Count: 42, Mean: 1, Model: "test"},
	}
	i.First = i.Worst
	return Message{
		ID: NewID(i, Test, to), Phase: Test, Insight: i, Told: at, Title: "Test message of trailgauge", Lake: lake,
		Summary: "This is a test of sink " + to + ": nothing happened. Insights will arrive here.",
	}
}
