package counts

import (
	"slices"

	"trailgauge/pipeline/trail"
)

// Builder adds up calls, one at a time and in any order, into tiles.
type Builder struct {
	open map[place]*minutes
	last place // most calls follow one of the same series: spares a look-up
	into *minutes
}

type place struct {
	Series
	Class
	day trail.Day
}

type minutes []minute

type minute struct {
	at uint16
	n  int64
}

// Add counts n calls in the minute of ms, milliseconds since 1970 UTC. A negative n takes calls back.
func (b *Builder) Add(s Series, c Class, ms, n int64) {
	day := trail.DayOfMilli(ms)
	at := uint16((ms - day.Start().UnixMilli()) / 60_000)
	p := place{s, c, day}
	if b.into == nil || p != b.last {
		if b.open == nil {
			b.open = make(map[place]*minutes)
		}
		if b.open[p] == nil {
			b.open[p] = new(minutes)
		}
		b.last, b.into = p, b.open[p]
	}
	m := *b.into
	if k := len(m); k > 0 && m[k-1].at == at {
		m[k-1].n += n
		return
	}
	*b.into = append(m, minute{at, n})
}

// Tiles returns what was added, sorted by day, then as Tile.Compare has it, and empties the builder.
func (b *Builder) Tiles() []Tile {
	tiles := make([]Tile, 0, len(b.open))
	for p, m := range b.open {
		t := Tile{Series: p.Series, Class: p.Class, Day: p.day}
		slices.SortFunc(*m, func(a, b minute) int { return int(a.at) - int(b.at) })
		for _, x := range *m {
			t.add(x.at, x.n)
		}
		t.dropZeros()
		if len(t.Minutes) > 0 {
			tiles = append(tiles, t)
		}
	}
	*b = Builder{}
	slices.SortFunc(tiles, func(a, b Tile) int {
		if a.Day != b.Day {
			return int(a.Day) - int(b.Day)
		}
		return a.Compare(&b)
	})
	return tiles
}

// add appends a minute that is not before the last one.
func (t *Tile) add(at uint16, n int64) {
	if k := len(t.Minutes); k > 0 && t.Minutes[k-1] == at {
		t.Counts[k-1] += n
		return
	}
	t.Minutes = append(t.Minutes, at)
	t.Counts = append(t.Counts, n)
}

func (t *Tile) dropZeros() {
	k := 0
	for i, n := range t.Counts {
		if n != 0 {
			t.Minutes[k], t.Counts[k] = t.Minutes[i], n
			k++
		}
	}
	t.Minutes, t.Counts = t.Minutes[:k], t.Counts[:k]
}
