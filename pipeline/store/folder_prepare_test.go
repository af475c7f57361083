package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// What was prepared is synced once, before the next object that may name it is there; where that fails, the object does not come to be.
func TestPrepareLastsBeforeWhatNamesIt(t *testing.T) {
	if !canSync {
		t.Skip("this system cannot sync a file system: Prepare is Put")
	}
	dir := filepath.Join(t.TempDir(), "lake")
	s, err := Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	there := func(key string) bool {
		_, err := os.Stat(filepath.Join(dir, key))
		return err == nil
	}
	syncs, naming := 0, ""
	broken := errors.New("no disk")
	var fail error
	defer func() { syncing = syncAll }()
	syncing = func(at *os.File) error {
		if syncs++; there(naming) {
			t.Errorf("%s is there before what it may name lasts", naming)
		}
		return errors.Join(syncAll(at), fail)
	}
	write := func(key string, write func(key string) error, want int) {
		t.Helper()
		before := syncs
		naming = key
		if err := write(key); !errors.Is(err, fail) {
			t.Errorf("%s: error %v, want %v", key, err, fail)
		}
		if syncs-before != want {
			t.Errorf("%s: %d syncs, want %d", key, syncs-before, want)
		}
	}
	put := func(key string) error { return s.Put(t.Context(), key, nil) }
	prepare := func(key string) error { return s.Prepare(t.Context(), key, nil) }
	create := func(key string) error { return s.Create(t.Context(), key, nil) }
	file := func(key string) error { return s.PutFile(t.Context(), key, os.DevNull) }

	write("first", prepare, 0) // makes the lake's folder: a Put
	write("a", create, 0)
	write("b/1", prepare, 0)
	write("b/2", prepare, 0)
	write("c", put, 1)
	write("d", put, 0)
	write("b/3", prepare, 0)
	write("b/3", prepare, 0)
	write("e", create, 1)
	write("b/4", prepare, 0)
	write("f", file, 1)

	write("b/5", prepare, 0)
	fail = broken
	write("g", create, 1)
	if there("g") {
		t.Error("an object is there though what was prepared before it is lost")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", tempPrefix+"*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
