package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"trailgauge/pipeline/store/storetest"
)

// A run that is interrupted while objects wait in memory for their turn ends with the interruption, whatever had been read by then.
func TestFetchInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := folder(t)
	var objects []Object
	for i := range 2 * fetchMost {
		o := Object{Number: i, Key: fmt.Sprintf("%03d", i), Size: 1}
		if err := s.Put(ctx, o.Key, []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	var done atomic.Int32
	take, stop := fetch(ctx, storetest.Hooked(s, nil, func(string, string) error { done.Add(1); return nil }), objects)
	defer stop()
	for deadline := time.Now().Add(10 * time.Second); done.Load() < fetchMost; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("only %d objects were read ahead, want %d", done.Load(), fetchMost)
		}
	}
	time.Sleep(10 * time.Millisecond)
	if n := done.Load(); n != fetchMost {
		t.Errorf("%d objects were read ahead, want %d", n, fetchMost)
	}
	cancel()
	for i := range objects {
		f := take(i)
		switch {
		case i < fetchMost && (f.err != nil || len(f.body) != 1 || f.body[0] != byte(i)):
			t.Fatalf("object %d: %v, %v", i, f.body, f.err)
		case i >= fetchMost && !errors.Is(f.err, context.Canceled):
			t.Fatalf("object %d, after the interruption: error %v", i, f.err)
		}
	}
}
