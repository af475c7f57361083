package baseline

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"trailgauge/pipeline/counts"
)

// Any sharding and any order of the shards gives the same bytes, also when names are dropped.
func TestSketchShards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type one struct {
			h *counts.History
			e *counts.Exposure
		}
		var all []one
		for range rapid.IntRange(0, 12).Draw(t, "series") {
			h, e := drawHistory(t)
			all = append(all, one{h, e})
		}
		limit := rapid.SampledFrom([]int{maxRows, 3, 8}).Draw(t, "limit")
		var want []byte
		for _, shards := range []int{1, 2, 7, 64} {
			parts := make([]Sketch, shards)
			for i := range parts {
				parts[i].max = limit
			}
			order := rapid.Permutation(all).Draw(t, "order")
			for i, o := range order {
				parts[i%shards].Add(o.h, o.e, nil)
			}
			sum := Sketch{max: limit}
			for _, i := range rapid.Permutation(indices(shards)).Draw(t, "merge") {
				sum.Merge(stored(t, &parts[i]))
			}
			got, err := sum.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = got
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%d shards give other bytes than 1", shards)
			}
		}
	})
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// stored returns s after a way through its bytes.
func stored(t *rapid.T, s *Sketch) *Sketch {
	b, err := s.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	got := &Sketch{max: s.max}
	if err := got.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSketchRefusesGarbage(t *testing.T) {
	var s Sketch
	s.Add(&counts.History{Series: counts.Series{Source: "s", Name: "n"}, First: testDay, Days: 9, Rated: every(60, 3, 9), All: every(60, 3, 9)}, always(9), nil)
	b, err := s.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if err := new(Sketch).UnmarshalBinary(b[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were taken for a sketch", n, len(b))
		}
	}
	if err := new(Sketch).UnmarshalBinary(append(b, 0)); err == nil {
		t.Error("a byte too many was taken")
	}
}

// Invented names cost no more memory than the limit, and still count in the coarser rows.
func TestSketchBoundsNames(t *testing.T) {
	s := Sketch{max: 10}
	for i := range 1000 {
		h := &counts.History{Series: counts.Series{Source: "s", Name: fmt.Sprint("invented", i)}, First: testDay, Days: 3, Rated: every(600, 1, 3), All: every(600, 1, 3)}
		s.Add(h, always(3), nil)
		if len(s.rows) > 2*10+1 {
			t.Fatalf("%d rows after %d names", len(s.rows), i+1)
		}
	}
	s.trim()
	if got := s.rows[key{class: class{Calls, principals}}][atSeries]; got != 1000 {
		t.Errorf("the global row counts %d series, want 1000", got)
	}
}

func TestPriorsFallBack(t *testing.T) {
	var s Sketch
	add := func(name string, n int, rate int64) {
		for i := range n {
			h := &counts.History{Series: counts.Series{Source: "s", Name: name, Principal: fmt.Sprint(i)}, First: testDay, Days: 15, Rated: every(60, rate, 15)}
			h.All = h.Rated
			s.Add(h, always(15), nil)
		}
	}
	add("Busy", 6, 100)
	add("Few", 2, 1)
	p := s.Priors()
	ask := func(source, name string) *Prior {
		return p.Of(&counts.History{Series: counts.Series{Source: source, Name: name, Principal: "x"}, Rated: every(60, 1, 1)}, Calls)
	}
	for _, c := range []struct{ source, name, pool string }{{"s", "Busy", "api"}, {"s", "Few", "source"}, {"s", "New", "source"}, {"other", "New", "class"}} {
		if got := ask(c.source, c.name).Pool; got != c.pool {
			t.Errorf("%s %s: prior from %q, want %q", c.source, c.name, got, c.pool)
		}
	}
	if b := ask("s", "Busy"); b.A/b.B < 80 || b.A/b.B > 125 {
		t.Errorf("mean of the busy prior: %.3g, want about 100", b.A/b.B)
	}
	rollup := p.Of(&counts.History{Series: counts.Series{Source: "s", Name: "Busy"}, Rated: every(60, 1, 1)}, Calls)
	if rollup != vague {
		t.Errorf("a roll-up got the prior of principals (%s)", rollup.Pool)
	}
}
