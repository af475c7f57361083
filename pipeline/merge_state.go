package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// findEvents reads the events with the given identities and returns how many there are.
func findEvents(ctx context.Context, s store.Store, man *lake.Manifest, ids []id, fn func(lake.File, *trail.Record)) (int, error) {
	n := 0
	want := func(account, eventID string) bool {
		_, ok := slices.BinarySearchFunc(ids, id(decode.EventKey(account, eventID)), compareIDs)
		return ok
	}
	for _, f := range man.Files[lake.Events] {
		body, _, err := s.Get(ctx, f.Key, 0)
		if err != nil {
			return n, err
		}
		err = lake.FindEvents(body, want, func(r *trail.Record) error {
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

// correctedBefore returns which events the committed events of a day replace.
func correctedBefore(ctx context.Context, s store.Store, man *lake.Manifest) (map[id]bool, error) {
	done := map[id]bool{}
	for _, f := range man.Files[lake.Events] {
		body, _, err := s.Get(ctx, f.Key, 0)
		if err != nil {
			return nil, err
		}
		err = lake.EachEvent(body, func(counts.Series) bool { return true }, func(r *trail.Record) error {
			if r.Supersedes != "" {
				done[decode.EventKey(r.Account, r.Supersedes)] = true
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", s.URL(f.Key), err)
		}
	}
	return done, nil
}

// expose adds the hours in which the trail was alive.
func (m *merger) expose() {
	all := hours{}
	for _, e := range m.commit.Exposure {
		all[e.Day] |= e.Hours
	}
	for _, e := range m.plan.Alive {
		all[e.Day] |= e.Hours
	}
	for _, p := range m.parts {
		for _, e := range p.Hours {
			all[e.Day] |= e.Hours
		}
	}
	m.commit.Exposure = all.list()
}

// lists notes which objects were read. One that may be readable later is left out, so that the next run tries it again.
func (m *merger) lists(ctx context.Context) error {
	objects := map[int]Object{}
	for _, s := range m.plan.Shards {
		for _, o := range s.Objects {
			objects[o.Number] = o
		}
	}
	byDay := map[string][]readObject{}
	for _, p := range m.parts {
		for _, o := range p.Objects {
			if planned := objects[o.Number]; !o.Again {
				day := deliveryDay(m.base, planned.Key)
				byDay[day] = append(byDay[day], readObject{planned.Key, planned.ETag, planned.Size, o.Reason != ""})
			}
		}
	}
	for day, list := range byDay {
		if err := m.list(ctx, day, list); err != nil {
			return err
		}
	}
	slices.SortFunc(m.commit.Objects, func(a, b lake.Listed) int { return strings.Compare(a.Day, b.Day) })
	return nil
}

// maxLists bounds the lists of one delivery day: with more they are merged into one.
const maxLists = 8

func (m *merger) list(ctx context.Context, day string, list []readObject) error {
	c := m.commit
	at := slices.IndexFunc(c.Objects, func(l lake.Listed) bool { return l.Day == day })
	if at < 0 {
		at = len(c.Objects)
		c.Objects = append(c.Objects, lake.Listed{Day: day})
	}
	lists := slices.Clone(c.Objects[at].Lists)
	if len(lists) >= maxLists {
		latest := map[string]readObject{}
		for _, key := range lists {
			body, _, err := m.lake.Get(ctx, key, 0)
			if err != nil {
				return err
			}
			old, err := decodeList(body)
			if err != nil {
				return err
			}
			for _, o := range old {
				latest[o.key] = o
			}
		}
		for _, o := range list {
			latest[o.key] = o
		}
		list = list[:0]
		for _, o := range latest {
			list = append(list, o)
		}
		lists = nil
	}
	key := listKey(day, c.Number)
	c.Objects[at].Lists = append(lists, key)
	return m.lake.Put(ctx, key, encodeList(list))
}

// exposure says which hours of [first, first+days) were observed, as far as the commit can tell.
func exposure(c *lake.Commit, first trail.Day, days int) *counts.Exposure {
	e := counts.NewExposure(first, days)
	for _, x := range c.Exposure {
		for h := range 24 {
			if x.Hours>>h&1 == 1 {
				e.Deliver(int(x.Day-first)*24 + h)
			}
		}
	}
	return e
}
