package pipeline

import (
	"context"
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

// write generates a trail into s.
func write(t *testing.T, s store.Store, c fixtures.Config) *fixtures.Truth {
	t.Helper()
	truth, err := fixtures.Write(context.Background(), c, func(key string, body []byte) error {
		return s.Put(context.Background(), key, body)
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

func TestIngest(t *testing.T) {
	ctx := context.Background()
	o := options(folder(t), folder(t), time.Time{})
	truth := write(t, o.Trail, small(3, 5))
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
	if err := o.tidy(ctx, c); err != nil {
		t.Fatal(err)
	}
	if c.Run.Kept+c.Run.Replaced != truth.Records || c.Run.Duplicate != truth.Duplicates || c.Run.Replaced != truth.Updates || c.Run.Objects != truth.Objects {
		t.Errorf("ledger %+v, want %+v", c.Run, truth)
	}
	t.Logf("%+v", c.Run)
}
