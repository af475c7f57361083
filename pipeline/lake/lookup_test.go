package lake

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/store/storetest"
	"trailgauge/pipeline/trail"
)

// EachEvent gives the rows of the APIs wanted, wherever they are, with what attribution goes by; of files without any it reads next to nothing.
func TestEachEvent(t *testing.T) {
	defer func(was int64) { wholeBytes = was }(wholeBytes)
	wholeBytes = 0
	disk := folder(t)
	const n, apis = rowGroupRows + 5000, 21
	yes := true
	record := func(i int) *trail.Record {
		r := &trail.Record{
			EventID: fmt.Sprintf("%08d", i*7919%n), Account: "1", Region: "r", EventSource: "s", EventName: fmt.Sprintf("%02d", i*apis/n), EventTS: int64(i),
			RequestParameters: fmt.Sprintf(`{"roleName":"%d"}`, i), ReadOnlyBool: &yes, CountCategory: "Management", UserAgent: fmt.Sprint("agent ", i%5),
		}
		if i%3 == 0 {
			r.Resources = []trail.Resource{{ARN: fmt.Sprint("arn:", i)}, {ARN: "arn:x", AccountID: "2", Type: "T"}}
		}
		u := &r.UserIdentity
		u.ARN, u.AccessKeyID, u.PrincipalID, u.SessionContext.SourceIdentity = "arn:u", fmt.Sprint("key ", i%2), "AROAX:anna", "anna"
		u.SessionContext.SessionIssuer.ARN, u.SessionContext.Attributes.MFAAuthenticated = "arn:i", "true"
		return r
	}
	body, err := encodeEvents(n, record)
	if err != nil {
		t.Fatal(err)
	}
	f := File{Key: FileKey(Events, 20000, 1, "0"), Rows: n, Bytes: int64(len(body))}
	if err := disk.Put(t.Context(), f.Key, body); err != nil {
		t.Fatal(err)
	}
	requests := 0
	s := storetest.Hooked(disk, func(string, string) error { requests++; return nil }, nil)
	read := func(wanted ...string) int {
		requests = 0
		keep := func(api counts.Series) bool {
			for _, w := range wanted {
				if api.Name == w {
					return true
				}
			}
			return false
		}
		at := 0
		next := func() {
			for ; at < n && !keep(counts.Series{Name: record(at).EventName}); at++ {
			}
		}
		err := EachEvent(t.Context(), s, f, keep, func(r *trail.Record) error {
			next()
			if d := cmp.Diff(record(at), r); d != "" {
				t.Fatalf("%v: row %d\n%s", wanted, at, d)
			}
			at++
			return nil
		})
		if next(); err != nil || at != n {
			t.Errorf("%v: read up to row %d of %d, %v", wanted, at, n, err)
		}
		return requests
	}
	all, first, last, none := read("00", "20"), read("00"), read("20"), read("none")
	read("07", "11")
	if !(none < last && last < all && first < all) {
		t.Errorf("%d requests for all row groups, %d and %d for one, %d for none", all, first, last, none)
	}
}
