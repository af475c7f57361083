package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"trailgauge/fixtures"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
)

// small is a trail of a few days that is generated in well under a second.
func small(seed uint64, days int) fixtures.Config {
	c := fixtures.Default()
	c.Seed, c.Days, c.Accounts, c.Regions, c.EventsPerDay, c.Anomalies = seed, days, 2, 2, 400, false
	return c
}

func folder(t *testing.T) store.Store {
	t.Helper()
	s, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// write generates a trail into a folder.
func write(t *testing.T, s store.Store, c fixtures.Config) *fixtures.Truth {
	t.Helper()
	truth, err := fixtures.Write(context.Background(), c, func(key string, body []byte) error {
		name := s.URL(key) // Put would wait for the disk
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		return os.WriteFile(name, body, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
	return truth
}

func options(from, to store.Store, asOf time.Time) Options {
	o := Options{Trail: from, Lake: to, Config: DefaultConfig(), AsOf: asOf, Workers: 2}
	if err := o.check(&lake.Commit{}); err != nil {
		panic(err)
	}
	return o
}

// take takes in what is new, and decides nothing.
func take(t *testing.T, o Options) *lake.Commit {
	t.Helper()
	ctx := t.Context()
	c, err := lake.Current(ctx, o.Lake)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := o.plan(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Shards) == 0 {
		return c
	}
	if err := p.save(ctx, o.Lake); err != nil {
		t.Fatal(err)
	}
	if c, err = o.takeIn(ctx, c, p); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestIngest(t *testing.T) {
	from := folder(t)
	truth := write(t, from, small(3, 5))
	c := take(t, options(from, folder(t), truth.Delivered))
	if c.Run.Kept+c.Run.Replaced != truth.Records || c.Run.Duplicate != truth.Duplicates || c.Run.Replaced != truth.Updates || c.Run.Objects != truth.Objects {
		t.Errorf("ledger %+v, want %+v", c.Run, truth)
	}
	t.Logf("%+v", c.Run)
}
