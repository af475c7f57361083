package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// An UPDATED_DATA record is counted like any other, where its own time says, and takes the event it replaces out of the counts of that one's day:
// once, whichever comes first, on whatever days that the index knows, in whatever runs. Both stay in the events table.

// touched is one event day with what the run changes of it.
type touched struct {
	manifest *lake.Manifest
	parts    []partDay
	fixes    []id // events that count no longer: a correction came
	known    map[id]*original

	awaited, replaced map[id]bool // of the manifest, as they grow

	dropped     []string    // files of the run that nothing names
	run, totals lake.Ledger // what fixes change in the sums of the run and of all runs before
}

// days gathers the parts by day, and the events that corrections replace.
func (m *merger) days(ctx context.Context, before *lake.Commit) ([]*touched, error) {
	byDay := map[trail.Day]*touched{}
	at := func(d trail.Day) (*touched, error) {
		if byDay[d] != nil {
			return byDay[d], nil
		}
		t, err := m.touch(ctx, before, d)
		byDay[d] = t
		return t, err
	}
	for _, p := range m.parts {
		for _, pd := range p.Days {
			t, err := at(pd.Day)
			if err != nil {
				return nil, err
			}
			t.parts = append(t.parts, pd)
		}
		for _, c := range p.Corrections {
			if err := m.correct(at, c); err != nil {
				return nil, err
			}
		}
	}
	for d, list := range m.settled.awaited {
		for a := range list {
			if _, arrived := m.settled.where[a]; !arrived {
				continue
			}
			t, err := at(d)
			if err != nil {
				return nil, err
			}
			delete(t.awaited, a)
			if err := m.correct(at, correction{Day: d, ID: a}); err != nil {
				return nil, err
			}
		}
	}
	var out []*touched
	for _, d := range slices.Sorted(maps.Keys(byDay)) {
		t := byDay[d]
		t.manifest.Awaited, t.manifest.Replaced = writeIDs(t.awaited), writeIDs(t.replaced)
		slices.SortFunc(t.fixes, compareIDs)
		out = append(out, t)
	}
	return out, nil
}

func (m *merger) touch(ctx context.Context, before *lake.Commit, d trail.Day) (*touched, error) {
	man := m.settled.known[d]
	var err error
	if man == nil {
		if man, err = lake.LoadManifest(ctx, m.lake, before, d); err != nil {
			return nil, err
		}
	}
	t := &touched{manifest: man, known: map[id]*original{}}
	if t.awaited, err = readIDs(man, man.Awaited); err == nil {
		t.replaced, err = readIDs(man, man.Replaced)
	}
	return t, err
}

// correct notes that an event counts no longer, on its day where it is there, else as awaited on the day of its correction.
func (m *merger) correct(at func(trail.Day) (*touched, error), c correction) error {
	day, there := m.settled.where[c.ID]
	if !there {
		day = c.Day
	}
	t, err := at(day)
	switch {
	case err != nil:
		return err
	case !there:
		t.awaited[c.ID] = true
	case !t.replaced[c.ID]: // by another correction
		t.replaced[c.ID] = true
		t.fixes = append(t.fixes, c.ID)
	}
	if there && c.Original != nil {
		t.known[c.ID] = c.Original
	}
	return nil
}

// fix takes replaced events out of the sums, and returns tiles that take them out of the counts: with negative numbers.
func (m *merger) fix(ctx context.Context, t *touched) ([]counts.Tile, error) {
	if len(t.fixes) == 0 {
		return nil, nil
	}
	var tiles counts.Builder
	var rows []lake.ReplacedRow
	replace := func(o *original, l *lake.Ledger) {
		rows = append(rows, lake.ReplacedRow{Account: o.Account, EventID: o.EventID, EventTS: o.Time})
		l.Replaced++
		l.Kept--
		if o.Counted {
			tiles.Add(o.Series, o.Class, o.Time, -1)
		} else {
			l.Excluded--
		}
	}
	var sought []id
	for _, i := range t.fixes {
		if o := t.known[i]; o != nil {
			replace(o, &t.run)
		} else {
			sought = append(sought, i)
		}
	}
	if err := m.seek(ctx, t, sought, replace); err != nil {
		return nil, err
	}
	if err := m.tell(ctx, t, rows); err != nil {
		return nil, err
	}
	return tiles.Tiles(), nil
}

// seek calls replace for events of the day, ascending by identity, as its files have them, with the sums that they are part of.
func (m *merger) seek(ctx context.Context, t *touched, sought []id, replace func(*original, *lake.Ledger)) error {
	if len(sought) == 0 {
		return nil
	}
	mine := map[string]bool{}
	for _, p := range t.parts {
		mine[p.Events.Key] = true
	}
	found, err := findEvents(ctx, m.lake, t.manifest, sought, func(f lake.File, r *trail.Record) {
		l := &t.totals // what an earlier run kept is replaced in the sum over all runs
		if mine[f.Key] {
			l = &t.run
		}
		replace(&original{seriesOf(r), classOf(r), r.CountCategory != "", r.EventID, r.EventTS}, l)
	})
	if err == nil && found != len(sought) {
		err = fmt.Errorf("the events of %s hold %d of the %d that were corrected: %w", t.manifest.Day, found, len(sought), lake.ErrForeign)
	}
	return err
}

// tell adds events to the day's file of the table Replaced.
func (m *merger) tell(ctx context.Context, t *touched, rows []lake.ReplacedRow) error {
	files := t.manifest.Files
	for _, f := range files[lake.Replaced] {
		known, err := lake.ReadReplaced(ctx, m.lake, f)
		if err != nil {
			return err
		}
		rows = append(rows, known...)
	}
	body, err := lake.EncodeReplaced(rows)
	if err != nil {
		return fmt.Errorf("encoding the replaced events of %s: %w", t.manifest.Day, err)
	}
	f, err := putFile(ctx, m.lake, lake.Replaced, t.manifest.Day, m.commit.Number, "day", body, len(rows))
	files[lake.Replaced] = []lake.File{f}
	return err
}

// findEvents reads the events of a day with the given identities, ascending, and returns how many there are.
func findEvents(ctx context.Context, s store.Store, man *lake.Manifest, ids []id, fn func(lake.File, *trail.Record)) (int, error) {
	n := 0
	want := func(account, eventID string) bool {
		_, ok := slices.BinarySearchFunc(ids, id(decode.EventKey(account, eventID)), compareIDs)
		return ok
	}
	for _, f := range man.Files[lake.Events] {
		err := lake.FindEvents(ctx, s, f, want, func(r *trail.Record) error {
			n++
			fn(f, r)
			return nil
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// readIDs reads the identities that a manifest lists.
func readIDs(man *lake.Manifest, texts []string) (map[id]bool, error) {
	set := make(map[id]bool, len(texts))
	for _, text := range texts {
		var i id
		if err := i.UnmarshalText([]byte(text)); err != nil {
			return nil, fmt.Errorf("the manifest of %s: %w: %w", man.Day, err, lake.ErrForeign)
		}
		set[i] = true
	}
	return set, nil
}

func writeIDs(set map[id]bool) (texts []string) {
	for i := range set {
		text, _ := i.MarshalText()
		texts = append(texts, string(text))
	}
	slices.Sort(texts)
	return texts
}
