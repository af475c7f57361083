package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Marks are what people say about insights: files of their own, numbered, created exclusively and never changed, so that one can be made at any
// time, a run going on or not. A run heeds those made up to its as-of. One that was made for hours already decided takes the next run back to them.

const marksPrefix = "state/marks/"

func markKey(number int) string { return fmt.Sprintf("%s%08d.json", marksPrefix, number) }

// maxMark bounds a file of a mark, in bytes: a mark of an incident names all of its insights.
const maxMark = 1 << 20

// MarkOptions say what Mark records.
type MarkOptions struct {
	Lake   store.Store
	ID     string     // of the insight, or of an incident: of all of its insights, as far as they are known
	As     insight.As // "" with Undo
	Undo   bool       // take back the newest mark of the insight that holds
	By     string     // who says so
	Note   string     // why; may be empty with Undo
	Ticket string     // may be empty
	At     time.Time  // when it is said
}

// Marking is what Mark came to.
type Marking struct {
	*insight.Mark      // the record
	Again         bool // it was there: the same was said before and holds, so nothing was recorded
	// Holds is with Undo what was said of the insight before and holds again; nil where that is nothing.
	Holds *insight.Mark
}

// Mark records what a person says about an insight, and returns the record. It waits for no run and holds none up. Who says the same again of the same hours
// says nothing new, and one undo takes it back. What makes no sense is ErrUsage; an unknown insight ErrNoInsight too.
func Mark(ctx context.Context, o MarkOptions) (*Marking, error) {
	c, err := lake.Current(ctx, o.Lake)
	if err != nil {
		return nil, err
	}
	i, of, err := subject(ctx, o.Lake, c, o.ID)
	if err != nil {
		return nil, err
	}
	for {
		marks, err := readMarks(ctx, o.Lake)
		if err != nil {
			return nil, err
		}
		m, err := o.mark(c, i, of, marks)
		if err != nil {
			return nil, fmt.Errorf("%w: marking %s: %w", ErrUsage, i.ID, err)
		}
		if m.Number <= len(marks) {
			return &Marking{Mark: m, Again: true}, nil
		}
		out := &Marking{Mark: m}
		if o.Undo {
			out.Holds = insight.NewMarks(append(marks, *m)).Last(i.ID, m.At.Add(time.Second))
		}
		body, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		if body = append(body, '\n'); len(body) > maxMark {
			return nil, fmt.Errorf("%w: marking %s: its %d insights are too many for one mark\nmark them one by one", ErrUsage, i.ID, len(of))
		}
		err = o.Lake.Create(ctx, markKey(m.Number), body)
		if errors.Is(err, store.ErrExist) { // somebody else was faster, or the answer to our own was lost
			there, _, err := o.Lake.Get(ctx, markKey(m.Number), maxMark)
			if err != nil {
				return nil, err
			}
			if bytes.Equal(there, body) {
				return out, nil
			}
			continue
		}
		return out, err
	}
}

// ListMarks returns what was said of an insight, of one it is below or of those below it, in the order it was said; of all insights where id is "".
// Records that take another back are among them. An insight that no mark is of is ErrUsage and ErrNoInsight where the lake has none of that ID.
func ListMarks(ctx context.Context, s store.Store, id string) ([]insight.Mark, error) {
	marks, err := readMarks(ctx, s)
	if err != nil || id == "" {
		return marks, err
	}
	marks = slices.DeleteFunc(marks, func(m insight.Mark) bool { return m.Insight != id && !m.Names(id) })
	if len(marks) == 0 {
		var c *lake.Commit
		if c, err = lake.Current(ctx, s); err == nil {
			_, _, err = subject(ctx, s, c, id)
		}
	}
	return marks, err
}

// subject returns what a mark is of: an insight and those below it, or an incident, as an insight of its time and state, and all of its insights.
func subject(ctx context.Context, s store.Store, c *lake.Commit, id string) (*insight.Insight, []insight.Marked, error) {
	i, err := FindInsight(ctx, s, id)
	if err == nil {
		of, err := burstOf(ctx, s, c, i)
		return i, of, err
	}
	if !errors.Is(err, ErrNoInsight) {
		return nil, nil, err
	}
	list, failed := findInsights(ctx, s, func(i *insight.Insight) bool { return i.Incident == id && id != "" })
	if failed != nil {
		return nil, nil, failed
	}
	all := insight.Incidents(list)
	if len(all) == 0 { // one that was marked may go by another ID since
		marks, failed := readMarks(ctx, s)
		if failed != nil {
			return nil, nil, failed
		}
		for _, m := range slices.Backward(marks) {
			if m.Insight == id {
				return &insight.Insight{ID: id, State: insight.Retracted, Whole: insight.Span{Start: m.Of[0].Start, End: m.Of[0].End}}, m.Of, nil
			}
		}
		return nil, nil, err
	}
	var of []insight.Marked
	for k := range all[0].Insights {
		of = append(of, marked(&all[0].Insights[k]))
	}
	return &insight.Insight{ID: id, State: all[0].State, Whole: insight.Span{Start: all[0].First, End: all[0].Last}}, of, nil
}

func marked(i *insight.Insight) insight.Marked {
	return insight.Marked{Insight: i.ID, Unit: i.Unit, Start: i.Whole.Start, End: i.Whole.End}
}

// burstOf returns an insight and those below it.
func burstOf(ctx context.Context, s store.Store, c *lake.Commit, top *insight.Insight) ([]insight.Marked, error) {
	out := []insight.Marked{marked(top)}
	for day := trail.DayOf(top.Whole.Start) - lookback; day <= trail.DayOf(top.Whole.End); day++ {
		list, err := insightsOn(ctx, s, c, day)
		if err != nil {
			return nil, err
		}
		for k := range list {
			if i := &list[k]; i.Parent == top.ID && i.State != insight.Retracted {
				out = append(out, marked(i))
			}
		}
	}
	return out, nil
}

// mark makes the record that follows on marks, or returns the one of them that says the same and holds.
func (o *MarkOptions) mark(c *lake.Commit, i *insight.Insight, of []insight.Marked, marks []insight.Mark) (*insight.Mark, error) {
	m := &insight.Mark{
		Number: len(marks) + 1, Insight: i.ID, Of: of, As: o.As,
		By: strings.TrimSpace(o.By), Note: strings.TrimSpace(o.Note), Ticket: strings.TrimSpace(o.Ticket), At: o.At.UTC().Truncate(time.Second),
	}
	last := insight.NewMarks(marks).Last(i.ID, m.At.Add(time.Second))
	switch {
	case !o.Undo && last != nil && m.Says(last):
		return last, nil
	case o.Undo && last == nil:
		return nil, fmt.Errorf("there is no mark to take back as of %s", instant(m.At))
	case o.Undo:
		m.As, m.Undoes = last.As, last.Number
	case i.State == insight.Retracted:
		return nil, errors.New("late data have taken it back")
	case o.As == insight.AsClosed && i.State != insight.Open:
		return nil, errors.New("it is closed already")
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	if !m.At.After(i.Whole.Start) {
		return nil, fmt.Errorf("%s lies before it began, at %s", instant(m.At), instant(i.Whole.Start))
	}
	if len(c.States) > 0 && trail.DayOf(m.At) < c.States[0].Day {
		return nil, fmt.Errorf("%s lies too far back: decisions from before %s stand", instant(m.At), c.States[0].Day)
	}
	return m, nil
}

// readMarks reads all marks in the order they were made. One that is missing or is not what was written ends it: decisions would differ without it.
func readMarks(ctx context.Context, s store.Store) ([]insight.Mark, error) {
	var out []insight.Mark
	err := s.List(ctx, marksPrefix, "", func(i store.Info) error {
		if key := markKey(len(out) + 1); i.Key != key {
			return fmt.Errorf("reading marks: %s is there, %s is missing: %w", s.URL(i.Key), s.URL(key), lake.ErrForeign)
		}
		out = append(out, insight.Mark{})
		return nil
	})
	if err != nil {
		return nil, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(listWorkers)
	for k := range out {
		g.Go(func() error { return readMark(ctx, s, k+1, &out[k]) })
	}
	return out, g.Wait()
}

func readMark(ctx context.Context, s store.Store, number int, into *insight.Mark) error {
	key := markKey(number)
	body, _, err := s.Get(ctx, key, maxMark)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil || into.Number != number || len(into.Of) == 0 || into.Undoes >= number || into.Check() != nil {
		return fmt.Errorf("reading %s: %w", s.URL(key), lake.ErrForeign)
	}
	return nil
}

// heed reads the marks made up to asOf. since is the first day that some of them, which the commit has not seen, may change; 0 when none does.
func heed(ctx context.Context, s store.Store, c *lake.Commit, asOf time.Time) (marks *insight.Marks, seen int, since trail.Day, err error) {
	all, err := readMarks(ctx, s)
	if err != nil {
		return nil, 0, 0, err
	}
	var list []insight.Mark
	for _, m := range all {
		if m.At.After(asOf) {
			continue
		}
		list, seen = append(list, m), m.Number
		if day := trail.DayOf(m.At); m.Number > c.Marks && (since == 0 || day < since) {
			since = day
		}
	}
	return insight.NewMarks(list), max(seen, c.Marks), since, nil
}
