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
	ID     string `arg:"" name:"insight-id" help:"The insight, by the ID that reports and the insights table give it."`
	As     string `placeholder:"WHAT" enum:",benign,incident,closed" default:"" help:"benign, incident or closed."`
	By     string `required:"" placeholder:"WHO" env:"TRAILGAUGE_BY" help:"Who says so."`
	Note   string `placeholder:"TEXT" help:"Why, for whoever sees the next insight like it. Needed unless with --undo."`
	Ticket string `placeholder:"TEXT" help:"Where more is written."`
	At     string `placeholder:"TIME" help:"When it was said (default: now): runs with an earlier as-of do not know of it."`
	Undo   bool   `help:"Take back the newest mark of the insight that holds."`
	JSON   bool   `name:"json" help:"Print the record as one JSON object."`
}

func (*markCommand) Help() string {
	return `benign    Its unusual hours were usual: from the next day on the baseline of what it is about learns from them.
incident  Its unusual hours stay hidden from that baseline for good, however often they come again.
closed    It is dealt with: closed as of the next full hour. No other one opens on the same API and principal before it is over, unless an hour brings more than twice its busiest.

The next insight on the same API and principal, in any account and region, says what was said of this one. A mark is a file of its own below state/marks/ that nobody changes: it can be made while a run goes on, and taken back with --undo, which is another. Days are UTC.`
}

func (m *markCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	if m.Undo == (m.As != "") {
		return outcome{}, fmt.Errorf("%w: want either --as benign, incident or closed, or --undo", pipeline.ErrUsage)
	}
	o := pipeline.MarkOptions{ID: m.ID, As: insight.As(m.As), Undo: m.Undo, By: m.By, Note: m.Note, Ticket: m.Ticket, At: time.Now()}
	var err error
	if m.At != "" {
		if o.At, err = parseTime("--at", m.At); err != nil {
			return outcome{}, err
		}
	}
	if o.Lake, err = m.lake(ctx, m.Lake); err != nil {
		return outcome{}, usage(err)
	}
	record, err := pipeline.Mark(ctx, o)
	if err != nil {
		return outcome{}, err
	}
	if m.JSON {
		return outcome{}, printJSON(t.out, record)
	}
	_, err = fmt.Fprintln(t.out, told(record))
	return outcome{}, err
}

// told says what a mark does and from when on.
func told(m *insight.Mark) string {
	day := (trail.DayOf(m.At) + 1).String()
	next := m.At.Truncate(time.Hour).Add(time.Hour).Format("2006-01-02 15:04Z")
	what := map[insight.As]string{
		insight.AsBenign:   "baselines learn from its hours from " + day + " on",
		insight.AsIncident: "its hours stay hidden from baselines from " + day + " on",
		insight.AsClosed:   "it is closed as of " + next,
	}[m.As]
	s := fmt.Sprintf("mark %d: %s is %s by %s; %s", m.Number, m.Insight, m.As, report.Clean(m.By), what)
	if m.Undoes > 0 {
		if m.As == insight.AsClosed {
			day = next
		}
		s = fmt.Sprintf("mark %d takes back mark %d (%s) of %s from %s on", m.Number, m.Undoes, m.As, m.Insight, day)
	}
	return s
}
