package pipeline

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store/storetest"
)

// prepared is a scenario whose plan has one shard an object.
func prepared(t *testing.T, put func(s *scenario, at func(minute int) time.Time)) (*scenario, StepOptions) {
	t.Helper()
	several(t, 1)
	s := newScenario(t)
	put(s, func(i int) time.Time { return noon.Add(time.Duration(i) * time.Minute) })
	must(Prepare(t.Context(), s.Options))(t)
	return s, StepOptions{Options: s.Options}
}

func scanShard(t *testing.T, o StepOptions, shards ...int) *Outcome {
	t.Helper()
	o.Shards = shards
	return must(Scan(t.Context(), o))(t)
}

// A shard leaves an event to the shard before it, which it has looked at; then the object it is in vanishes, and the shard before it is scanned on another
// machine. Two shards have left it, and one of them must keep it.
func TestLeftToAnObjectThatVanished(t *testing.T) {
	s, o := prepared(t, func(s *scenario, at func(int) time.Time) {
		s.put(key(at(0), "A"), rec(1, noon), rec(2, noon))
		s.put(key(at(1), "B"), rec(2, noon), rec(3, noon))
		s.put(key(at(2), "C"), rec(2, noon), rec(4, noon))
	})
	scanShard(t, o, 1)
	scanShard(t, o, 2)
	if err := s.Trail.Delete(t.Context(), key(noon, "A")); err != nil {
		t.Fatal(err)
	}
	scanShard(t, o, 0)
	out := must(Merge(t.Context(), o))(t)
	if out.Shards != 3 {
		t.Errorf("%+v", out)
	}
	ledger(t, "A vanished", *out.Records, lake.Ledger{Objects: 3, ObjectsRejected: 1, In: 4, Kept: 3, Duplicate: 1})
	b := name(noon.Add(time.Minute), "B")
	s.wantRows(map[string][]string{idOf(2): {b}, idOf(3): {b}, idOf(4): {name(noon.Add(2*time.Minute), "C")}})
}

// A shard scanned by itself names its files as a run does: it knows what the shards before it hold, be they scanned or not.
func TestLookingAtShardsOfOthers(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		s, o := prepared(t, func(s *scenario, at func(int) time.Time) {
			s.put(key(at(0), "A"), rec(1, noon), rec(2, noon))
			s.put(key(at(1), "B"), rec(2, noon), rec(3, noon))
			s.put(key(at(2), "C"), rec(3, noon), rec(1, noon), rec(4, noon))
		})
		for _, k := range order {
			if out := scanShard(t, o, k); out.Shards != 1 || out.Left != 0 || !out.Done {
				t.Errorf("shard %d: %+v", k, out)
			}
		}
		out := must(Merge(t.Context(), o))(t)
		ledger(t, "repeats", *out.Records, lake.Ledger{Objects: 3, In: 7, Kept: 4, Duplicate: 3})
		if again, _ := filepath.Glob(filepath.Join(s.Lake.URL("events"), "*/*/*/*x.parquet")); len(again) > 0 {
			t.Errorf("in the order %v: scanned again: %q", order, again)
		}
	}
}

// What a scan has finished when its time is over stays, and the next call does the rest. Time that is not enough for one shard is an error.
func TestScanOutOfTime(t *testing.T) {
	_, o := prepared(t, func(s *scenario, at func(int) time.Time) {
		for i := range 6 {
			s.put(key(at(i), "x"), rec(i, noon))
		}
	})
	o.Workers, o.Shards = 1, []int{0, 1, 2, 3, 4, 5}
	plain := o.Lake
	for _, want := range []Outcome{{Shards: 2, Left: 4}, {Shards: 4, Left: 2}, {Shards: 6, Done: true}, {Shards: 6, Done: true}} {
		time, parts := clock{t.Context(), make(chan struct{})}, 0
		o.Lake = storetest.Hooked(plain, func(op, key string) error {
			if op == "Put" && strings.HasSuffix(key, ".json") { // a part
				if parts++; parts == 3 {
					close(time.over)
				}
			}
			return time.Err()
		}, nil)
		out, err := Scan(time, o)
		if err != nil || out.Shards != want.Shards || out.Left != want.Left || out.Done != want.Done {
			t.Errorf("%+v, %v; want %+v", out, err, want)
		}
	}
	_, o = prepared(t, func(s *scenario, at func(int) time.Time) { s.put(key(at(0), "x"), rec(1, noon)) })
	o.Shards = []int{0}
	ctx, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if out, err := Scan(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no time at all: %+v, %v", out, err)
	}
}

// clock is a context whose deadline comes when over is closed.
type clock struct {
	context.Context
	over chan struct{}
}

func (c clock) Done() <-chan struct{} { return c.over }

func (c clock) Err() error {
	select {
	case <-c.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// The steps of a plan share the lake; others are kept off it until their lease runs out or the plan is finished.
func TestLeaseOfAPlan(t *testing.T) {
	s, o := prepared(t, func(s *scenario, at func(int) time.Time) { s.put(key(at(0), "A"), rec(1, noon)) })
	first := must(hold(t.Context(), s.Lake, 1))(t)
	second := must(hold(t.Context(), s.Lake, 1))(t)
	second.leave(1)
	for _, plan := range []int{0, 2} {
		if _, err := hold(t.Context(), s.Lake, plan); !errors.Is(err, ErrHeld) {
			t.Errorf("for plan %d: %v", plan, err)
		}
	}
	first.leave(1)
	if _, err := Run(t.Context(), s.Options); !errors.Is(err, ErrHeld) {
		t.Errorf("a run after the steps: %v", err)
	}
	if err := s.Lake.Put(t.Context(), lake.LeaseKey, first.mine.text(time.Now().Add(-leaseTime-time.Second))); err != nil {
		t.Fatal(err)
	}
	must(hold(t.Context(), s.Lake, 0))(t).end()
	must(Merge(t.Context(), o))(t)
	if out := must(Decide(t.Context(), o))(t); !out.Done || out.Commit != 2 {
		t.Errorf("%+v", out)
	}
	if l := must(readLease(t.Context(), s.Lake))(t); l != nil {
		t.Errorf("a lease is left: %+v", l)
	}
	if err := s.Lake.Put(t.Context(), lake.LeaseKey, first.mine.text(time.Now())); err != nil { // of a step that died after the last commit
		t.Fatal(err)
	}
	must(hold(t.Context(), s.Lake, 0))(t).end()
}
