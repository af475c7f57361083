package lake

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"trailgauge/pipeline/trail"
)

// Rows of which it is known that they are alike are written as the same bytes, whatever their numbers are, and read the same.
func TestAlikeRowsAreTheSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfN(rapid.Custom(someRecord), 1, 4).Draw(t, "records")
		number := rapid.SampledFrom([]uint64{0, 1, 2, maxKnown, 1 << 40}) // some of them have the same place
		var rows Rows
		for range rapid.IntRange(1, 2).Draw(t, "shards") {
			rows.Clear()
			var records []*trail.Record
			numbers := map[uint64]int{} // whose they are
			for range rapid.IntRange(0, 30).Draw(t, "rows") {
				if rapid.IntRange(0, 4).Draw(t, "truncated") == 0 {
					n := rapid.IntRange(0, rows.Len()).Draw(t, "to")
					rows.Truncate(n)
					records = records[:n]
				}
				i := rapid.IntRange(0, len(some)-1).Draw(t, "record")
				n := number.Draw(t, "number")
				if of, ok := numbers[n]; ok && of != i {
					n = 0
				}
				numbers[n] = i
				rows.Append(&some[i], trail.Alike{n, n})
				records = append(records, &some[i])
			}
			var fresh Rows
			var order []int32
			for row, r := range records {
				fresh.Append(r, trail.Alike{})
				if rapid.Bool().Draw(t, "written") {
					order = append(order, int32(row))
				}
				for path, want := range map[string]string{
					"principal": r.Principal, "useridentity.arn": r.UserIdentity.ARN, "tlsdetails.tlsversion": r.TLSDetails.TLSVersion,
					"eventname": r.EventName, "eventid": r.EventID,
				} {
					if got := rows.Texts(path).At(row); got != want {
						t.Fatalf("%s of row %d: %q, want %q", path, row, got, want)
					}
				}
			}
			slices.Reverse(order)
			got, err := rows.Encode(order)
			if err != nil {
				t.Fatal(err)
			}
			if want, err := fresh.Encode(order); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d rows are other bytes: %v", len(order), err)
			}
		}
	})
}
