package pipeline

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Identities that begin alike are told apart; of the same one the first record in the plan's order survives, in whichever shard it is.
func TestSettleByWholeIdentities(t *testing.T) {
	s, err := store.Folder(filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	identity := func(first, last byte) [16]byte { return [16]byte{0: first, 15: last} }
	key := func(first, last byte, object uint32) lake.Key {
		return lake.Key{ID: identity(first, last), Object: object}
	}
	shard := func(day trail.Day, replaces [16]byte, keys ...lake.Key) *part {
		return &part{
			Days:        []partDay{{Day: day, Events: lake.File{Rows: int64(len(keys))}, Keys: piece{held: lake.EncodeKeys(keys)}}},
			Corrections: []correction{{Day: day, ID: replaces}},
		}
	}
	got, err := settle(t.Context(), s, new(lake.Commit), 9, []*part{
		shard(7, identity(3, 8), key(1, 1, 5), key(1, 3, 5), key(2, 0, 6), key(3, 9, 7), key(5, 0, 7), key(6, 0, 7)),
		shard(8, identity(1, 2), key(1, 2, 1), key(1, 3, 2), key(2, 0, 3), key(5, 0, 3)),
		shard(8, identity(2, 1), key(1, 3, 9), key(3, 8, 9), key(4, 0, 9)),
		shard(8, identity(6, 0), key(7, 0, 9)),
	})
	if err != nil {
		t.Fatal(err)
	}
	again := map[int]survivors{
		0: {identity(1, 3): key(1, 3, 2), identity(2, 0): key(2, 0, 3), identity(5, 0): key(5, 0, 3)},
		2: {identity(1, 3): key(1, 3, 2)},
	}
	if diff := cmp.Diff(again, got.again); diff != "" {
		t.Errorf("scanned again (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[id]trail.Day{identity(1, 2): 8, identity(3, 8): 8, identity(6, 0): 7}, got.where); diff != "" { // nobody has (2, 1)
		t.Errorf("replaced (-want +got):\n%s", diff)
	}
}
