package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
)

func TestFolder(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		return folder(t, filepath.Join(t.TempDir(), "not", "yet", "there"))
	})
}

func folder(t *testing.T, dir string) store.Store {
	t.Helper()
	s, err := store.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keysOf(t *testing.T, s store.Store, prefix string) []string {
	t.Helper()
	var keys []string
	if err := s.List(t.Context(), prefix, "", func(i store.Info) error { keys = append(keys, i.Key); return nil }); err != nil {
		t.Fatal(err)
	}
	return keys
}

// write puts a file where a user or another program would.
func write(t *testing.T, path, body string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestFolderListsOnlyItsOwnFiles(t *testing.T) {
	outer := t.TempDir()
	write(t, filepath.Join(outer, "secret"), "outside")
	write(t, filepath.Join(outer, "elsewhere/x"), "outside")
	dir := filepath.Join(outer, "root")
	write(t, filepath.Join(dir, "a/1.json"), "1")
	write(t, filepath.Join(dir, "a/.tmp-crashed"), "half")
	write(t, filepath.Join(dir, "a/bad\xffname"), "not UTF-8")
	for link, target := range map[string]string{
		"file": "../secret", "absolute": filepath.Join(outer, "secret"), "dir": "../elsewhere", "loop": ".", "dangling": "nowhere", "inside": "a/1.json",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	s := folder(t, dir)
	if diff := cmp.Diff([]string{"a/1.json", "a/bad\xffname"}, keysOf(t, s, "")); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	if n := store.Skipped(store.Counted(s, new(store.Requests))); n != 6 {
		t.Errorf("Skipped = %d, want the 6 links", n)
	}
	if got, err := s.Folders(t.Context(), ""); len(got) != 1 || err != nil {
		t.Errorf("Folders = %q, %v", got, err)
	}
	if got := keysOf(t, s, "dir/"); got != nil {
		t.Errorf("List through a link: %q", got)
	}
	for _, key := range []string{"file", "absolute", "dir/x", "loop/../../secret", "dangling", "a/bad\xffname"} {
		if got, _, err := s.Get(t.Context(), key, 0); err == nil {
			t.Errorf("Get(%q) led out of the folder: %q", key, got)
		}
	}
	if err := s.Put(t.Context(), "dir/planted", nil); err == nil {
		t.Error("Put through a link led out of the folder")
	}
	if _, err := os.Stat(filepath.Join(outer, "elsewhere/planted")); err == nil {
		t.Error("Put wrote outside of the folder")
	}
}

func TestFolderMayComeLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	s := folder(t, dir)
	if got := keysOf(t, s, ""); got != nil {
		t.Errorf("listed %q in a folder that is not there", got)
	}
	if _, _, err := s.Get(t.Context(), "k", 0); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("Get: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("reading made the folder")
	}
	if err := s.Create(t.Context(), "a/k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if got := s.URL("a/k"); got != filepath.Join(dir, "a/k") {
		t.Errorf("URL = %s", got)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "a"))
	if err != nil || len(entries) != 1 {
		t.Errorf("a write left %v, %v; want the object alone", entries, err)
	}

	file := filepath.Join(dir, "a/k")
	if _, err := store.Folder(file); err == nil || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("a file as root: %v", err)
	}
	if _, _, err := s.Get(t.Context(), "a/k/deeper", 0); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("below a file: %v", err)
	}
}

// A coarse clock gives two writes one time, and a wrong one an earlier time: each must get a later time all the same, so that no
// ETag comes back.
func TestFolderETagAlwaysChanges(t *testing.T) {
	dir := t.TempDir()
	s := folder(t, dir)
	future := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	write(t, filepath.Join(dir, "k"), "0")
	if err := os.Chtimes(filepath.Join(dir, "k"), future, future); err != nil {
		t.Fatal(err)
	}
	last := future.Add(-1)
	seen := map[string]bool{}
	for i := range 20 {
		info, err := s.Stat(t.Context(), "k")
		if err != nil || seen[info.ETag] || !info.Modified.After(last) {
			t.Fatalf("write %d: ETag %q, time %v after %v (%v)", i, info.ETag, info.Modified, last, err)
		}
		last, seen[info.ETag] = info.Modified, true
		if err := s.Put(t.Context(), "k", []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFolderRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o666); err != nil {
		t.Skip("no named pipes here:", err)
	}
	s := folder(t, dir)
	if _, _, err := s.Get(t.Context(), "pipe", 0); !errors.Is(err, store.ErrNotExist) { // and does not hang
		t.Errorf("Get of a named pipe: %v", err)
	}
	if got := keysOf(t, s, ""); got != nil {
		t.Errorf("listed %q", got)
	}
}

func TestFolderDenied(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "k"), "x")
	if err := os.Chmod(filepath.Join(dir, "k"), 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := folder(t, dir).Get(t.Context(), "k", 0); !errors.Is(err, store.ErrDenied) {
		t.Errorf("Get: %v", err)
	}
}

// Any set of keys, prefix and start comes back as sorting all keys would give it.
func TestFolderListsInByteOrder(t *testing.T) {
	segment := rapid.StringOfN(rapid.SampledFrom([]rune("aé-.!0 ~")), 1, 3, -1).Filter(func(s string) bool { return s != "." && s != ".." })
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			r.Fatal(err)
		}
		var all []string
		for _, parts := range rapid.SliceOfN(rapid.SliceOfN(segment, 1, 4), 0, 12).Draw(r, "keys") {
			key := strings.Join(parts, "/")
			path := filepath.Join(dir, key)
			if os.MkdirAll(filepath.Dir(path), 0o777) != nil { // a key that is another's folder
				continue
			}
			if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666); err == nil {
				f.Close()
				all = append(all, key)
			}
		}
		prefix := strings.Join(rapid.SliceOfN(segment, 0, 2).Draw(r, "prefix"), "/")
		after := strings.Join(rapid.SliceOfN(segment, 0, 3).Draw(r, "after"), "/")
		slices.Sort(all)
		var want, got []string
		for _, k := range all {
			if strings.HasPrefix(k, prefix) && k > after {
				want = append(want, k)
			}
		}
		s, err := store.Folder(dir)
		if err == nil {
			err = s.List(t.Context(), prefix, after, func(i store.Info) error { got = append(got, i.Key); return nil })
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			r.Fatalf("List(%q, %q): %v (-want +got):\n%s", prefix, after, err, diff)
		}
	})
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	for name, age := range map[string]time.Duration{
		"a/.tmp-old": 25 * time.Hour, ".tmp-old": 48 * time.Hour, "a/.tmp-fresh": time.Hour, "a/object": 48 * time.Hour, "a/x.tmp-": 48 * time.Hour,
	} {
		path := filepath.Join(dir, name)
		write(t, path, "x")
		if err := os.Chtimes(path, now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	s := store.Counted(folder(t, dir), new(store.Requests))
	if n, err := store.Sweep(t.Context(), s, now.Add(-24*time.Hour)); n != 2 || err != nil {
		t.Errorf("Sweep = %d, %v; want 2", n, err)
	}
	for name, want := range map[string]bool{"a/.tmp-old": false, ".tmp-old": false, "a/.tmp-fresh": true, "a/object": true, "a/x.tmp-": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", name, err == nil, want)
		}
	}
	if n, err := store.Sweep(t.Context(), folder(t, filepath.Join(dir, "no")), now); n != 0 || err != nil {
		t.Errorf("Sweep of no folder = %d, %v", n, err)
	}
}
