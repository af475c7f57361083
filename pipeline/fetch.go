package pipeline

import (
	"context"
	"time"

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

// fetcher reads a shard's objects, in order.
//
// Files are mostly in the system's memory. To read one when its turn comes is the fastest then: the bytes are still in the processor's cache when they
// are inflated, and nobody has to be woken. When that turns out to be more than a small part of the work, a disk or a network is waited for, and
// objects are read ahead after all.
type fetcher struct {
	ctx     context.Context
	store   store.Store
	objects []Object
	ahead   *semaphore.Weighted
	got     []chan fetched // of objects that are read ahead; nil: none are
	begun   time.Time
	waited  time.Duration // since then, for objects
}

// waitShare says how small a part of the time reading objects in turn must stay: 1/8. 0 is any part.
var waitShare time.Duration = 8 // a variable for tests

// fetch reads objects in the order given. take(i) must be called once for every i, in order; stop ends it early.
func fetch(ctx context.Context, s store.Store, objects []Object) (take func(i int) fetched, stop func()) {
	ctx, stop = context.WithCancel(ctx)
	f := &fetcher{ctx: ctx, store: s, objects: objects, begun: time.Now()}
	if !store.Local(s) {
		f.goAhead(0)
	}
	return f.take, stop
}

func (f *fetcher) take(i int) fetched {
	if f.got == nil {
		now := time.Now()
		if waitShare*f.waited <= now.Sub(f.begun) {
			r := f.read(i)
			f.waited += time.Since(now)
			return r
		}
		f.goAhead(i)
	}
	r := <-f.got[i]
	if r.held { // not when it was interrupted before its turn
		f.ahead.Release(f.weight(i))
	}
	return r
}

func (f *fetcher) read(i int) fetched {
	body, info, err := f.store.Get(f.ctx, f.objects[i].Key, decode.MaxObject)
	return fetched{body: body, info: info, err: err}
}

func (f *fetcher) weight(i int) int64 {
	return min(max(f.objects[i].Size, fetchAhead/fetchMost), fetchAhead)
}

// goAhead begins to read objects before their turn, from one on.
func (f *fetcher) goAhead(from int) {
	f.ahead, f.got = semaphore.NewWeighted(fetchAhead), make([]chan fetched, len(f.objects))
	for i := range f.got {
		f.got[i] = make(chan fetched, 1)
	}
	go func() {
		for i := from; i < len(f.objects); i++ {
			if err := f.ahead.Acquire(f.ctx, f.weight(i)); err != nil {
				f.got[i] <- fetched{err: err}
				continue
			}
			go func() {
				r := f.read(i)
				r.held = true
				f.got[i] <- r
			}()
		}
	}()
}
