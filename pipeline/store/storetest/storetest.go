// Package storetest holds every Store to the promises of its interface.
//
// To add a store, write one test that hands Run a function which opens an empty store of the new kind:
//
//	func TestFolder(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store {
//			s, err := store.Folder(t.TempDir())
//			if err != nil {
//				t.Fatal(err)
//			}
//			return s
//		})
//	}
//
// It is called once for each subtest. What is opened must be empty, stay the caller's own for the length of that test, and allow some
// thousand small requests. The suite never makes one key the folder of another ("a" beside "a/b"), which a bucket
// allows and a folder cannot.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"trailgauge/pipeline/store"
)

// Run runs the whole suite. open returns an empty store and fails t where it cannot.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, store.Store)
	}{
		{"missing", missing},
		{"put and get", putAndGet},
		{"limit", limit},
		{"ranges", ranges},
		{"create", create},
		{"delete", deletes},
		{"bad keys", badKeys},
		{"odd keys", oddKeys},
		{"big body", bigBody},
		{"files", files},
		{"byte order", byteOrder},
		{"pages", pages},
		{"list stops", listStops},
		{"folders", folders},
		{"create race", createRace},
		{"put race", putRace},
		{"cancelled", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func put(t *testing.T, s store.Store, key string, body []byte) {
	t.Helper()
	if err := s.Put(t.Context(), key, body); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s store.Store, key string) ([]byte, store.Info) {
	t.Helper()
	body, info, err := s.Get(t.Context(), key, 0)
	if err != nil {
		t.Fatal(err)
	}
	return body, info
}

// wantErr fails the test unless err is the one wanted and names the object.
func wantErr(t *testing.T, doing string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", doing, err, want)
	}
}

func missing(t *testing.T, s store.Store) {
	ctx := t.Context()
	put(t, s, "there", nil) // that there is a store at all
	_, _, err := s.Get(ctx, "no/such", 0)
	wantErr(t, "Get", err, store.ErrNotExist)
	_, err = s.GetRange(ctx, "no/such", 0, 1)
	wantErr(t, "GetRange", err, store.ErrNotExist)
	_, err = s.GetRange(ctx, "no/such", 0, 0)
	wantErr(t, "GetRange of nothing", err, store.ErrNotExist)
	_, err = s.Stat(ctx, "no/such")
	wantErr(t, "Stat", err, store.ErrNotExist)
	if err := s.Delete(ctx, "no/such"); err != nil {
		t.Errorf("Delete of what is not there: %v", err)
	}
	if err := s.List(ctx, "no/", "", func(i store.Info) error { return fmt.Errorf("listed %q", i.Key) }); err != nil {
		t.Error(err)
	}
	if found, err := s.Folders(ctx, "no/"); len(found) > 0 || err != nil {
		t.Errorf("Folders = %q, %v; want none", found, err)
	}
}

func putAndGet(t *testing.T, s store.Store) {
	etags := map[string]bool{}
	for i, body := range []string{"", "first", "other", "third", "a longer one", ""} {
		put(t, s, "a/b/object.json", []byte(body))
		got, info := get(t, s, "a/b/object.json")
		if string(got) != body {
			t.Errorf("Get = %q, want %q", got, body)
		}
		if info.Key != "a/b/object.json" || info.Size != int64(len(body)) || info.ETag == "" || info.Modified.IsZero() || info.Archived {
			t.Errorf("Info of %q: %+v", body, info)
		}
		if etags[info.ETag] && i < 5 {
			t.Errorf("ETag %s of %q was that of another body", info.ETag, body)
		}
		etags[info.ETag] = true

		stat, err := s.Stat(t.Context(), "a/b/object.json")
		if err != nil || !same(stat, info) {
			t.Errorf("Stat = %+v, %v; Get said %+v", stat, err, info)
		}
		for _, listed := range list(t, s, "a/", "") {
			if !same(listed, info) {
				t.Errorf("List = %+v; Get said %+v", listed, info)
			}
		}
	}
}

// same compares two Infos but for the time, which HTTP headers cut to seconds.
func same(a, b store.Info) bool {
	return a.Key == b.Key && a.Size == b.Size && a.ETag == b.ETag && a.Archived == b.Archived &&
		a.Modified.Unix() == b.Modified.Unix()
}

func limit(t *testing.T, s store.Store) {
	body := bytes.Repeat([]byte("x"), 1000)
	put(t, s, "k", body)
	for _, c := range []struct {
		limit int64
		want  error
	}{{0, nil}, {-1, nil}, {1000, nil}, {1001, nil}, {999, store.ErrTooLarge}, {1, store.ErrTooLarge}} {
		got, _, err := s.Get(t.Context(), "k", c.limit)
		switch {
		case c.want != nil:
			wantErr(t, fmt.Sprintf("Get with limit %d", c.limit), err, c.want)
			if got != nil {
				t.Errorf("limit %d: got %d bytes besides the error", c.limit, len(got))
			}
		case err != nil || !bytes.Equal(got, body):
			t.Errorf("limit %d: %d bytes, %v", c.limit, len(got), err)
		}
	}
}

func ranges(t *testing.T, s store.Store) {
	put(t, s, "digits", []byte("0123456789"))
	put(t, s, "empty", nil)
	for _, c := range []struct {
		key    string
		off, n int64
		want   string
	}{
		{"digits", 0, 10, "0123456789"}, {"digits", 0, 1, "0"}, {"digits", 9, 1, "9"}, {"digits", 3, 4, "3456"},
		{"digits", 8, 10, "89"}, {"digits", 0, 1 << 40, "0123456789"}, {"digits", 10, 1, ""}, {"digits", 99, 5, ""},
		{"digits", 5, 0, ""}, {"digits", 99, 0, ""}, {"empty", 0, 1, ""}, {"empty", 0, 0, ""},
	} {
		got, err := s.GetRange(t.Context(), c.key, c.off, c.n)
		if err != nil || string(got) != c.want {
			t.Errorf("GetRange(%q, %d, %d) = %q, %v; want %q", c.key, c.off, c.n, got, err, c.want)
		}
	}
	for _, c := range [][2]int64{{-1, 1}, {0, -1}} {
		if got, err := s.GetRange(t.Context(), "digits", c[0], c[1]); err == nil {
			t.Errorf("GetRange(%d, %d) = %q, want an error", c[0], c[1], got)
		}
	}
}

func create(t *testing.T, s store.Store) {
	ctx := t.Context()
	if err := s.Create(ctx, "state/1", []byte("mine")); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "second Create", s.Create(ctx, "state/1", []byte("yours")), store.ErrExist)
	wantErr(t, "Create of the same bytes", s.Create(ctx, "state/1", []byte("mine")), store.ErrExist)
	if got, _ := get(t, s, "state/1"); string(got) != "mine" {
		t.Errorf("after a refused Create: %q", got)
	}
	put(t, s, "state/1", []byte("put"))
	wantErr(t, "Create after Put", s.Create(ctx, "state/1", nil), store.ErrExist)
	if err := s.Delete(ctx, "state/1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(ctx, "state/1", []byte("again")); err != nil {
		t.Errorf("Create after Delete: %v", err)
	}
	if got, _ := get(t, s, "state/1"); string(got) != "again" {
		t.Errorf("after Create: %q", got)
	}
}

func deletes(t *testing.T, s store.Store) {
	ctx := t.Context()
	put(t, s, "d/one", []byte("1"))
	put(t, s, "d/two", []byte("2"))
	if err := s.Delete(ctx, "d/one"); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.Get(ctx, "d/one", 0)
	wantErr(t, "Get after Delete", err, store.ErrNotExist)
	if err := s.Delete(ctx, "d/one"); err != nil {
		t.Errorf("second Delete: %v", err)
	}
	if err := s.Delete(ctx, "d"); err != nil {
		t.Errorf("Delete of a folder's name: %v", err)
	}
	if got := keys(list(t, s, "", "")); len(got) != 1 || got[0] != "d/two" {
		t.Errorf("left: %q", got)
	}
	if err := s.Delete(ctx, "d/two"); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Folders(ctx, ""); len(found) > 0 || err != nil {
		t.Errorf("Folders of an emptied store = %q, %v", found, err)
	}
}

func cancelled(t *testing.T, s store.Store) {
	put(t, s, "a/k", []byte("old"))
	ctx, cancel := context.WithCancel(t.Context())
	err := s.List(ctx, "", "", func(store.Info) error { cancel(); return ctx.Err() })
	wantErr(t, "List cancelled on the way", err, context.Canceled)

	wantErr(t, "Put", s.Put(ctx, "a/k", []byte("new")), context.Canceled)
	wantErr(t, "Create", s.Create(ctx, "a/new", nil), context.Canceled)
	wantErr(t, "Delete", s.Delete(ctx, "a/k"), context.Canceled)
	_, _, err = s.Get(ctx, "a/k", 0)
	wantErr(t, "Get", err, context.Canceled)
	_, err = s.GetRange(ctx, "a/k", 0, 1)
	wantErr(t, "GetRange", err, context.Canceled)
	_, err = s.Stat(ctx, "a/k")
	wantErr(t, "Stat", err, context.Canceled)
	wantErr(t, "List", s.List(ctx, "", "", func(store.Info) error { return nil }), context.Canceled)
	_, err = s.Folders(ctx, "")
	wantErr(t, "Folders", err, context.Canceled)

	if got, _ := get(t, s, "a/k"); string(got) != "old" {
		t.Errorf("after cancelled calls: %q", got)
	}
	if got := keys(list(t, s, "", "")); len(got) != 1 {
		t.Errorf("after cancelled calls: %q", got)
	}
}
