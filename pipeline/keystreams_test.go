package pipeline

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Whatever the parts' keys look like, in memory or in files, the stretches are all of them, ascending, and none parts what has one identity.
func TestStreamsAreAllKeysInOrder(t *testing.T) {
	type occurrence struct {
		lake.Key
		shard int
		day   trail.Day
	}
	r := rand.New(rand.NewPCG(1, 2))
	s, err := store.Folder(filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		parts, keys int
		heads       int // how many different first bytes
		held        int // every so manieth shard's are in memory
	}{{1, 0, 256, 2}, {1, 1, 256, 1}, {3, 10, 2, 2}, {2, streamKeys, 256, 2}, {5, 9_000, 256, 2}, {4, 30_000, 256, 3}, {3, 20_000, 1, 2}, {3, 20_000, 256, 1}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			var parts []*part
			var want []occurrence
			for shard := range c.parts {
				p := new(part)
				for day := range trail.Day(2) {
					seen := map[id]bool{}
					var keys []lake.Key
					for range c.keys {
						k := lake.Key{Object: uint32(shard), Position: r.Uint32()}
						k.ID[0], k.ID[9] = byte(r.IntN(c.heads)), byte(r.IntN(8))
						if c.keys > 20 {
							k.ID[1], k.ID[2] = byte(r.IntN(256)), byte(r.IntN(32))
						}
						if !seen[k.ID] {
							seen[k.ID] = true
							keys = append(keys, k)
							want = append(want, occurrence{k, shard, day})
						}
					}
					slices.SortFunc(keys, lake.Key.Compare)
					d := partDay{Day: day, Events: lake.File{Rows: int64(len(keys))}}
					name := fmt.Sprintf("%d-%d-%d/%d-%d", c.parts, c.keys, c.heads, shard, day)
					body := append([]byte("before"), lake.EncodeKeys(keys)...)
					d.Keys = piece{File: name, From: 6, Bytes: int64(len(body) - 6)}
					if shard%c.held == c.held-1 {
						d.Keys.held = body[6:]
					} else if err := s.Put(t.Context(), name, body); err != nil {
						t.Fatal(err)
					}
					p.Days = append(p.Days, d)
				}
				parts = append(parts, p)
			}
			slices.SortFunc(want, func(a, b occurrence) int { return a.Compare(b.Key) })
			streams, days, err := openStreams(t.Context(), s, parts)
			if err != nil || len(days) != 2 {
				t.Fatalf("%d days, error %v", len(days), err)
			}
			var got []occurrence
			var before [16]byte // that the stretches so far reach to
			for !streams.done() {
				s, err := streams.next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if n := len(s.order); n > 0 {
					if first := s.key(s.order[0]).ID; len(got) > 0 && lake.CompareIDs(before, first) >= 0 {
						t.Fatalf("%x comes too late: all up to %x were there", first, before)
					}
					if l := s.key(s.order[n-1]).ID; lake.CompareIDs(l, s.last) > 0 {
						t.Fatalf("%x is beyond the last, %x", l, s.last)
					}
				}
				before = s.last
				if c.heads == 256 && len(s.order) > 2*stretchKeys {
					t.Errorf("%d keys at once", len(s.order))
				}
				for _, h := range s.order {
					got = append(got, occurrence{s.key(h), s.portions[h.portion].shard, s.portions[h.portion].day})
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d keys, want %d", len(got), len(want))
			}
		})
	}
}

// What find returns is what a map would, through every growth and after every clearing.
func TestFirstsAreAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var f firsts
	for _, n := range []int{1, 1000, 0, 3, 200_000, 10} {
		f.clear(n / 8)
		keys, rows := []lake.Key{}, map[id]int32{}
		for range n {
			var k lake.Key
			k.ID[0], k.ID[15], k.ID[7] = byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(4))
			keys = append(keys, k)
			got, slot := f.find(keys, k.ID)
			want, there := rows[k.ID]
			if there != (got >= 0) || there && got != want {
				t.Fatalf("of %d: row %d, want %d, %v", n, got, want, there)
			}
			if !there {
				rows[k.ID] = int32(len(keys) - 1)
				f.put(keys, slot, rows[k.ID])
			}
		}
		if got, _ := f.find(keys, [16]byte{1, 2, 3}); got >= 0 {
			t.Errorf("of %d: finds what is not there", n)
		}
	}
}
