package pipeline

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// part is what scanning one shard came to. It is written last, so that a part that can be read is whole.
type part struct {
	Ledger      lake.Ledger    `json:"ledger"`
	Objects     []scanned      `json:"objects"`
	Days        []partDay      `json:"days"`  // ascending, from the beginning again after a spill
	Hours       []lake.Exposed `json:"hours"` // hours in which something was delivered or happened, ascending
	Times       lake.Span      `json:"times"` // of the records kept
	Corrections []correction   `json:"corrections,omitempty"`
	Rejected    string         `json:"rejected,omitempty"` // key of the list of what was rejected
	fresh       bool           // scanned just now, not by an earlier attempt

	Struck []byte `json:"struck,omitempty"` // a file of keys: events left out, and which records of the shards before have them
}

// scanned is the ledger of one object: In = Kept + Duplicate + Rejected.
type scanned struct {
	Number    int    `json:"n"`
	ETag      string `json:"etag"`
	In        int64  `json:"in"`
	Kept      int64  `json:"kept"`
	Duplicate int64  `json:"duplicate"`
	Rejected  int64  `json:"rejected"`
	Reason    string `json:"reason,omitempty"` // why the object as a whole was rejected
	Again     bool   `json:"again,omitempty"`  // the reason may pass: the next run tries it again
}

// partDay is what a shard found of one event day.
type partDay struct {
	Day    trail.Day `json:"day"`
	Events lake.File `json:"events"`
	Counts piece     `json:"counts"` // tiles; of no bytes when nothing of the day is counted
	Keys   piece     `json:"keys"`
}

// piece is what a shard has for the merge alone, of one day: a stretch of its one working file. A file a day and kind cost more than what is in them.
type piece struct {
	File  string `json:"file,omitempty"`
	From  int64  `json:"from"`
	Bytes int64  `json:"bytes"`
	held  []byte // the stretch itself, where it stays in memory
}

func (p piece) read(ctx context.Context, s store.Store) ([]byte, error) {
	if p.held != nil {
		return p.held, nil
	}
	body, err := s.GetRange(ctx, p.File, p.From, p.Bytes)
	if err == nil && int64(len(body)) != p.Bytes {
		err = fmt.Errorf("reading %s: it is truncated: %w", s.URL(p.File), lake.ErrForeign)
	}
	return body, err
}

func (p piece) keys(ctx context.Context, s store.Store) (lake.Keys, error) {
	body, err := p.read(ctx, s)
	if err != nil {
		return nil, err
	}
	return decodeKeys(s, p.File, body)
}

// tiles reads counts of a day.
func (p piece) tiles(ctx context.Context, s store.Store, day trail.Day) (counts.Reader, error) {
	if p.Bytes == 0 {
		return counts.Slice(nil), nil
	}
	body, err := p.read(ctx, s)
	if err != nil {
		return nil, err
	}
	tiles, err := lake.DecodeTileRun(body, day)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w: %w", s.URL(p.File), err, lake.ErrForeign)
	}
	return counts.Slice(tiles), nil
}

// memory counts what the shards of a run leave for its merge in memory: as long as there is room, neither their working files nor their parts are
// written. A run that finishes this one scans those shards again. Nil: there is no room, as others are to find what was scanned.
type memory struct{ used atomic.Int64 }

// memoryBytes bounds it: the identities of half a million events, some ten seconds of scanning.
var memoryBytes int64 = 16 << 20 // a variable for tests

// hold keeps a shard's pieces, which work holds, and tells whether there was room.
func (m *memory) hold(p *part, work []byte) bool {
	n := int64(len(work))
	if m == nil {
		return false
	}
	if m.used.Add(n) > memoryBytes {
		m.used.Add(-n)
		return false
	}
	work = slices.Clone(work)
	for i := range p.Days {
		for _, x := range []*piece{&p.Days[i].Keys, &p.Days[i].Counts} {
			x.held = work[x.From : x.From+x.Bytes : x.From+x.Bytes]
		}
	}
	return true
}

// correction is an UPDATED_DATA record: the event it replaces must not be counted any more.
type correction struct {
	Day      trail.Day `json:"day"`                // of the record that corrects
	ID       id        `json:"id"`                 // of the event that is replaced
	Original *original `json:"original,omitempty"` // that event, where the shard keeps it too, as most are: it need not be looked for
}

// original is an event that is replaced, with what it is counted as.
type original struct {
	counts.Series
	counts.Class
	Counted bool   `json:"counted"`
	EventID string `json:"eventID"`
	Time    int64  `json:"time"` // milliseconds since 1970 UTC
}

// id is an event's 128-bit identity, written in hexadecimal.
type id [16]byte

func (i id) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, i[:]), nil }

func (i *id) UnmarshalText(b []byte) error {
	if len(b) != 32 {
		return fmt.Errorf("an event identity of %d digits", len(b))
	}
	_, err := hex.Decode(i[:], b)
	return err
}

func compareIDs(a, b id) int { return lake.CompareIDs(a, b) }

// partName tells a shard's first scan from the one that left out what another shard had first.
func partName(shard int, again bool) string {
	if again {
		return fmt.Sprintf("%04dx", shard)
	}
	return fmt.Sprintf("%04d", shard)
}

func partPrefix(run int) string { return fmt.Sprintf("state/parts/%08d/", run) }

func workKey(run int, name string) string { return partPrefix(run) + name + ".pieces" }

func partKey(run int, name string) string { return partPrefix(run) + name + ".json" }

func loadPart(ctx context.Context, s store.Store, run int, name string) (*part, error) {
	p := new(part)
	switch err := lake.ReadJSON(ctx, s, partKey(run, name), p); {
	case errors.Is(err, store.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return p, nil
}

func (p *part) save(ctx context.Context, s store.Store, run int, name string) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return s.Put(ctx, partKey(run, name), append(body, '\n'))
}

// files returns the table files a part wrote.
func (p *part) files() (keys []string) {
	for _, d := range p.Days {
		keys = append(keys, d.Events.Key)
	}
	return keys
}

// hours collects in which hours of which days the trail was alive.
type hours map[trail.Day]uint32

func (h hours) mark(d trail.Day, hour int) { h[d] |= 1 << hour }

func (h hours) list() []lake.Exposed {
	var out []lake.Exposed
	for d, bits := range h {
		out = append(out, lake.Exposed{Day: d, Hours: bits})
	}
	slices.SortFunc(out, func(a, b lake.Exposed) int { return cmp.Compare(a.Day, b.Day) })
	return out
}
