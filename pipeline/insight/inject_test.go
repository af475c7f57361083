package insight

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/pipeline/counts"
)

func drawTrack(t *rapid.T, name string) counts.Track {
	minutes := rapid.SliceOfNDistinct(rapid.Int32Range(0, 200), 0, 30, rapid.ID).Draw(t, name)
	slices.Sort(minutes)
	var tr counts.Track
	for _, m := range minutes {
		tr = append(tr, counts.Point{Minute: m, N: rapid.Int64Range(1, 50).Draw(t, "calls")})
	}
	return tr
}

func copyOf(h *counts.History) counts.History {
	c := *h
	c.All, c.Rated, c.Errors = slices.Clone(h.All), slices.Clone(h.Rated), slices.Clone(h.Errors)
	for k := range c.Errors {
		c.Errors[k].Track = slices.Clone(c.Errors[k].Track)
	}
	return c
}

// TestInject: a burst is all there, within its 15 minutes, where its history counts calls, and the history it was put into is as before.
func TestInject(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := counts.History{All: drawTrack(t, "all"), Rated: drawTrack(t, "rated")}
		for _, code := range []string{"A", "C"} {
			if tr := drawTrack(t, code); len(tr) > 0 {
				h.Errors = append(h.Errors, counts.CodeTrack{Code: code, Track: tr})
			}
		}
		before := copyOf(&h)
		n, minute := rapid.Int64Range(1, 1e6).Draw(t, "n"), rapid.Int32Range(0, 190).Draw(t, "minute")
		code := rapid.SampledFrom([]string{"", "A", "B", "C", "D"}).Draw(t, "code")
		x := Inject(&h, minute, n, code)
		if d := cmp.Diff(before, copyOf(&h)); d != "" {
			t.Fatalf("the history has changed: %s", d)
		}
		added := func(what string, was, is counts.Track, want int64) {
			if !slices.IsSortedFunc(is, func(a, b counts.Point) int { return int(a.Minute) - int(b.Minute) }) {
				t.Fatalf("%s is not ascending: %v", what, is)
			}
			sums := func(tr counts.Track) (all, inside int64) {
				for _, p := range tr {
					all += p.N
					if p.Minute >= minute && p.Minute < minute+InjectedMinutes {
						inside += p.N
					}
				}
				return all, inside
			}
			all, inside := sums(is)
			allBefore, insideBefore := sums(was)
			if all-allBefore != want || inside-insideBefore != want {
				t.Fatalf("%s: %d more, %d of them within the burst; want %d", what, all-allBefore, inside-insideBefore, want)
			}
		}
		added("all", h.All, x.All, n)
		rated := n
		if len(h.Rated) == 0 {
			rated = 0
		}
		added("rated", h.Rated, x.Rated, rated)
		for _, c := range []string{"A", "B", "C", "D"} {
			want := int64(0)
			if c == code {
				want = n
			}
			added(c, codeOf(h.Errors, c), codeOf(x.Errors, c), want)
		}
		if !slices.IsSortedFunc(x.Errors, func(a, b counts.CodeTrack) int { return strings.Compare(a.Code, b.Code) }) {
			t.Fatalf("codes out of order: %v", x.Errors)
		}
	})
}

func codeOf(list []counts.CodeTrack, code string) counts.Track {
	for _, c := range list {
		if c.Code == code {
			return c.Track
		}
	}
	return nil
}
