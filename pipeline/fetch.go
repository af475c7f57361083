package pipeline

import (
	"context"

	"golang.org/x/sync/semaphore"

	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/store"
)

// fetchAhead bounds the bytes that are read before their turn, and fetchMost the objects: a bucket answers one request in
// tens of milliseconds and many at once.
const (
	fetchAhead = 16 << 20
	fetchMost  = 32
)

type fetched struct {
	body []byte
	info store.Info
	err  error
	held bool // it has its share of fetchAhead
}

// fetch reads objects in the order given, several at once. take(i) must be called once for every i, in order; stop ends it early.
func fetch(ctx context.Context, s store.Store, objects []Object) (take func(i int) fetched, stop func()) {
	ctx, stop = context.WithCancel(ctx)
	ahead := semaphore.NewWeighted(fetchAhead)
	weight := func(i int) int64 { return min(max(objects[i].Size, fetchAhead/fetchMost), fetchAhead) }
	got := make([]chan fetched, len(objects))
	for i := range got {
		got[i] = make(chan fetched, 1)
	}
	go func() {
		for i, o := range objects {
			if err := ahead.Acquire(ctx, weight(i)); err != nil {
				got[i] <- fetched{err: err}
				continue
			}
			go func() {
				body, info, err := s.Get(ctx, o.Key, decode.MaxObject)
				got[i] <- fetched{body, info, err, true}
			}()
		}
	}()
	return func(i int) fetched {
		f := <-got[i]
		if f.held { // not when it was interrupted before its turn
			ahead.Release(weight(i))
		}
		return f
	}, stop
}
