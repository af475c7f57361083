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
