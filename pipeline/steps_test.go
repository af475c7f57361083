package pipeline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
)

// engine does the steps as something that starts processes would: in some order, some of them twice, some of them killed.
type engine struct {
	*testing.T
	o       StepOptions
	dice    *rand.Rand
	of      int // shards by account; 0: Decide alone
	slices  int // Scan's shards are as many equal ones; 0: those of the plan
	crashes bool
	days    int // that were mapped
	killed  int
}

// must does a step, and kills it first now and then: right before one of the first operations that change the lake.
func (e *engine) must(step func(context.Context, StepOptions) (*Outcome, error), shards ...int) *Outcome {
	e.Helper()
	o := e.o
	o.Shards = shards
	if e.crashes && e.dice.IntN(3) == 0 {
		left := 1 + e.dice.IntN(20)
		ctx, kill := context.WithCancel(context.Background())
		o.Lake = storetest.Hooked(e.o.Lake, func(op, key string) error {
			if key != lake.LeaseKey && (op == "Put" || op == "PutFile" || op == "Create" || op == "Delete") {
				if left--; left <= 0 {
					kill()
					return context.Canceled
				}
			}
			return nil
		}, nil)
		o.Workers = 1
		if _, err := step(ctx, o); err != nil {
			e.killed++
		}
		kill()
		o.Lake, o.Workers = e.o.Lake, e.o.Workers
	}
	out, err := step(e.Context(), o)
	if err != nil {
		e.Fatal(err)
	}
	return out
}

// each does a step for shards in some order, and for some of them again.
func (e *engine) each(n int, step func(context.Context, StepOptions) (*Outcome, error)) {
	e.Helper()
	order := append(e.dice.Perm(n), e.dice.Perm(n)[:(n+1)/2]...)
	for _, k := range order {
		if out := e.must(step, k); !out.Done {
			e.Fatalf("%+v", out)
		}
	}
}

func (e *engine) run() {
	e.Helper()
	plan := e.must(func(ctx context.Context, o StepOptions) (*Outcome, error) { return Prepare(ctx, o.Options) })
	if plan.Run == 0 {
		return
	}
	e.o.Run = plan.Run
	e.o.Of = e.slices
	if n := plan.Shards; n > 0 {
		if e.slices > 0 {
			n = e.slices
		}
		e.each(n, Scan)
	}
	e.must(Merge)
	e.o.Of = e.of
	for done := false; !done; {
		if e.of > 0 {
			e.days++
			e.each(e.of, Fit)
			e.each(e.of, Score)
		}
		done = e.must(Decide).Done
	}
	e.o.Run, e.o.Of = 0, 0
}

// TestStepsAreARun compares what the steps make with what Run makes of the same trail, to the byte: a first run of some weeks, hourly ones, ones that decide
// without reading anything, and ones with nothing to do.
func TestStepsAreARun(t *testing.T) {
	if testing.Short() {
		t.Skip("some weeks, three times over")
	}
	several(t, 300_000)
	c := month(31)
	c.Days, c.Accounts, c.Regions, c.EventsPerDay, c.Duplicates = 21, 4, 1, 100, .3
	from := folder(t)
	truth := write(t, from, c)
	first := truth.End.AddDate(0, 0, -2).Add(-5 * time.Hour)
	times := []time.Time{first, first.Add(time.Hour), first.Add(time.Hour), truth.Delivered.Add(5 * time.Hour), truth.Delivered.Add(9 * time.Hour)}
	run := func(dir string, do func(Options)) map[string][]byte {
		to, err := store.Folder(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range times {
			o := options(from, to, at)
			o.ScoreFrom = first.AddDate(0, 0, -1)
			do(o)
		}
		return tree(t, dir)
	}
	want := run(t.TempDir(), func(o Options) { mustRun(t, o) })
	for i, e := range []engine{{}, {of: 3, slices: 5}, {of: 2, crashes: true}} {
		e.T, e.dice = t, rand.New(rand.NewPCG(7, uint64(i)))
		got := run(t.TempDir(), func(o Options) {
			e.o.Options = o
			e.run()
		})
		sameTree(t, fmt.Sprintf("of %d, slices %d", e.of, e.slices), want, got)
		t.Logf("of %d, slices %d: %d days were mapped, %d steps killed", e.of, e.slices, e.days, e.killed)
		if e.crashes && e.killed == 0 || e.of > 0 && e.days < 8 {
			t.Error("the engine was too tame")
		}
		if t.Failed() {
			break
		}
	}
}
