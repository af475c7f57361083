// Package series streams the counts table to other programs: as Arrow for notebooks, CSV for spreadsheets, JSON Lines for everything else.
package series

import (
	"context"
	"fmt"
	"time"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Step is the span of time that one row stands for.
type Step string

const (
	Minute Step = "minute"
	Hour   Step = "hour"
	Day    Step = "day"
)

func (s Step) minutes() int {
	switch s {
	case Hour:
		return 60
	case Day:
		return trail.MinutesPerDay
	}
	return 1
}

// Query selects counts. A Glob that is not set selects all.
type Query struct {
	API       trail.Glob // on "eventsource:eventname", or on the name alone
	Principal trail.Glob // on the principal's key
	Account   trail.Glob // on the account
	Region    trail.Glob // on the region
	From      time.Time  // first instant, to the minute; zero: from the lake's first day
	To        time.Time  // first instant after; zero: to the lake's last day
	Step      Step       // "" is Minute
}

func (q *Query) selects(s *counts.Series) bool {
	return q.Account.Match(s.Account) && q.Region.Match(s.Region) && q.Principal.Match(s.Principal) &&
		(q.API.Match(s.Source+":"+s.Name) || q.API.Match(s.Name))
}

// Row is the calls of one series and class in one step. Steps without calls have no row.
type Row struct {
	counts.Series
	counts.Class
	Time  time.Time // the step's first instant, UTC
	Calls int64     // negative only where a correction takes a call from a code that another step counts
}

// Category is the row's event category as the counts table has it.
func (r *Row) Category() string { return trail.Category(r.Data) }

// Each calls fn for every row of a commit's counts that q selects, by day, then in the order of the counts table (account, region, event source,
// event name, principal, management before data, write before read, error code), then by time. At most one day of counts is in
// memory. The row is valid until fn returns; an error of fn ends the walk and is returned.
func Each(ctx context.Context, s store.Store, c *lake.Commit, q Query, fn func(*Row) error) error {
	for _, d := range c.Days {
		start, end := d.Day.Start(), (d.Day + 1).Start()
		if !q.From.IsZero() && !end.After(q.From) || !q.To.IsZero() && !start.Before(q.To) {
			continue
		}
		m, err := lake.LoadManifest(ctx, s, c, d.Day)
		if err != nil {
			return err
		}
		if err := q.day(ctx, s, m, fn); err != nil {
			return fmt.Errorf("the counts of %s: %w", d.Day, err)
		}
	}
	return nil
}

func (q *Query) day(ctx context.Context, s store.Store, m *lake.Manifest, fn func(*Row) error) error {
	tiles, err := lake.Tiles(ctx, s, m)
	if err != nil {
		return err
	}
	from, to := q.minutesOf(m.Day)
	var last counts.Series
	var known, selected bool
	for {
		t, err := tiles.Next()
		if t == nil || err != nil {
			return err
		}
		if !known || t.Series != last {
			last, known, selected = t.Series, true, q.selects(&t.Series)
		}
		if !selected {
			continue
		}
		if err := fold(t, from, to, q.Step.minutes(), fn); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// minutesOf returns the minutes [from, to) of a day that lie in the query's span.
func (q *Query) minutesOf(d trail.Day) (from, to int) {
	from, to = 0, trail.MinutesPerDay
	if at := q.From.Sub(d.Start()); !q.From.IsZero() && at > 0 {
		from = int((at + time.Minute - 1) / time.Minute)
	}
	if at := q.To.Sub(d.Start()); !q.To.IsZero() && at < 24*time.Hour {
		to = int((at + time.Minute - 1) / time.Minute)
	}
	return from, to
}

// fold adds a tile's minutes of [from, to) up to steps of so many minutes.
func fold(t *counts.Tile, from, to, step int, fn func(*Row) error) error {
	r := Row{Series: t.Series, Class: t.Class}
	flush := func() error {
		if r.Calls == 0 {
			return nil
		}
		err := fn(&r)
		r.Calls = 0
		return err
	}
	at := -1
	for i, m := range t.Minutes {
		if int(m) < from || int(m) >= to {
			continue
		}
		if begin := int(m) / step * step; begin != at {
			if err := flush(); err != nil {
				return err
			}
			at = begin
			r.Time = t.Day.Start().Add(time.Duration(begin) * time.Minute)
		}
		r.Calls += t.Counts[i]
	}
	return flush()
}
