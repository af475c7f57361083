package lake

import (
	"testing"

	"pgregory.net/rapid"

	"trailgauge/pipeline/trail"
)

// Whatever the pattern of values and nulls, an absent value is null and never "": AWS's queries ask for IS NOT NULL.
func TestNullsStayNull(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, rows []trail.Record) {
		body, err := encodeEvents(len(rows), func(i int) *trail.Record { return &rows[i] })
		if err != nil {
			t.Fatalf("encoding: %v", err)
		}
		at := 0
		err = readColumns(body, []string{"errorcode", "useridentity.username", "managementevent", "useridentity.sessioncontext.webidfederationdata.attributes"}, func(b *batch) error {
			for i := range b.rows {
				r := &rows[at]
				want := [...]bool{r.ErrorCode == "", r.UserIdentity.UserName == "", r.ManagementEvent == nil, r.UserIdentity.SessionContext.WebIDFederationData.Attributes == nil}
				for c, col := range b.cols {
					if null := col.IsNull(i); null != want[c] {
						t.Fatalf("row %d of %d, column %d: null is %t", at, len(rows), c, null)
					}
				}
				at++
			}
			return nil
		})
		if err != nil {
			t.Fatalf("reading: %v", err)
		}
	}
	for from := range 33 { // one run of values, of every length, among nulls
		for n := 1; n < 40; n++ {
			rows := make([]trail.Record, from+n+40)
			for i := from; i < from+n; i++ {
				rows[i].ErrorCode = "AccessDenied"
			}
			check(t, rows)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfN(rapid.Uint8Range(0, 15), 1, 300)
		repeat := rapid.IntRange(1, 9).Draw(t, "repeat")
		yes := true
		var rows []trail.Record
		for _, which := range some.Draw(t, "which") {
			for range repeat {
				var r trail.Record
				if which&1 != 0 {
					r.ErrorCode = "AccessDenied"
				}
				if which&2 != 0 {
					r.UserIdentity.UserName = "ann"
				}
				if which&4 != 0 {
					r.ManagementEvent = &yes
				}
				if which&8 != 0 {
					r.UserIdentity.SessionContext.WebIDFederationData.Attributes = map[string]string{"a": "b"}
				}
				rows = append(rows, r)
			}
		}
		check(t, rows)
	})
}
