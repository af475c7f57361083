package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/store"
)

const (
	rounds  = 50
	callers = 16
)

// createRace is what the commits of a lake rest on.
func createRace(t *testing.T, s store.Store) {
	for round := range rounds {
		key := fmt.Sprintf("state/commits/%08d.json", round)
		var wg sync.WaitGroup
		var winner, winners atomic.Int64
		start := make(chan struct{})
		for caller := range callers {
			wg.Go(func() {
				<-start
				err := s.Create(t.Context(), key, fmt.Appendf(nil, "caller %d", caller))
				switch {
				case err == nil:
					winners.Add(1)
					winner.Store(int64(caller))
				case !errors.Is(err, store.ErrExist):
					t.Errorf("losing caller: %v", err)
				}
			})
		}
		close(start)
		wg.Wait()
		if winners.Load() != 1 {
			t.Fatalf("round %d: %d winners", round, winners.Load())
		}
		if got, _ := get(t, s, key); string(got) != fmt.Sprintf("caller %d", winner.Load()) {
			t.Fatalf("round %d: caller %d won but %q is there", round, winner.Load(), got)
		}
	}
	if got := list(t, s, "state/", ""); len(got) != rounds {
		t.Errorf("%d objects after %d rounds: %q", len(got), rounds, keys(got))
	}
}

// putRace replaces an object over and over, with bodies of one letter and various lengths, under the eyes of readers.
func putRace(t *testing.T, s store.Store) {
	body := func(i int) []byte { return bytes.Repeat([]byte{byte('a' + i%26)}, 1000+i%7*50_000) }
	put(t, s, "k", body(0))
	var done atomic.Bool
	g, ctx := errgroup.WithContext(t.Context())
	for range 3 {
		g.Go(func() error {
			for !done.Load() {
				got, info, err := s.Get(ctx, "k", 0)
				switch {
				case err != nil:
					return err
				case len(got) == 0, bytes.Count(got, got[:1]) != len(got), (len(got)-1000)%50_000 != 0, info.Size != int64(len(got)):
					return fmt.Errorf("a mix: %d bytes, %d of them %.1q", len(got), bytes.Count(got, got[:1]), got)
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		defer done.Store(true)
		for i := range 100 {
			if err := s.Put(ctx, "k", body(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}
