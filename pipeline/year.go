package pipeline

import (
	"context"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// recall lets the year before a day excuse its alarms. Only the counts of the few alarmed units are taken out of the files of those days.
func (d *decider) recall(ctx context.Context, day trail.Day, cands []insight.Candidate, limits insight.Thresholds) error {
	units := insight.Alarmed(cands, limits)
	if len(units) == 0 {
		return nil
	}
	ask := newQuestion(units)
	var answers [insight.YearDays]map[insight.Unit]counts.Track
	first := day - insight.YearDays
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(d.workers)
	for k := range answers {
		g.Go(func() (err error) {
			answers[k], err = d.answer(ctx, first+trail.Day(k), ask)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	past := map[insight.Unit]*insight.Maxima{}
	for _, u := range units {
		p := &insight.Maxima{}
		for k := range answers {
			p.Add(first+trail.Day(k), answers[k][u])
		}
		past[u] = p
	}
	insight.Recall(cands, day, past, exposure(d.commit, first, insight.YearDays), limits)
	return nil
}

// question is units by series.
type question struct {
	units  map[counts.Series][]insight.Unit
	totals bool // some are roll-ups of principals
}

func newQuestion(units []insight.Unit) *question {
	q := &question{units: map[counts.Series][]insight.Unit{}}
	for _, u := range units {
		q.units[u.Series] = append(q.units[u.Series], u)
		q.totals = q.totals || u.IsTotal()
	}
	return q
}

// wants tells whether the calls of a series are part of what is asked for.
func (q *question) wants(s counts.Series) bool {
	for _, of := range [3]counts.Series{s, s.API(), {Account: s.Account, Principal: s.Principal}} {
		if _, ok := q.units[of]; ok {
			return true
		}
	}
	return false
}

// answer returns what the units counted on a day, by minute.
func (d *decider) answer(ctx context.Context, day trail.Day, q *question) (map[insight.Unit]counts.Track, error) {
	tiles, err := d.tiles.some(ctx, day, q.wants)
	if err != nil || len(tiles) == 0 {
		return nil, err
	}
	found := map[insight.Unit]counts.Track{}
	take := func(h *counts.History) error {
		for _, u := range q.units[h.Series] {
			if u.Data == h.Data {
				found[u] = trackOf(h, u)
			}
		}
		return nil
	}
	a := counts.Assembly{First: day, Days: 1, ScoreReads: d.config.ScoreReads}
	if err := a.Histories(counts.Slice(tiles), take); err != nil || !q.totals {
		return found, err
	}
	return found, a.Principals(counts.Slice(counts.ByPrincipal(tiles)), take)
}

// some returns the tiles of a day whose series are wanted, ascending. Nothing is added to the cache: most days of a year are read for few series.
func (t *tileCache) some(ctx context.Context, d trail.Day, want func(counts.Series) bool) ([]counts.Tile, error) {
	if tiles, ok := t.days[cached{day: d, order: bySeries}]; ok {
		var out []counts.Tile
		for _, tile := range tiles {
			if want(tile.Series) {
				out = append(out, tile)
			}
		}
		return out, nil
	}
	m, err := lake.LoadManifest(ctx, t.lake, t.commit, d)
	if err != nil {
		return nil, err
	}
	r, err := lake.SomeTiles(ctx, t.lake, m, want)
	if err != nil {
		return nil, err
	}
	return counts.Collect(r)
}
