package counts

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Tiles in any order, corrections among them, come to the sums of their minutes.
func TestTidy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var joined Track
		var sums [40]int64
		for range rapid.IntRange(0, 9).Draw(t, "tiles") {
			m := int32(rapid.IntRange(0, 20).Draw(t, "from"))
			for range rapid.IntRange(0, 6).Draw(t, "minutes") {
				n := rapid.Int64Range(-3, 5).Draw(t, "n")
				joined = append(joined, Point{m, n})
				sums[m] += n
				m += int32(rapid.IntRange(1, 3).Draw(t, "gap"))
			}
		}
		var want Track
		for m, n := range sums {
			if n > 0 {
				want = append(want, Point{int32(m), n})
			}
		}
		if got := joined.tidy(); len(got)+len(want) > 0 && !cmp.Equal(got, want) {
			t.Fatal(cmp.Diff(want, got))
		}
	})
}

// Rated holds the rated calls alone, wherever among the tiles the others come.
func TestRatedApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Assembly{First: 100, Days: 3, ScoreReads: rapid.IntRange(0, 3).Draw(t, "reads") == 0}
		s := Series{Account: "1", Name: "n", Principal: "p"}
		g := gather{series: s}
		var all, rated int64
		for range rapid.IntRange(1, 8).Draw(t, "tiles") {
			tile := Tile{Series: s, Day: 100, Minutes: []uint16{uint16(rapid.IntRange(0, 5).Draw(t, "minute"))}, Counts: []int64{rapid.Int64Range(1, 9).Draw(t, "n")}}
			tile.ReadOnly = rapid.Bool().Draw(t, "read")
			g.tiles = append(g.tiles, tile)
			all += tile.Calls()
			if a.rates(&tile) {
				rated += tile.Calls()
			}
		}
		h := g.histories(a)[0]
		if callsOf(h.All) != all || callsOf(h.Rated) != rated {
			t.Fatalf("%d calls, %d rated; want %d and %d", callsOf(h.All), callsOf(h.Rated), all, rated)
		}
	})
}

// callsOf sums a track.
func callsOf(tr Track) (n int64) {
	for _, p := range tr {
		n += p.N
	}
	return n
}
