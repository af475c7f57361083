package pipeline

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
)

// A shard that holds more records than fit is written in several goes: repeats, corrections and counts come to the same.
func TestSpill(t *testing.T) {
	ctx := context.Background()
	trail := folder(t)
	truth := write(t, trail, small(3, 5))
	ingest := func(rows int) (*lake.Commit, [][]counts.Tile, int) {
		defer func(was int) { spillRows = was }(spillRows)
		spillRows = rows
		o := options(trail, folder(t), time.Time{})
		o.AsOf = truth.Delivered
		p, _, err := o.plan(ctx, &lake.Commit{})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.save(ctx, o.Lake); err != nil {
			t.Fatal(err)
		}
		c, err := o.ingest(ctx, &lake.Commit{}, p)
		if err != nil {
			t.Fatal(err)
		}
		var days [][]counts.Tile
		files := 0
		for _, d := range c.Days {
			m, err := lake.LoadManifest(ctx, o.Lake, c, d.Day)
			if err != nil {
				t.Fatal(err)
			}
			merged, err := lake.Tiles(ctx, o.Lake, m)
			if err != nil {
				t.Fatal(err)
			}
			tiles, err := counts.Collect(merged)
			if err != nil {
				t.Fatal(err)
			}
			days, files = append(days, tiles), files+len(m.Files[lake.Events])
		}
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
