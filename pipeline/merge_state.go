package pipeline

import (
	"context"
	"maps"
	"slices"
	"strings"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

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
				byDay[day] = append(byDay[day], readObject{planned.Key, planned.ETag, planned.Size, o.Reason != "", o.In, o.Rejected, o.Reason})
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
		latest, err := readLists(ctx, m.lake, lists)
		if err != nil {
			return err
		}
		for _, o := range list {
			latest[o.key] = o
		}
		list, lists = slices.Collect(maps.Values(latest)), nil // encoding sorts them
	}
	key := listKey(day, c.Number)
	c.Objects[at].Lists = append(lists, key)
	m.reopen(day)
	return m.lake.Prepare(ctx, key, encodeList(list))
}

// reopen takes the decisions back to a delivery day that was told of as a whole and got more objects: its report counts them. What the records in them change
// is another matter (note).
func (m *merger) reopen(day string) {
	c := m.commit
	d, err := trail.ParseDay(day)
	if err != nil || len(c.States) == 0 || d < c.States[0].Day || d >= trail.DayOf(c.Decided) { // undated; too old; not told of yet
		return
	}
	if c.Redecide == 0 || d < c.Redecide {
		c.Redecide = d
	}
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
