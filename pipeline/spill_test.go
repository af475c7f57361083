package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
)

// A shard that holds more records than fit is written in several goes: repeats, corrections and counts come to the same.
func TestSpill(t *testing.T) {
	trail := folder(t)
	truth := write(t, trail, small(3, 5))
	ingest := func(rows int) (c *lake.Commit, days [][]counts.Tile, files int) {
		defer func(was int) { spillRows = was }(spillRows)
		spillRows = rows
		s := &scenario{t, options(trail, folder(t), truth.Delivered)}
		c = take(t, s.Options)
		s.eachDay(func(m *lake.Manifest) {
			tiles := must(counts.Collect(must(lake.Tiles(t.Context(), s.Lake, m))(t)))(t)
			days, files = append(days, tiles), files+len(m.Files[lake.Events])
		})
		return c, days, files
	}
	whole, want, few := ingest(1 << 20)
	spilled, got, many := ingest(50)
	if many <= few {
		t.Errorf("%d files of events with spilling, %d without", many, few)
	}
	if d := cmp.Diff(whole.Run, spilled.Run); d != "" {
		t.Errorf("the ledger differs:\n%s", d)
	}
	if whole.Run.Duplicate == 0 {
		t.Error("the trail has no repeats")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the counts differ:\n%s", d)
	}
}

// So is an object that alone holds more than fit; of one that turns out bad nothing is taken in.
func TestSpillWithinObject(t *testing.T) {
	defer func(was int) { spillRows = was }(spillRows)
	spillRows = 3
	s := newScenario(t)
	var records []string
	for i := range 24 { // the events 0 to 16, three of them again on another day, and four more
		id := i
		if i < 20 {
			id = i % 17
		}
		records = append(records, rec(id, noon.AddDate(0, 0, -i%2)), `{"eventName":"NoTime"}`)
	}
	s.put(key(noon, "A"), rec(100, noon), rec(101, noon))
	s.put(key(noon, "B"), records...)
	s.put(key(noon, "C"), append(records, rec(102, noon), rec(3, noon.AddDate(0, 0, -1)))...) // long enough to lie where the rest of B's text does
	if err := s.Trail.Put(t.Context(), key(noon, "D"), pack(`{"Records":[`+strings.Join(records, ","))); err != nil {
		t.Fatal(err)
	}
	ledger(t, "in pieces", s.run(0).Commit.Run, lake.Ledger{Objects: 4, ObjectsRejected: 1, In: 100, Kept: 24, Duplicate: 22, Rejected: 54, Conflicts: 6})
	spilled, _ := filepath.Glob(filepath.Join(s.Lake.URL("events"), "*/*/*/*-0000-*.parquet"))
	if len(spilled) < 4 {
		t.Errorf("spilled files: %q", spilled)
	}
	once := map[string]int{}
	s.eachDay(func(m *lake.Manifest) {
		for _, f := range m.Files[lake.Events] {
			body := must(os.ReadFile(s.Lake.URL(f.Key)))(t)
			for _, r := range eventsOf(t, body) {
				once[r.EventID]++
				if r.SourceIPAddress != "203.0.113.7" || r.Principal == "" {
					t.Errorf("event %s has become %+v", r.EventID, r)
				}
			}
		}
	})
	for id, n := range once {
		if n != 1 {
			t.Errorf("event %s is there %d times", id, n)
		}
	}
	if len(once) != 24 {
		t.Errorf("%d events, want 24", len(once))
	}
}
