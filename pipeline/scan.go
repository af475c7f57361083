package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// place is where a record lies: the number of its object in the plan, and its position in it.
type place struct{ object, position uint32 }

// survivors says which place keeps an event that several shards hold.
type survivors map[id]lake.Key

// scanner works through one shard: a straight line from objects to one events file a day, and what the merge needs to know of them.
type scanner struct {
	trail, lake store.Store
	base        string
	commit      *lake.Commit // whose events are not to be taken in again
	run         int
	name        string
	shard       int         // its number in the plan
	elsewhere   survivors   // events that another shard keeps; nil at the first scan
	neighbours  *neighbours // nil at the second
	looks       bool        // somebody else scans the shard: it is read for its keys, and nothing is written
	memory      *memory
	progress    Progress

	*desk
	spilled int // records written already: keys and dropped go on, rows begin anew
	spills  int // how often that was
	known   map[trail.Day][]lake.Keys
	hours   hours
	rejects rejects
	struck  map[id]bool // left out for the sake of a neighbour
	strikes []lake.Key  // whom for
	part    part
}

// scan reads a shard's objects and writes its part. It returns the part that is there already when an earlier attempt got that far.
func (s *scanner) scan(ctx context.Context, shard Shard) (*part, error) {
	if p, err := loadPart(ctx, s.lake, s.run, s.name); p != nil || err != nil {
		if err == nil && len(p.Objects) != len(shard.Objects) {
			return nil, fmt.Errorf("reading %s: it is of %d objects, its shard has %d: %w", s.lake.URL(partKey(s.run, s.name)), len(p.Objects), len(shard.Objects), lake.ErrForeign)
		}
		if err == nil && s.neighbours != nil {
			err = s.neighbours.showPart(ctx, s.lake, s.shard, p, expected(shard))
		}
		return p, err
	}
	if err := s.gather(ctx, shard); err != nil {
		return nil, err
	}
	rows := s.byKey(s.spilled)
	s.show(shard, rows)
	if err := s.strike(ctx, rows); err != nil {
		return nil, err
	}
	if err := s.write(ctx, rows); err != nil {
		return nil, err
	}
	p := s.part // a copy: a pointer into the scanner would keep all the shard's records in memory
	p.fresh = true
	return &p, nil
}

// look shows the neighbours which events a shard holds.
func (s *scanner) look(ctx context.Context, shard Shard) error {
	p, err := loadPart(ctx, s.lake, s.run, s.name)
	if err != nil {
		return err
	}
	if p != nil {
		return s.neighbours.showPart(ctx, s.lake, s.shard, p, expected(shard))
	}
	if err := s.gather(ctx, shard); err != nil {
		return err
	}
	s.show(shard, s.byKey(s.spilled))
	return nil
}

// gather takes in a shard's objects. What is too much for memory it writes.
func (s *scanner) gather(ctx context.Context, shard Shard) error {
	s.struck = map[id]bool{}
	s.known, s.hours = map[trail.Day][]lake.Keys{}, hours{}
	s.desk.clear(expected(shard))
	take, stop := fetch(ctx, s.trail, shard.Objects)
	defer stop()
	for i, o := range shard.Objects {
		f := take(i)
		if err := s.object(ctx, o, f); err != nil {
			return err
		}
		store.Release(f.body)
		if s.rows.Len() >= spillRows || s.rows.Size() >= spillBytes {
			rows := s.byKey(s.spilled)
			if err := s.strike(ctx, rows); err != nil {
				return err
			}
			if err := s.spill(ctx, rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// expected guesses how many records a shard holds: CloudTrail's have 1 to 2 kB of JSON.
func expected(shard Shard) int {
	var bytes int64
	for _, o := range shard.Objects {
		bytes += jsonSize(o)
	}
	return int(bytes/1500) + 64
}

// object takes one object in, as a whole or not at all.
func (s *scanner) object(ctx context.Context, o Object, f fetched) error {
	src := trail.ParseKey(s.base + "/" + o.Key)
	result := scanned{Number: o.Number, ETag: o.ETag}
	err := f.err
	if err == nil && f.info.ETag != o.ETag {
		err = errChanged
	}
	var inflated int
	if err == nil {
		inflated, err = s.decode(ctx, o, src, f.body, &result)
	}
	var bad badObject
	switch {
	case err == nil:
		s.deliver(src)
	case errors.Is(err, store.ErrCredentials), errors.Is(err, store.ErrRole): // says nothing of the object: all others would follow
		return err
	case errors.As(err, &bad), errors.Is(err, errChanged), errors.Is(err, store.ErrNotExist), errors.Is(err, store.ErrDenied),
		errors.Is(err, store.ErrTooLarge), errors.Is(err, store.ErrBadKey):
		result = scanned{Number: o.Number, ETag: o.ETag, Reason: reasonOf(err), Again: !errors.As(err, &bad) && !errors.Is(err, store.ErrTooLarge) && !errors.Is(err, store.ErrBadKey)}
		s.rejects.object(o.Key, result.Reason)
		s.part.Ledger.ObjectsRejected++
	default:
		return err
	}
	s.part.Objects = append(s.part.Objects, result)
	s.part.Ledger = s.part.Ledger.Plus(lake.Ledger{
		Objects: 1, Bytes: o.Size, JSONBytes: int64(inflated), In: result.In, Kept: result.Kept, Duplicate: result.Duplicate, Rejected: result.Rejected,
	})
	s.progress.Add(1, o.Size, result.In)
	return nil
}

var errChanged = errors.New("changed since it was listed: the next run reads it as it is then")

// badObject is an object whose bytes cannot be read as records.
type badObject struct{ error }

func reasonOf(err error) string {
	switch {
	case errors.Is(err, store.ErrNotExist):
		return "vanished between listing and reading"
	case errors.Is(err, store.ErrBadKey):
		return "its key is not a clean path: such objects are never opened"
	case errors.Is(err, store.ErrTooLarge):
		return fmt.Sprintf("larger than %d MiB", decode.MaxObject>>20)
	}
	return err.Error()
}

// earlier finds the survivor of an event that was seen before, in another shard or in the lake.
func (s *scanner) earlier(ctx context.Context, key lake.Key, day trail.Day) (lake.Key, bool, error) {
	if k, ok := s.elsewhere[key.ID]; ok && (place{k.Object, k.Position} != place{key.Object, key.Position}) {
		return k, true, nil
	}
	known, ok := s.known[day]
	if !ok {
		var err error
		if known, err = knownKeys(ctx, s.lake, s.commit, day); err != nil {
			return lake.Key{}, false, err
		}
		s.known[day] = known
	}
	for _, f := range known {
		if k, ok := f.Find(key.ID); ok {
			return k, true, nil
		}
	}
	return lake.Key{}, false, nil
}

// knownKeys loads the identities of a day's events that the lake has.
func knownKeys(ctx context.Context, s store.Store, c *lake.Commit, day trail.Day) ([]lake.Keys, error) {
	m, err := lake.LoadManifest(ctx, s, c, day)
	if err != nil {
		return nil, err
	}
	return loadKeys(ctx, s, m.Keys)
}

// loadKeys reads files of keys.
func loadKeys(ctx context.Context, s store.Store, names []string) ([]lake.Keys, error) {
	var out []lake.Keys
	for _, name := range names {
		body, _, err := s.Get(ctx, name, 0)
		if err != nil {
			return nil, err
		}
		keys, err := decodeKeys(s, name, body)
		if err != nil {
			return nil, err
		}
		out = append(out, keys)
	}
	return out, nil
}

func decodeKeys(s store.Store, name string, body []byte) (lake.Keys, error) {
	keys, err := lake.DecodeKeys(body)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w: %w", s.URL(name), err, lake.ErrForeign)
	}
	return keys, nil
}

// countedAs says under which category and error code a record is counted; no category: not at all.
func countedAs(r *trail.Record) (category, code string) {
	if !trail.Counted(r) {
		return "", ""
	}
	if r.IsError {
		code, _, _ = trail.ErrorOf(r)
	}
	return trail.Category(trail.IsData(r)), code
}

// deliver notes the hour in which an object proves the trail to have been alive.
func (s *scanner) deliver(src trail.Object) {
	if !src.Stamp.IsZero() {
		s.hours.mark(trail.DayOf(src.Stamp), src.Stamp.UTC().Hour())
	}
}

// happen notes the hours of the rows from the given one on.
func (s *scanner) happen(from int) {
	for i := from; i < s.rows.Len(); i++ {
		ms := s.rows.Time(i)
		d := trail.DayOfMilli(ms)
		s.hours.mark(d, int((ms-d.Start().UnixMilli())/3_600_000))
	}
}

// spillRows and spillBytes are how many records, and bytes of their texts, a shard gathers before it writes files: about twice what
// shardJSON usually holds. Records can be a twentieth of the usual size, and a gzipped object a hundred times as large as was guessed.
var spillRows = 48 << 10 // a variable for tests

const spillBytes = 64 << 20

// spill brings the records in hand, byKey, into the lake and makes room for more. Their identities stay.
func (s *scanner) spill(ctx context.Context, rows keyedRows) error {
	if !s.looks {
		if err := s.writeRows(ctx, rows); err != nil {
			return err
		}
	}
	s.spilled += s.rows.Len()
	s.spills++
	s.clearRows()
	return nil
}

// writeRows writes the rows in hand: a file of events a day, whose counts and keys go into the working file.
func (s *scanner) writeRows(ctx context.Context, rows keyedRows) error {
	for i, dropped := range s.dropped[s.spilled:] {
		if !dropped {
			ms := s.rows.Time(i)
			s.part.Times = s.part.Times.Plus(lake.Span{First: ms, Last: ms})
			s.order = append(s.order, placed{day: trail.DayOfMilli(ms), row: int32(i), time: ms})
		}
	}
	s.desk.sort(s.order)
	var days [][]placed
	keys, room := map[trail.Day][]lake.Key{}, slices.Grow(s.dayKeys[:0], len(s.order))
	s.dayKeys = room
	for rest := s.order; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].day == rest[0].day {
			n++
		}
		days, keys[rest[0].day] = append(days, rest[:n]), room[:0:n]
		rest, room = rest[n:], room[n:n]
	}
	for i, row := range rows.rows {
		if !s.dropped[row] {
			day := trail.DayOfMilli(s.rows.Time(int(row) - s.spilled))
			keys[day] = append(keys[day], rows.keys[i])
		}
	}
	for _, order := range days {
		day := order[0].day
		if err := s.writeDay(ctx, day, order, keys[day]); err != nil {
			return err
		}
	}
	return nil
}

// write brings the rest of the shard's records, tiles and keys into the lake, and then its part.
func (s *scanner) write(ctx context.Context, rows keyedRows) error {
	if err := s.spill(ctx, rows); err != nil {
		return err
	}
	if s.part.Hours = s.hours.list(); len(s.strikes) > 0 {
		slices.SortFunc(s.strikes, lake.Key.Compare)
		s.part.Struck = lake.EncodeKeys(s.strikes)
	}
	if body := s.rejects.body(); len(body) > 0 {
		s.part.Rejected = rejectedKey(s.run, s.name)
		if err := s.lake.Prepare(ctx, s.part.Rejected, body); err != nil {
			return err
		}
	}
	if s.memory.hold(&s.part, s.work) {
		return nil
	}
	if len(s.work) > 0 {
		if err := s.lake.Prepare(ctx, workKey(s.run, s.name), s.work); err != nil {
			return err
		}
	}
	return s.part.save(ctx, s.lake, s.run, s.name)
}

func seriesOf(r *trail.Record) counts.Series {
	return counts.Series{Account: r.Account, Region: r.Region, Source: r.EventSource, Name: r.EventName, Principal: r.Principal}
}

func classOf(r *trail.Record) counts.Class {
	return counts.Class{Data: r.CountCategory == trail.Category(true), ReadOnly: r.ReadOnlyBool != nil && *r.ReadOnlyBool, ErrorCode: r.CountError}
}

// writeDay writes what is kept of a day: its rows in order, and their keys, ascending.
func (s *scanner) writeDay(ctx context.Context, day trail.Day, order []placed, keys []lake.Key) error {
	var tiles counts.Builder
	k, supersedes := s.keyed(), s.rows.Texts("supersedes")
	s.written = s.written[:0]
	for _, at := range order {
		row := int(at.row)
		s.written = append(s.written, at.row)
		if old := supersedes.At(row); old != "" {
			of := id(decode.EventKey(k.account.At(row), old))
			s.part.Corrections = append(s.part.Corrections, correction{day, of, s.original(&k, of)})
		}
		if k.category.At(row) == "" {
			s.part.Ledger.Excluded++
			continue
		}
		tiles.Add(k.series(row), k.class(row), at.time, 1)
	}
	body, err := s.rows.Encode(s.written)
	if err != nil {
		return fmt.Errorf("encoding the events of %s: %w", day, err)
	}
	name := s.name
	if s.spills > 0 {
		name = fmt.Sprintf("%s-%d", name, s.spills)
	}
	d, from := partDay{Day: day}, len(s.work)
	s.work = lake.AppendKeys(s.work, keys)
	d.Keys = s.piece(from)
	if d.Events, err = putFile(ctx, s.lake, lake.Events, day, s.run, name, body, len(order)); err != nil {
		return err
	}
	if t := tiles.Tiles(); len(t) > 0 {
		from := len(s.work)
		s.work = lake.AppendTileRun(s.work, t)
		d.Counts = s.piece(from)
	}
	s.part.Days = append(s.part.Days, d)
	return nil
}

// original returns an event that a correction replaces, if it is among the rows in hand and kept. It outlives them.
func (s *scanner) original(k *keyed, of id) *original {
	row, _ := s.first.find(s.keys, of)
	at := int(row) - s.spilled
	if row < 0 || at < 0 || s.dropped[row] {
		return nil
	}
	o := &original{k.series(at), k.class(at), k.category.At(at) != "", s.rows.Texts("eventid").At(at), s.rows.Time(at)}
	for _, text := range []*string{&o.Account, &o.Region, &o.Source, &o.Name, &o.Principal, &o.ErrorCode, &o.EventID} {
		*text = strings.Clone(*text)
	}
	return o
}

// piece is what was added to the shard's working file since it had the given size.
func (s *scanner) piece(from int) piece {
	return piece{File: workKey(s.run, s.name), From: int64(from), Bytes: int64(len(s.work) - from)}
}

func putFile(ctx context.Context, s store.Store, t lake.Table, day trail.Day, run int, name string, body []byte, rows int) (lake.File, error) {
	f := lake.File{Key: lake.FileKey(t, day, run, name), Rows: int64(rows), Bytes: int64(len(body))}
	return f, s.Prepare(ctx, f.Key, body)
}

func putTiles(ctx context.Context, s store.Store, t lake.Table, day trail.Day, run int, name string, tiles []counts.Tile) (lake.File, error) {
	body, err := lake.EncodeTiles(tiles)
	if err != nil {
		return lake.File{}, fmt.Errorf("encoding the counts of %s: %w", day, err)
	}
	return putFile(ctx, s, t, day, run, name, body, len(tiles))
}
