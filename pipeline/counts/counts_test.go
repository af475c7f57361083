package counts

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/pipeline/trail"
)

// call is one counted call.
type call struct {
	series Series
	class  Class
	ms     int64
}

// calls draws calls of a few series on three days.
func calls(t *rapid.T) []call {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) call {
		return call{
			series: Series{pick("account", "1", "2"), "eu", "ec2", pick("name", "A", "B"), pick("principal", "p", "q", "r")},
			class:  Class{rapid.Bool().Draw(t, "data"), rapid.Bool().Draw(t, "read"), pick("code", "", "X")},
			ms:     rapid.Int64Range(0, 3*86_400_000-1).Draw(t, "ms"),
		}
	}), 0, 200).Draw(t, "calls")
}

func tilesOf(list []call) []Tile {
	var b Builder
	for _, c := range list {
		b.Add(c.series, c.class, c.ms, 1)
	}
	return b.Tiles()
}

// byDay cuts sorted tiles into one reader a day, each in the order of Compare.
func byDay(tiles []Tile) []Reader {
	var out []Reader
	for len(tiles) > 0 {
		n := 0
		for n < len(tiles) && tiles[n].Day == tiles[0].Day {
			n++
		}
		out = append(out, Slice(tiles[:n]))
		tiles = tiles[n:]
	}
	return out
}

func collect(t *rapid.T, r Reader) []Tile {
	tiles, err := Collect(r)
	if err != nil {
		t.Fatal(err)
	}
	return tiles
}

// TestAnyGroupingGivesTheSameTiles divides calls over parts, merges the parts' tiles, and compares with counting them in one go.
func TestAnyGroupingGivesTheSameTiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := calls(t)
		want := collect(t, Merge(byDay(tilesOf(list))...))
		parts := make([][]call, rapid.IntRange(1, 7).Draw(t, "parts"))
		for _, c := range list {
			k := rapid.IntRange(0, len(parts)-1).Draw(t, "part")
			parts[k] = append(parts[k], c)
		}
		var readers []Reader
		for _, p := range parts {
			readers = append(readers, byDay(tilesOf(p))...)
		}
		if d := cmp.Diff(want, collect(t, Merge(readers...))); d != "" {
			t.Fatal(d)
		}
		var n int64
		for i := range want {
			n += want[i].Calls()
			if i > 0 && want[i-1].Compare(&want[i]) >= 0 {
				t.Fatalf("tile %d is not after the one before it", i)
			}
		}
		if n != int64(len(list)) {
			t.Fatalf("%d calls in tiles, %d were made", n, len(list))
		}
	})
}

func TestCorrectionTakesCallsBack(t *testing.T) {
	s, c := Series{Account: "1", Name: "A", Principal: "p"}, Class{ErrorCode: "X"}
	var one, other Builder
	one.Add(s, c, 60_000, 1)
	one.Add(s, Class{}, 60_000, 1)
	other.Add(s, c, 60_000, -1)
	got, err := Collect(Merge(Slice(one.Tiles()), Slice(other.Tiles())))
	if err != nil {
		t.Fatal(err)
	}
	want := []Tile{{Series: s, Minutes: []uint16{1}, Counts: []int64{1}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestHistories compares the assembled histories with sums over the calls.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := calls(t)
		a := Assembly{First: 1, Days: 2, ScoreReads: rapid.Bool().Draw(t, "reads")}
		type unit struct {
			Series
			data bool
		}
		all, rated, errors, born := map[unit]int64{}, map[unit]int64{}, map[unit]int64{}, map[unit]int32{}
		for _, c := range list {
			for _, u := range []unit{{c.series, c.class.Data}, {c.series.API(), c.class.Data}} {
				at := int32(c.ms/60_000) - trail.MinutesPerDay
				if b, ok := born[u]; !ok || at < b {
					born[u] = at
				}
				if at < 0 {
					continue
				}
				all[u]++
				if c.class.Data || a.ScoreReads || !c.class.ReadOnly {
					rated[u]++
				}
				if c.class.ErrorCode != "" {
					errors[u]++
				}
			}
		}
		err := a.Histories(Merge(byDay(tilesOf(list))...), func(h *History) error {
			u := unit{h.Series, h.Data}
			var e int64
			for _, c := range h.Errors {
				e += callsOf(c.Track)
			}
			got := []int64{callsOf(h.All), callsOf(h.Rated), e, int64(h.Born)}
			if d := cmp.Diff([]int64{all[u], rated[u], errors[u], int64(born[u])}, got); d != "" {
				t.Fatalf("%+v: %s", u, d)
			}
			delete(all, u)
			return nil
		})
		if err != nil || len(all) > 0 {
			t.Fatalf("error %v; without a history: %v", err, all)
		}
	})
}

func TestManyCodesAreBounded(t *testing.T) {
	var b Builder
	for i := range 100 {
		b.Add(Series{Account: "1", Name: "N", Principal: "p"}, Class{ErrorCode: string(rune('a'+i/26)) + string(rune('a'+i%26))}, 0, 1)
	}
	n := 0
	err := Assembly{Days: 1}.Histories(Slice(b.Tiles()), func(h *History) error {
		n++
		if len(h.Errors) != maxCodes || h.Errors[maxCodes-1].Code != OtherCodes || callsOf(h.Errors[maxCodes-1].Track) != 100-maxCodes+1 {
			t.Errorf("%d codes, the last %+v", len(h.Errors), h.Errors[len(h.Errors)-1])
		}
		return nil
	})
	if err != nil || n != 2 {
		t.Errorf("%d histories, error %v", n, err)
	}
}

func TestExposure(t *testing.T) {
	e := NewExposure(10, 2)
	e.Deliver(24) // the first hour of the second day: proves the two hours before it
	e.Deliver(1)
	e.Deliver(-7)
	e.Deliver(100)
	var got []int
	for h := -2; h < 50; h++ {
		if e.Observed(h) {
			got = append(got, h)
		}
	}
	if d := cmp.Diff([]int{0, 1, 22, 23, 24}, got); d != "" {
		t.Error(d)
	}
	if n := e.Count(1, 24); n != 3 {
		t.Errorf("%d observed hours in 1..23, want 3", n)
	}
}
