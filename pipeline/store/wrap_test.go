package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
)

// The wrappers are stores like any other.
func TestWrapped(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		return store.Counted(storetest.Hooked(folder(t, t.TempDir()), nil, nil), new(store.Requests))
	})
}

// What Prepare writes is there at once, like what Put does.
func TestPrepared(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return preparing{folder(t, t.TempDir())} })
}

type preparing struct{ store.Store }

func (p preparing) Put(ctx context.Context, key string, body []byte) error {
	return p.Prepare(ctx, key, body)
}

// everything calls each method of s once, on keys of its own, and returns the errors by method.
func everything(t *testing.T, s store.Store) map[string]error {
	ctx := t.Context()
	errs := map[string]error{}
	errs["Put"] = s.Put(ctx, "put", []byte("new"))
	errs["Prepare"] = s.Prepare(ctx, "prepare", []byte("new"))
	errs["Create"] = s.Create(ctx, "create", nil)
	errs["Delete"] = s.Delete(ctx, "delete")
	_, _, errs["Get"] = s.Get(ctx, "old", 0)
	_, errs["GetRange"] = s.GetRange(ctx, "old", 0, 1)
	_, errs["Stat"] = s.Stat(ctx, "old")
	_, errs["Folders"] = s.Folders(ctx, "")
	errs["List"] = s.List(ctx, "", "", func(store.Info) error { return nil })
	return errs
}

func TestCounted(t *testing.T) {
	dir := t.TempDir()
	var r store.Requests
	s := store.Counted(folder(t, dir), &r)
	everything(t, s) // an error counts as a request, too
	if diff := cmp.Diff(store.Requests{List: 2, Get: 3, Put: 3, Delete: 1}, r.Load()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i := range 2001 { // S3 answers a listing in pages of 1,000
		write(t, filepath.Join(dir, fmt.Sprintf("many/%04d", i)), "")
	}
	for after, pages := range map[string]int64{"": 3, "many/0000": 2, "many/0001": 2, "many/1000": 1, "many/1001": 1, "many/2000": 1} {
		before := r.Load().List
		if err := s.List(t.Context(), "many/", after, func(store.Info) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if got := r.Load().List - before; got != pages {
			t.Errorf("List after %q: %d requests, want %d", after, got, pages)
		}
	}
	var g errgroup.Group
	for range 50 {
		g.Go(func() error { _, err := s.Stat(t.Context(), "many/0000"); return err })
	}
	if err := g.Wait(); err != nil || r.Load().Get != 53 {
		t.Errorf("%d GETs, want 53 (%v)", r.Load().Get, err)
	}
}

// Each operation can be stopped on either side of its effect.
func TestHooked(t *testing.T) {
	killed := errors.New("killed")
	effects := func(s store.Store) [4]bool {
		var there [4]bool
		for i, key := range []string{"put", "prepare", "create", "delete"} {
			_, err := s.Stat(t.Context(), key)
			there[i] = err == nil
		}
		return there
	}
	for _, c := range []struct {
		name          string
		before, after storetest.Hook
		want          [4]bool // that "put", "prepare", "create" and "delete" are there
	}{
		{"before", func(string, string) error { return killed }, nil, [4]bool{false, false, false, true}},
		{"after", nil, func(string, string) error { return killed }, [4]bool{true, true, true, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			plain := folder(t, t.TempDir())
			for _, key := range []string{"old", "delete"} {
				if err := plain.Put(t.Context(), key, []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			for op, err := range everything(t, storetest.Hooked(plain, c.before, c.after)) {
				if !errors.Is(err, killed) {
					t.Errorf("%s: %v", op, err)
				}
			}
			if got := effects(plain); got != c.want {
				t.Errorf("put, prepare, create, delete there: %v, want %v", got, c.want)
			}
		})
	}

	var calls []string
	s := storetest.Hooked(folder(t, t.TempDir()), func(op, key string) error { calls = append(calls, op+" "+key); return nil }, nil)
	everything(t, s)
	want := []string{"Put put", "Put prepare", "Create create", "Delete delete", "Get old", "GetRange old", "Stat old", "Folders ", "List "}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
