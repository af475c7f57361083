package main

import (
	"context"
	"fmt"
	"time"

	"trailgauge/pipeline"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/trail"
)

// markCommand records what a person says about an insight.
type markCommand struct {
	lakeFlag
	bucketFlags
	ID     string  `arg:"" optional:"" name:"insight-id" help:"The insight, by the ID that reports and the insights table give it, or an incident: all of its insights."`
	As     *string `placeholder:"WHAT" help:"benign, incident or closed."`
	By     string  `placeholder:"WHO" env:"TRAILGAUGE_BY" help:"Who says so."`
	Note   string  `placeholder:"TEXT" help:"Why, for whoever sees the next insight like it. Needed unless with --undo."`
	Ticket string  `placeholder:"TEXT" help:"Where more is written."`
	At     string  `placeholder:"TIME" help:"When it was said (default: now): runs with an earlier as-of do not know of it."`
	Undo   bool    `help:"Take back the newest mark of the insight that holds; the one before it, if there is one, holds again."`
	List   bool    `help:"List what was said of the insight, or of all: marks that were taken back too. Nothing is recorded."`
	JSON   bool    `name:"json" help:"Print the record, or the list, as one JSON object."`
}

func (*markCommand) Help() string {
	return `benign    Its unusual hours were usual: from the next day on the baseline of what it is about learns from them. That moves what is expected at these hours
          of the week, and little at others: the same burst on another day at another hour is told of again, with a word that this one was benign, until
          it has come on two days a fortnight apart. A mark excuses what was, not what may come. To be spared what is like it whenever it comes, up to
          its size and to a last day, write a suppression rule; the report has one ready below each insight.
incident  Its unusual hours stay hidden from that baseline for good, however often they come again.
closed    It is dealt with: closed as of the next full hour. No other one opens on the same API and principal before it is over, unless an hour brings more than twice its busiest.

The next insight on the same API and principal, in any account and region, says what was said of this one. A mark is a file of its own below state/marks/ that nobody changes: it can be made while a run goes on, and taken back with --undo, which is another. Days are UTC.`
}

func (m *markCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	if m.List {
		return m.list(ctx, t)
	}
	var as insight.As
	if m.As != nil {
		if as = insight.As(*m.As); !as.Known() {
			return outcome{}, fmt.Errorf("%w: --as %.40q: want benign, incident or closed", pipeline.ErrUsage, *m.As)
		}
	}
	switch {
	case m.Undo == (m.As != nil):
		return outcome{}, fmt.Errorf("%w: want either --as benign, incident or closed, or --undo, or --list", pipeline.ErrUsage)
	case m.ID == "":
		return outcome{}, fmt.Errorf("%w: say of which insight", pipeline.ErrUsage)
	case m.By == "":
		return outcome{}, fmt.Errorf("%w: say with --by who says so", pipeline.ErrUsage)
	}
	o := pipeline.MarkOptions{ID: m.ID, As: as, Undo: m.Undo, By: m.By, Note: m.Note, Ticket: m.Ticket, At: time.Now()}
	var err error
	if m.At != "" {
		if o.At, err = parseTime("--at", m.At); err != nil {
			return outcome{}, err
		}
	}
	if o.Lake, err = m.lake(ctx, m.Lake); err != nil {
		return outcome{}, err
	}
	record, err := pipeline.Mark(ctx, o)
	if err != nil {
		return outcome{}, err
	}
	if m.JSON {
		return outcome{}, printJSON(t.out, record.Mark)
	}
	_, err = fmt.Fprintln(t.out, told(record))
	if record.As == insight.AsBenign && record.Undoes == 0 && !record.Again {
		t.hint("the same burst at another hour is told of again: a suppression rule excuses it up to its size; the report has one ready")
	}
	return outcome{}, err
}

// list shows what was said. The flags that say something would be lost on it, so they are refused.
func (m *markCommand) list(ctx context.Context, t *terminal) (outcome, error) {
	if m.As != nil || m.Undo || m.Note != "" || m.Ticket != "" || m.At != "" {
		return outcome{}, fmt.Errorf("%w: --list records nothing: leave out --as, --undo, --note, --ticket and --at", pipeline.ErrUsage)
	}
	s, err := m.lake(ctx, m.Lake)
	if err != nil {
		return outcome{}, err
	}
	marks, err := pipeline.ListMarks(ctx, s, m.ID)
	if err != nil {
		return outcome{}, err
	}
	names, err := pipeline.NamesOf(ctx, s)
	if err != nil {
		return outcome{}, err
	}
	width, _ := size(t.out)
	return outcome{}, report.MarkList(t.out, marks, names, m.JSON, width, t.colour())
}

// told says what a mark does and from when on.
func told(m *pipeline.Marking) string {
	day := (trail.DayOf(m.At) + 1).String()
	next := m.At.Truncate(time.Hour).Add(time.Hour).Format("2006-01-02 15:04Z")
	what := map[insight.As]string{
		insight.AsBenign:   "baselines learn from its hours from " + day + " on",
		insight.AsIncident: "its hours stay hidden from baselines from " + day + " on",
		insight.AsClosed:   "it is closed as of " + next,
	}[m.As]
	if m.Again {
		return fmt.Sprintf("mark %d says so since %s: %s is %s by %s; nothing new is recorded", m.Number, m.At.Format("2006-01-02 15:04Z"), m.Insight, m.As, report.Clean(m.By))
	}
	s := fmt.Sprintf("mark %d: %s is %s by %s; %s", m.Number, m.Insight, m.As, report.Clean(m.By), what)
	if m.Undoes > 0 {
		if m.As == insight.AsClosed {
			day = next
		}
		s = fmt.Sprintf("mark %d takes back mark %d (%s) of %s from %s on", m.Number, m.Undoes, m.As, m.Insight, day)
		if h := m.Holds; h != nil {
			s += fmt.Sprintf("; mark %d holds again: %s by %s", h.Number, h.As, report.Clean(h.By))
		}
	}
	return s
}
