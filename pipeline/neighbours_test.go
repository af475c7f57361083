package pipeline

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/lake"
)

// Repeats in other shards are left out at the first scan. Only a shard with a conflict is scanned again, and then leaves out the repeats too.
func TestRepeatsBetweenShards(t *testing.T) {
	several(t, 1) // each object is a shard
	s := newScenario(t)
	at := func(i int) time.Time { return noon.Add(time.Duration(i) * time.Minute) }
	s.put(key(at(0), "A"), rec(1, noon), rec(2, noon), rec(3, noon))
	s.put(key(at(1), "B"), rec(2, noon), rec(4, noon))
	s.put(key(at(2), "C"), rec(3, noon), rec(5, noon), rec(1, noon, "userAgent", `"other"`))
	s.put(key(at(3), "D"), rec(5, noon), rec(4, noon))
	ledger(t, "four shards", s.run(0).Commit.Run, lake.Ledger{Objects: 4, In: 10, Kept: 5, Duplicate: 4, Rejected: 1, Conflicts: 1})
	s.wantRows(map[string][]string{
		idOf(1): {name(at(0), "A")}, idOf(2): {name(at(0), "A")}, idOf(3): {name(at(0), "A")},
		idOf(4): {name(at(1), "B")}, idOf(5): {name(at(2), "C")},
	})
	s.wantRejected(key(at(2), "C") + "[2]: " + conflictReason)
	again, _ := filepath.Glob(filepath.Join(s.Lake.URL("events"), "*/*/*/*x.parquet"))
	if len(again) != 1 || !strings.HasSuffix(again[0], "-0002x.parquet") {
		t.Errorf("scanned again: %q", again)
	}
}

// A shard looks at as many of the shards before it as fit, and their keys are let go of when the last has looked.
func TestNeighboursWindow(t *testing.T) {
	shards := make([]Shard, 30)
	for i := range shards {
		shards[i].Objects = []Object{{Number: i, Key: "x.json", Size: 30_000 * 1500}}
	}
	b := newNeighbours(shards, func(int) bool { return true })
	if b.first[29] == 0 || b.first[29] == 29 || b.first[3] != 0 {
		t.Fatalf("first shards looked at: %d", b.first)
	}
	for i := range shards {
		own := []lake.Key{{ID: [16]byte{byte(i)}, Object: uint32(i)}, {ID: [16]byte{200}, Object: uint32(i)}}
		b.show(i, own, expected(shards[i]))
		found := map[byte]uint32{}
		asked := []lake.Key{{ID: [16]byte{byte(max(0, i-1))}}, {ID: [16]byte{byte(i)}}, {ID: [16]byte{200}}}
		err := b.repeats(t.Context(), i, asked, func(i int, first lake.Key) { found[asked[i].ID[0]] = first.Object })
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && (len(found) != 2 || found[byte(i-1)] != uint32(i-1) || found[200] != uint32(b.first[i])) {
			t.Errorf("shard %d finds %v, looking from %d on", i, found, b.first[i])
		}
		b.looked(i)
	}
	for i, k := range b.keys {
		if k != nil {
			t.Errorf("the keys of shard %d are still there", i)
		}
	}
}
