package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// What the tests of compact, gc and expire share: a lake that many runs have filled, and what a reader sees of one.

// testTarget is a target size of which a test's events files are less than half; the smallest has some 50,000 bytes of columns and filters.
const testTarget = 200_000

// upkeeps are the operations that the crash test kills.
var upkeeps = map[string]func(context.Context, store.Store) error{
	"compact": func(ctx context.Context, s store.Store) error {
		commitBytes = 1 // a commit a day
		_, err := Compact(ctx, CompactOptions{UpkeepOptions: UpkeepOptions{Lake: s}, Target: testTarget})
		return err
	},
	"gc": func(ctx context.Context, s store.Store) error {
		_, err := GC(ctx, GCOptions{UpkeepOptions: UpkeepOptions{Lake: s}, Grace: GraceTime, Now: time.Now().Add(48 * time.Hour)})
		return err
	},
	"expire": func(ctx context.Context, s store.Store) error {
		_, err := Expire(ctx, ExpireOptions{UpkeepOptions: UpkeepOptions{Lake: s}, KeepDays: 50})
		return err
	},
}

// busy fills a lake by a run every few hours over three days, with late data, duplicates and corrections, and returns the folders. The trail
// holds a few hours more.
func busy(t *testing.T, every time.Duration) (trailDir, lakeDir string, last time.Time) {
	t.Helper()
	several(t, 60_000)
	dir := t.TempDir()
	trailDir, lakeDir = filepath.Join(dir, "trail"), filepath.Join(dir, "lake")
	from, to := open(t, trailDir), open(t, lakeDir)
	c := small(21, 3)
	c.Regions, c.EventsPerDay, c.Duplicates = 1, 150, .2
	truth := write(t, from, c)
	for at := truth.End.AddDate(0, 0, -3).Add(every); at.Before(truth.End); at = at.Add(every) {
		o := options(from, to, at.Add(time.Hour))
		o.ScoreFrom = truth.End.AddDate(0, 0, -2)
		mustRun(t, o)
		last = o.AsOf
	}
	return trailDir, lakeDir, last
}

func open(t *testing.T, dir string) store.Store {
	t.Helper()
	s, err := store.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// copyLake copies a lake; its symlink files name the new place.
func copyLake(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "lake")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	links, _ := filepath.Glob(filepath.Join(to, "athena/*/*/*/*/symlink.txt"))
	for _, name := range append(links, filepath.Join(to, "state/place")) {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, bytes.ReplaceAll(body, []byte(from), []byte(to)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// seen is what a reader of a table sees through the symlink files: rows by day. It fails the test where a file that they name is missing, or where they
// do not say what the current commit does.
func seen(t *testing.T, dir string, table lake.Table) map[string][]string {
	t.Helper()
	rows := map[string][]string{}
	links, _ := filepath.Glob(filepath.Join(dir, "athena", string(table), "*/*/*/symlink.txt"))
	var named []string
	for _, link := range links {
		body, err := os.ReadFile(link)
		if err != nil {
			t.Fatal(err)
		}
		day := strings.TrimSuffix(strings.TrimPrefix(link, filepath.Join(dir, "athena", string(table))+"/"), "/symlink.txt")
		for name := range strings.Lines(string(body)) {
			name = strings.TrimSuffix(name, "\n")
			named = append(named, name)
			if table == lake.Counts {
				rows[day] = append(rows[day], rowsOf[map[string]any](t, name)...)
			} else {
				rows[day] = append(rows[day], rowsOf[trail.Record](t, name)...)
			}
		}
		slices.Sort(rows[day])
	}
	var current []string
	s := open(t, dir)
	for _, m := range manifests(t, s) {
		for _, f := range m.Files[table] {
			current = append(current, s.URL(f.Key))
		}
	}
	slices.Sort(named)
	slices.Sort(current)
	if !slices.Equal(named, current) {
		t.Errorf("%s: the symlink files name %d files, the commit %d", table, len(named), len(current))
	}
	return rows
}

func rowsOf[T any](t *testing.T, name string) (rows []string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stat, _ := f.Stat()
	p, err := parquet.OpenFile(f, stat.Size())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, g := range p.RowGroups() {
		r := parquet.NewRowGroupRowReader(g)
		for {
			batch := make([]parquet.Row, 50)
			n, err := r.ReadRows(batch)
			for _, row := range batch[:n] {
				rows = append(rows, fmt.Sprintf("%+v", row))
			}
			if err != nil || n == 0 {
				break
			}
		}
		r.Close()
	}
	if int64(len(rows)) != p.NumRows() {
		t.Fatalf("%s: %d rows read of %d", name, len(rows), p.NumRows())
	}
	return rows
}

func manifests(t *testing.T, s store.Store) (list []*lake.Manifest) {
	t.Helper()
	c, err := lake.Current(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Days {
		m, err := lake.LoadManifest(t.Context(), s, c, r.Day)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

// sameRows fails the test unless two readers saw the same.
func sameRows(t *testing.T, what string, want, got map[string][]string) {
	t.Helper()
	for day := range want {
		if !slices.Equal(want[day], got[day]) {
			t.Errorf("%s: %s has %d rows, want %d, or they differ", what, day, len(got[day]), len(want[day]))
		}
	}
	for day := range got {
		if _, ok := want[day]; !ok {
			t.Errorf("%s: %s should not be there", what, day)
		}
	}
}

// killed kills an operation before each thing it does to a copy of a lake, and does it again: the lake must be what it is undisturbed.
func killed(t *testing.T, dir, do string) {
	t.Helper()
	x := crash{Trail: filepath.Join(t.TempDir(), "none"), Lake: copyLake(t, dir), Do: do}
	before := seen(t, x.Lake, lake.Events)
	ops, _ := process(t, x)
	want := tree(t, x.Lake)
	t.Logf("%s: %d operations", do, ops)
	if ops < 5 {
		t.Fatalf("%s did only %d operations: the lake is too tame", do, ops)
	}
	step := 1 + ops/16 // many deletions are alike
	if testing.Short() {
		step = 1 + ops/4
	}
	for at := 1; at <= ops && !t.Failed(); at += step {
		x.Lake, x.At = copyLake(t, dir), at
		if _, died := process(t, x); !died {
			t.Fatalf("operation %d did not kill", at)
		}
		if do != "expire" { // between the two, a reader sees no row twice and misses none
			halfway(t, x.Lake, before)
		}
		x.At = 0
		process(t, x)
		got := tree(t, x.Lake)
		for name := range got {
			if strings.HasPrefix(filepath.Base(name), ".tmp-") {
				delete(got, name)
			}
		}
		sameTree(t, fmt.Sprintf("%s killed before operation %d of %d", do, at, ops), want, got)
		os.RemoveAll(x.Lake)
	}
}

// halfway reads events through symlink files that may be of the commit before.
func halfway(t *testing.T, dir string, want map[string][]string) {
	t.Helper()
	got := map[string][]string{}
	links, _ := filepath.Glob(filepath.Join(dir, "athena/events/*/*/*/symlink.txt"))
	for _, link := range links {
		body, _ := os.ReadFile(link)
		day := strings.TrimSuffix(strings.TrimPrefix(link, filepath.Join(dir, "athena/events")+"/"), "/symlink.txt")
		for name := range strings.Lines(string(body)) {
			got[day] = append(got[day], rowsOf[trail.Record](t, strings.TrimSuffix(name, "\n"))...)
		}
		slices.Sort(got[day])
	}
	sameRows(t, "killed halfway", want, got)
}

// must is for calls whose error ends the test.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func compact(t *testing.T, dir string, target int64) *Compaction {
	t.Helper()
	o := CompactOptions{UpkeepOptions: UpkeepOptions{Lake: open(t, dir)}, Target: target, Temp: t.TempDir()}
	return must(Compact(t.Context(), o))(t)
}

func gc(t *testing.T, dir string, later time.Duration) *Collected {
	t.Helper()
	o := GCOptions{UpkeepOptions: UpkeepOptions{Lake: open(t, dir)}, Grace: GraceTime, Now: time.Now().Add(later)}
	return must(GC(t.Context(), o))(t)
}
