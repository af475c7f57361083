package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
)

// A run that is interrupted while objects wait in memory for their turn ends with the interruption, whatever had been read by then.
func TestFetchInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, objects := numbered(t)
	var done atomic.Int32
	take, stop := fetch(ctx, remote{storetest.Hooked(s, nil, func(string, string) error { done.Add(1); return nil })}, objects)
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

// remote hides that a store is a folder.
type remote struct{ store.Store }

// numbered is a folder with an object for each number.
func numbered(t *testing.T) (s store.Store, objects []Object) {
	s = folder(t)
	for i := range 2 * fetchMost {
		o := Object{Number: i, Key: fmt.Sprintf("%03d", i), Size: 1}
		if err := s.Put(t.Context(), o.Key, []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	return s, objects
}

// Files are read when their turn comes, as long as that takes a small part of the time; then they are read ahead. The objects are the same.
func TestFetchFiles(t *testing.T) {
	defer func(was time.Duration) { waitShare = was }(waitShare)
	for _, slow := range []bool{false, true} {
		if waitShare = 0; slow {
			waitShare = time.Hour
		}
		s, objects := numbered(t)
		var begun atomic.Int32
		take, stop := fetch(t.Context(), storetest.Hooked(s, func(string, string) error { begun.Add(1); return nil }, nil), objects)
		ahead := false
		for i := range objects {
			f := take(i)
			if f.err != nil || len(f.body) != 1 || f.body[0] != byte(i) {
				t.Fatalf("slow %v: object %d: %v, %v", slow, i, f.body, f.err)
			}
			for deadline := time.Now().Add(10 * time.Second); slow && i == fetchMost && int(begun.Load()) < len(objects) && time.Now().Before(deadline); {
				time.Sleep(time.Millisecond)
			}
			ahead = ahead || int(begun.Load()) > i+1
		}
		stop()
		if ahead != slow || int(begun.Load()) != len(objects) {
			t.Errorf("slow %v: read ahead %v, %d requests for %d objects", slow, ahead, begun.Load(), len(objects))
		}
	}
}
