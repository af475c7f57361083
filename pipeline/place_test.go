package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/store"
)

// TestMovedLake moves a lake's folder: symlink files name files by their full paths, so the next run writes all of them anew.
func TestMovedLake(t *testing.T) {
	dir := t.TempDir()
	o := options(folder(t), nil, time.Time{})
	truth := write(t, o.Trail, small(41, 4))
	o.AsOf = truth.Delivered
	var err error
	if o.Lake, err = store.Folder(filepath.Join(dir, "here")); err != nil {
		t.Fatal(err)
	}
	mustRun(t, o)
	if err := os.Rename(filepath.Join(dir, "here"), filepath.Join(dir, "there")); err != nil {
		t.Fatal(err)
	}
	if o.Lake, err = store.Folder(filepath.Join(dir, "there")); err != nil {
		t.Fatal(err)
	}
	mustRun(t, o)
	links, err := filepath.Glob(filepath.Join(dir, "there/athena/events/*/*/*/symlink.txt"))
	if err != nil || len(links) < 4 {
		t.Fatalf("%d symlink files, %v", len(links), err)
	}
	for _, l := range links {
		body, err := os.ReadFile(l)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(body)) {
			if _, err := os.Stat(strings.TrimSuffix(line, "\n")); err != nil {
				t.Errorf("%s: %v", l, err)
			}
		}
	}
}
