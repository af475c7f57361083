package lake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Commit is one state of the lake. Commits are numbered from 1 without gaps, created exclusively and never changed; the highest
// is current. A commit names everything a reader may see: what no commit names does not exist.
type Commit struct {
	Format  int       `json:"format"`
	Number  int       `json:"number"` // 0: no commit yet, an empty lake
	AsOf    time.Time `json:"asOf"`   // of the run that made it
	Program string    `json:"program"`

	Ingested  time.Time `json:"ingested"`  // objects stamped up to here have been read
	ScoreFrom time.Time `json:"scoreFrom"` // the first hour that was decided; hours before it are history only
	Decided   time.Time `json:"decided"`   // hours that end by here are decided
	First     trail.Day `json:"first"`     // first delivery day that was ever asked for
	FullList  trail.Day `json:"fullList"`  // day of the last run that listed 35 delivery days

	Days     []DayRef   `json:"days"`             // event days, ascending
	Objects  []Listed   `json:"objects"`          // delivery days, ascending
	Exposure []Exposed  `json:"exposure"`         // what deliveries prove about calendar days, ascending
	States   []StateRef `json:"states"`           // what deciding carries from day to day, ascending; the last week's
	Expired  trail.Day  `json:"expired,omitzero"` // days before this one have been given up: no run reads their deliveries again
	Reports  trail.Day  `json:"reports,omitzero"` // reports of days before this one have been given up: gc deletes them
	Redecide trail.Day  `json:"redecide"`         // first day whose counts changed since it was decided; meaningful while Dirty
	Dirty    bool       `json:"dirty"`            // ingested, but not decided yet
	Marks    int        `json:"marks,omitempty"`  // number of the last mark that was heeded

	Drop []string `json:"drop,omitempty"` // table files the run wrote and this commit does not name: to be deleted

	Told string `json:"told,omitempty"` // what the run told of, for sinks; "" when that is nothing

	Totals Ledger `json:"totals"` // over all runs
	Run    Ledger `json:"run"`    // of the run that ingested last
	Times  Span   `json:"times"`  // of the records that it kept
}

// DayRef points at the manifest of one event day.
type DayRef struct {
	Day      trail.Day `json:"day"`
	Manifest string    `json:"manifest"`
}

// Listed points at the lists of objects of one delivery day that were read.
type Listed struct {
	Day   string   `json:"day"` // 2026-11-01, or "undated" for keys that name no day
	Lists []string `json:"lists"`
}

// Exposed says which hours of a day were observed (bit h for hour h, UTC).
type Exposed struct {
	Day   trail.Day `json:"day"`
	Hours uint32    `json:"hours"`
}

// Span is the time of the first and of the last of some events, in milliseconds since 1970, UTC; both 0 where there are none.
type Span struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// Plus is the span of both.
func (s Span) Plus(o Span) Span {
	switch (Span{}) {
	case s:
		return o
	case o:
		return s
	}
	return Span{min(s.First, o.First), max(s.Last, o.Last)}
}

// StateRef points at the state at 00:00 UTC of a day from which its decisions can be made again.
type StateRef struct {
	Day trail.Day `json:"day"`
	Key string    `json:"key"`
}

// Ledger accounts for every record: In = Kept + Duplicate + Replaced + Rejected. An event that a later run's correction replaces stays Kept
// in the ledger of its own run, and is Replaced in the totals.
type Ledger struct {
	Objects         int64 `json:"objects"`         // read, rejected ones included
	ObjectsRejected int64 `json:"objectsRejected"` // not readable as a whole; their records are unknown and in no other field
	Bytes           int64 `json:"bytes"`           // as stored
	JSONBytes       int64 `json:"jsonBytes"`       // inflated
	In              int64 `json:"in"`              // records found in the objects that could be read
	Kept            int64 `json:"kept"`
	Duplicate       int64 `json:"duplicate"` // the same event again
	Replaced        int64 `json:"replaced"`  // kept in events, but counted through the UPDATED_DATA record that corrects it
	Rejected        int64 `json:"rejected"`  // conflicts included
	Conflicts       int64 `json:"conflicts"` // the same event ID with other content; a part of Rejected
	Excluded        int64 `json:"excluded"`  // kept, but of a kind that no rate counts; a part of Kept
}

// Balances tells whether every record is accounted for.
func (l Ledger) Balances() bool { return l.In == l.Kept+l.Duplicate+l.Replaced+l.Rejected }

// Plus adds ledgers.
func (l Ledger) Plus(o Ledger) Ledger {
	return Ledger{
		l.Objects + o.Objects, l.ObjectsRejected + o.ObjectsRejected, l.Bytes + o.Bytes, l.JSONBytes + o.JSONBytes,
		l.In + o.In, l.Kept + o.Kept, l.Duplicate + o.Duplicate, l.Replaced + o.Replaced, l.Rejected + o.Rejected,
		l.Conflicts + o.Conflicts, l.Excluded + o.Excluded,
	}
}

const (
	commitPrefix = "state/commits/"
	latestKey    = "state/latest" // a hint: the highest number when it was written; the truth is the listing after it
)

func commitKey(n int) string { return fmt.Sprintf("%s%08d.json", commitPrefix, n) }

// ErrForeign says that something in the lake is not what trailgauge wrote: truncated, edited, or of a newer version.
var ErrForeign = errors.New("not what trailgauge wrote there")

// Current returns the current commit; a lake without one is empty, and the Commit has Number 0.
func Current(ctx context.Context, s store.Store) (*Commit, error) {
	after := ""
	if hint, _, err := s.Get(ctx, latestKey, 64); err == nil {
		if n, err := strconv.Atoi(strings.TrimSpace(string(hint))); err == nil && n > 0 {
			after = commitKey(n - 1)
		}
	} else if !errors.Is(err, store.ErrNotExist) {
		return nil, err
	}
	highest := ""
	err := s.List(ctx, commitPrefix, after, func(i store.Info) error {
		highest = i.Key
		return nil
	})
	if err != nil {
		return nil, err
	}
	if highest == "" {
		return &Commit{Format: 1}, nil
	}
	return load(ctx, s, highest)
}

// Load returns a commit by its number, be it current or not. Its manifests may be gone already.
func Load(ctx context.Context, s store.Store, number int) (*Commit, error) {
	return load(ctx, s, commitKey(number))
}

func load(ctx context.Context, s store.Store, key string) (*Commit, error) {
	c := new(Commit)
	if err := ReadJSON(ctx, s, key, c); err != nil {
		return nil, err
	}
	if c.Format != 1 || key != commitKey(c.Number) {
		return nil, fmt.Errorf("reading %s: format %d, number %d: %w", s.URL(key), c.Format, c.Number, ErrForeign)
	}
	return c, nil
}

// Save makes c the current commit. store.ErrExist means that another run was faster.
func (c *Commit) Save(ctx context.Context, s store.Store) error {
	text, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return err
	}
	key, body := commitKey(c.Number), append(text, '\n')
	if err := s.Create(ctx, key, body); err != nil {
		// A create that was retried after a lost answer, or another run that finished the same plan: the same bytes are ours.
		if there, _, e := s.Get(ctx, key, 0); !errors.Is(err, store.ErrExist) || e != nil || !bytes.Equal(there, body) {
			return err
		}
	}
	return c.Hint(ctx, s)
}

// Hint writes down that c is current, for the next one who looks; nothing is written when that is known already. A power cut may take it back, which
// makes looking slower and no more.
func (c *Commit) Hint(ctx context.Context, s store.Store) error {
	hint := []byte(strconv.Itoa(c.Number) + "\n")
	if there, _, err := s.Get(ctx, latestKey, 64); err == nil && bytes.Equal(there, hint) {
		return nil
	}
	return s.Prepare(ctx, latestKey, hint)
}

// Manifest returns the key of a day's manifest, "" when the commit has nothing of that day.
func (c *Commit) Manifest(d trail.Day) string {
	for _, r := range c.Days {
		if r.Day == d {
			return r.Manifest
		}
	}
	return ""
}

// ReadJSON reads a file of the lake into v. What is no JSON, or of another type, is ErrForeign; what is not there store.ErrNotExist.
func ReadJSON(ctx context.Context, s store.Store, key string, v any) error {
	body, _, err := s.Get(ctx, key, 0)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("reading %s: %w: %w", s.URL(key), err, ErrForeign)
	}
	return nil
}
