package pipeline

import (
	"context"

	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// decode appends an object's records to the shard's, or leaves the shard as it was and returns a badObject.
func (s *scanner) decode(ctx context.Context, o Object, src trail.Object, body []byte, result *scanned) (inflated int, err error) {
	text, err := decode.Inflate(s.text[:0], body, decode.MaxObject)
	if err != nil {
		return 0, badObject{err}
	}
	s.text, s.metas = text, s.metas[:0]
	t := &taking{scanner: s, object: o, result: result, from: s.rows.Len()}
	origin := decode.Source{Key: o.Key, Account: src.Account, Region: src.Region}
	var bad []decode.Rejection
	if err := s.decoder.Each(text, origin, t.try, func(r decode.Rejection) { bad = append(bad, r) }); err != nil {
		s.rows.Truncate(t.from)
		return 0, badObject{err}
	}
	for _, r := range bad {
		s.rejects.record(o.Key, r)
		result.In, result.Rejected = result.In+int64(1+r.More), result.Rejected+int64(1+r.More)
	}
	if t.crowded {
		s.rows.Truncate(t.from)
		s.metas = s.metas[:0]
		err = s.decoder.Each(text, origin, func(r *trail.Record, m decode.Meta) error { return t.take(ctx, r, m) }, nil)
	}
	if err == nil {
		err = t.settle(ctx)
	}
	if err == nil && len(t.conflicts) > 0 { // rare enough to be read once more
		err = s.decoder.Each(text, origin, t.conflict, nil)
	}
	return len(text), err
}

// taking is an object on its way into the shard.
type taking struct {
	*scanner
	object    Object
	result    *scanned
	from      int   // its first row that is not settled
	crowded   bool  // it alone has more records than a shard gathers
	conflicts []int // positions, ascending
}

// try gathers records, which may turn out to be of a bad object. Of a crowded one nothing can be written before that is known: it is
// looked through, and read again.
func (t *taking) try(r *trail.Record, m decode.Meta) error {
	if t.crowded = t.crowded || len(t.metas) >= spillRows; !t.crowded {
		t.gather(r, m)
	}
	return nil
}

// take gathers the records of a good object and writes what does not fit.
func (t *taking) take(ctx context.Context, r *trail.Record, m decode.Meta) error {
	if len(t.metas) >= spillRows {
		if err := t.settle(ctx); err != nil {
			return err
		}
		if err := t.spill(ctx, t.byKey(t.spilled)); err != nil {
			return err
		}
		t.from = 0
	}
	t.gather(r, m)
	return nil
}

func (t *taking) gather(r *trail.Record, m decode.Meta) {
	r.CountCategory, r.CountError = countedAs(r)
	t.rows.Append(r, m.Alike)
	t.metas = append(t.metas, m)
}

// settle sorts out what was gathered.
func (t *taking) settle(ctx context.Context) error {
	t.result.In += int64(len(t.metas))
	t.first.fetch(t.metas)
	for i, m := range t.metas {
		if err := t.sort(ctx, t.from+i, m); err != nil {
			return err
		}
	}
	t.happen(t.from)
	t.metas = t.metas[:0]
	return nil
}

// sort decides whether a record is new, a repeat, or a conflict. Objects come in order of keys and records in order of position, so the
// first of equal ones is the one with the smallest place.
func (t *taking) sort(ctx context.Context, row int, m decode.Meta) error {
	key := lake.Key{ID: m.Key, Sum: m.Sum, Object: uint32(t.object.Number), Position: uint32(m.Position)}
	t.keys, t.dropped = append(t.keys, key), append(t.dropped, false)
	first, slot := t.first.find(t.keys, key.ID)
	var original lake.Key
	var err error
	found := first >= 0
	if found {
		original = t.keys[first]
	} else if original, found, err = t.earlier(ctx, key, trail.DayOfMilli(t.rows.Time(row))); err != nil {
		return err
	}
	switch {
	case !found:
		t.first.put(t.keys, slot, int32(t.spilled+row))
		t.result.Kept++
		return nil
	case original.Sum == key.Sum:
		t.result.Duplicate++
	default:
		t.result.Rejected++
		t.part.Ledger.Conflicts++
		t.conflicts = append(t.conflicts, m.Position)
	}
	t.dropped[t.spilled+row] = true
	return nil
}

// conflict notes the next of the conflicts.
func (t *taking) conflict(r *trail.Record, m decode.Meta) error {
	if len(t.conflicts) > 0 && m.Position == t.conflicts[0] {
		t.rejects.conflict(t.object.Key, m.Position, r)
		t.conflicts = t.conflicts[1:]
	}
	return nil
}
