package baseline

import (
	"cmp"
	"slices"

	"github.com/zeebo/xxh3"

	"trailgauge/pipeline/counts"
)

// Channel tells what a track counts.
type Channel uint8

const (
	Calls   Channel = iota // calls whose rate is scored
	Errors                 // calls that ended in one error code
	Novelty                // APIs that a principal had never used; of a principal's roll-up alone
)

// Mask returns the quarantined hours (since 1970) of one track of a series, which the fit takes as not observed. code is
// the error code of Errors, else empty. A nil Mask hides nothing.
type Mask func(ch Channel, code string) []int32

func (m Mask) of(ch Channel, code string) []int32 {
	if m == nil {
		return nil
	}
	return m(ch, code)
}

// class tells series apart that are never pooled, not even globally: calls and errors, APIs and principals and what is both.
type class struct {
	Channel Channel
	Over    over
}

// over says what a series sums over.
type over byte

const (
	nothing    over = iota // one API and principal
	principals             // one API
	apis                   // one principal
)

func overOf(s counts.Series) over {
	switch {
	case s.Principal == "":
		return principals
	case s.IsTotal():
		return apis
	}
	return nothing
}

// key names a row of a sketch. Empty fields pool: Name over the APIs of a source, Source over those of a group.
type key struct {
	class
	Group        byte // 'd' data, 'w' management with writes, 'r' management without, 0 all of them
	Source, Name string
}

func keyOf(h *counts.History, ch Channel) key {
	k := key{class: class{ch, overOf(h.Series)}, Group: 'w', Source: h.Source, Name: h.Name}
	switch {
	case h.Data:
		k.Group = 'd'
	case len(h.Rated) == 0:
		k.Group = 'r'
	}
	return k
}

// parent returns the next coarser key, and false when there is none.
func (k key) parent() (key, bool) {
	switch {
	case k.Name != "":
		k.Name = ""
	case k.Source != "":
		k.Source = ""
	case k.Group != 0:
		k.Group = 0
	default:
		return k, false
	}
	return k, true
}

func (k key) pool() string {
	switch {
	case k.Name != "":
		return "api"
	case k.Source != "":
		return "source"
	case k.Group != 0:
		return "class"
	}
	return "global"
}

func (k key) hash() uint64 {
	b := append(make([]byte, 0, 96), byte(k.Channel), k.Group, byte(k.Over))
	b = append(append(append(b, k.Source...), 0), k.Name...)
	return xxh3.Hash(b)
}

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Over, b.Over), cmp.Compare(a.Group, b.Group),
		cmp.Compare(a.Source, b.Source), cmp.Compare(a.Name, b.Name))
}

// maxRows bounds the memory of a sketch: names come from whoever can write to the trail. Of more rows than that the ones with the
// smallest hash stay; the others live on in their source's, class's and global row, which are counted from the start. The kept set is a
// function of the set of names alone, so order and sharding do not show.
const maxRows = 20_000

// Sketch holds integer sums over series, from which Priors are computed. Sketches of disjoint series merge by addition,
// in any order and grouping, to the same bytes. It takes at most maxRows rows (about 3.5 kB each) of APIs and sources together.
// The zero value is empty and ready. A Sketch is for one goroutine.
type Sketch struct {
	rows map[key]*sums
	max  int // maxRows; smaller in tests

	grid, calls Grid
	fitter      Fitter
	vote        sums
}

// Add counts the fit window of one history: its calls, if they are rated, each of its error codes, and the new APIs of a principal.
// e must cover the days of h; what it does not cover is missing.
func (s *Sketch) Add(h *counts.History, e *counts.Exposure, masked Mask) {
	if len(h.Rated) > 0 {
		s.grid.Begin(h, e, 0)
		s.grid.Since(max(h.Born, h.RatedBorn))
		s.grid.Load(h.Rated)
		s.fitter.Fit(&s.grid, flat, masked.of(Calls, ""))
		s.vote.count(&s.fitter, &s.grid)
		s.put(keyOf(h, Calls), &s.vote)
	}
	if h.IsTotal() {
		s.grid.Begin(h, e, 0)
		s.grid.Load(h.New)
		s.fitter.Fit(&s.grid, flat, masked.of(Novelty, ""))
		s.vote.count(&s.fitter, &s.grid)
		s.put(keyOf(h, Novelty), &s.vote)
	}
	if len(h.Errors) == 0 {
		return
	}
	s.grid.Begin(h, e, 0)
	s.calls.Begin(h, e, 0)
	s.calls.Load(h.All)
	for _, c := range h.Errors {
		s.grid.Load(c.Track)
		s.fitter.Fit(&s.grid, flat, masked.of(Errors, c.Code))
		if s.fitter.own.n == 0 {
			continue // the code came up on the scored day only: no part of what is usual
		}
		s.vote.count(&s.fitter, &s.grid)
		s.vote.countErrors(&s.fitter, &s.grid, &s.calls)
		s.put(keyOf(h, Errors), &s.vote)
	}
}

// put adds a vote to the row of k and those above it.
func (s *Sketch) put(k key, vote *sums) {
	for ok := true; ok; k, ok = k.parent() {
		if r := s.row(k); r != nil {
			r.add(vote)
		}
	}
}

// row returns the row of k, nil when it is one that is not kept. A name once dropped may come back, and is dropped again: as many
// with smaller hashes are there to stay.
func (s *Sketch) row(k key) *sums {
	if r := s.rows[k]; r != nil {
		return r
	}
	if s.rows == nil {
		s.rows = map[key]*sums{}
	}
	r := new(sums)
	s.rows[k] = r
	if len(s.rows) > 2*s.most() {
		s.trim()
		return s.rows[k] // may just have been dropped
	}
	return r
}

func (s *Sketch) most() int {
	if s.max > 0 {
		return s.max
	}
	return maxRows
}

// trim drops the named rows beyond the limit.
func (s *Sketch) trim() {
	type named struct {
		hash uint64
		key
	}
	var all []named
	for k := range s.rows {
		if k.Source != "" {
			all = append(all, named{k.hash(), k})
		}
	}
	if len(all) <= s.most() {
		return
	}
	slices.SortFunc(all, func(a, b named) int { return cmp.Or(cmp.Compare(a.hash, b.hash), compareKeys(a.key, b.key)) })
	for _, n := range all[s.most():] {
		delete(s.rows, n.key)
	}
}

// Merge adds o to s. o is unchanged.
func (s *Sketch) Merge(o *Sketch) {
	for k, v := range o.rows { // addition has no order
		if r := s.row(k); r != nil {
			r.add(v)
		}
	}
	s.trim()
}
