package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
	"trailgauge/pipeline/trail"
)

func TestGC(t *testing.T) {
	trailDir, dir, last := busy(t, 6*time.Hour)
	s := open(t, dir)
	compact(t, dir, TargetBytes)
	foreign := map[string]string{ // all of it old, none of it ours
		"events/2026/10/29/00000001-0000.parquet.bak": "a copy", "events/notes.txt": "hello", "events/2026/10/29/analyst.parquet": "x",
		"state/mine.json": "{}", "rejected/00000001-0000.jsonl": "{}\n", "insight-events/AWSLogs/1/x.json.gz": "x", "other/file": "y",
		"reports/latest/extra.html": "z", "state/days/2026/10/29/00000001-other.json": "{}",
	}
	for key, body := range foreign {
		if err := s.Put(t.Context(), key, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "events/.tmp-left"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	events, tiles, before := seen(t, dir, lake.Events), seen(t, dir, lake.Counts), tree(t, dir)
	if c := gc(t, dir, time.Hour); c.Files != 0 {
		t.Errorf("within the grace period: %+v", *c)
	}
	sameTree(t, "within the grace period", before, tree(t, dir))
	o := GCOptions{UpkeepOptions: UpkeepOptions{Lake: s, DryRun: true}, Grace: GraceTime, Now: time.Now().Add(25 * time.Hour)}
	dry := must(GC(t.Context(), o))(t)
	sameTree(t, "dry run", before, tree(t, dir))
	c := gc(t, dir, 25*time.Hour)
	t.Logf("%+v\n%s", *c, c)
	if c.Files != dry.Files+1 || c.Bytes != dry.Bytes || c.Kept != dry.Kept { // and the unfinished write
		t.Errorf("foreseen %+v, got %+v", *dry, *c)
	}
	for _, kind := range []string{"events", "counts", "manifests", "unfinished writes"} {
		if c.Kinds[kind] == 0 {
			t.Errorf("no %s went", kind)
		}
	}
	after := tree(t, dir)
	for key, body := range foreign {
		if string(after[key]) != body {
			t.Errorf("%s is gone: it is not ours", key)
		}
	}
	for name := range before {
		if _, there := after[name]; !there && !strings.HasPrefix(name, "events/") && !strings.HasPrefix(name, "counts/") &&
			!strings.HasPrefix(name, "baselines/") && !strings.HasPrefix(name, "replaced/") && !strings.HasPrefix(name, "insights/") && !strings.HasPrefix(name, "state/") {
			t.Errorf("%s is gone", name)
		}
	}
	sameRows(t, "events", events, seen(t, dir, lake.Events))
	sameRows(t, "counts", tiles, seen(t, dir, lake.Counts))
	for kind, most := range map[string]int{"days": 1, "keys": 2 * maxKeyFiles, "decided": RedecideDays + 2} { // state/ does not grow with the runs
		left, _ := filepath.Glob(filepath.Join(dir, "state", kind, "*/*/*/*"))
		if n := len(manifests(t, s)); len(left) > most*n+1 { // and a foreign one
			t.Errorf("state/%s holds %d files of %d days", kind, len(left), n)
		}
	}
	if again := gc(t, dir, 25*time.Hour); again.Files != 0 || again.Kept != c.Kept {
		t.Errorf("collected again: %+v", *again)
	}
	// The next run finds all that it needs.
	undisturbed := copyLake(t, dir)
	r := mustRun(t, options(open(t, trailDir), s, last.Add(20*time.Hour)))
	if r.Commit.Run.Duplicate == 0 || r.Commit.Run.Kept == 0 {
		t.Errorf("the next run: %+v", r.Commit.Run)
	}
	// Ages: reports go after 90 days, commits and plans after 400, the current ones never.
	c = gc(t, undisturbed, 91*24*time.Hour)
	if c.Kinds["reports"] == 0 || c.Kinds["commits"]+c.Kinds["plans"] != 0 {
		t.Errorf("after 91 days: %v", c.Kinds)
	}
	c = gc(t, undisturbed, 401*24*time.Hour)
	if c.Kinds["commits"] == 0 || c.Kinds["plans"] == 0 {
		t.Errorf("after 401 days: %v", c.Kinds)
	}
	sameRows(t, "after 401 days", events, seen(t, undisturbed, lake.Events))
	mustRun(t, options(open(t, trailDir), open(t, undisturbed), last.Add(20*time.Hour)))
	sameRows(t, "a run after 401 days", seen(t, dir, lake.Events), seen(t, undisturbed, lake.Events))
}

// Every name that a run or an upkeep gives is one that a collection knows.
func TestCollectableNames(t *testing.T) {
	d := trail.DayOf(noon)
	keys := []string{manifestOf(d), listKey(undated, 7), listKey(d.String(), 7), stateKey(d, 7), planKey(7), partKey(7, partName(12345, true)), workKey(7, partName(12345, true))}
	for _, name := range []string{partName(1, false), partName(12345, true), partName(1, false) + "-2", "day", "fold-0001", "c0123456789abcdef-0001", "c0123456789abcdef"} {
		keys = append(keys, lake.FileKey(lake.Events, d, 7, name))
	}
	for _, key := range keys {
		n := 0
		for _, kind := range collectable {
			if m := kind.name.FindStringSubmatch(key); m != nil && strings.HasPrefix(key, kind.prefix) && m[1] == "00000007" {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s: %d kinds", key, n)
		}
	}
}

func manifestOf(d trail.Day) string { return "state/days/" + d.Path() + "/00000007.json" }

// What was current within the grace period stays, however old its files are: a query may be reading it.
func TestGCGrace(t *testing.T) {
	_, dir, _ := busy(t, 12*time.Hour)
	old := time.Now().Add(-72 * time.Hour)
	err := filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(name, old, old)
	})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	gc(t, dir, 0)
	var named []string
	for _, m := range manifests(t, s) {
		for _, f := range m.Files[lake.Events] {
			named = append(named, f.Key)
		}
	}
	if c := compact(t, dir, TargetBytes); c.Days == 0 {
		t.Fatal("nothing to compact")
	}
	gc(t, dir, 23*time.Hour)
	for _, key := range named {
		if _, err := s.Stat(t.Context(), key); err != nil {
			t.Errorf("superseded 23 hours ago: %v", err)
		}
	}
	gc(t, dir, 25*time.Hour)
	gone := 0
	for _, key := range named {
		if _, err := s.Stat(t.Context(), key); errors.Is(err, store.ErrNotExist) {
			gone++
		}
	}
	if gone == 0 {
		t.Error("superseded 25 hours ago, and still there")
	}
}

// A run that was killed long ago is finished after a collection as it would have been before.
func TestGCKeepsWhatIsPlanned(t *testing.T) {
	trailDir, dir, last := busy(t, 12*time.Hour)
	o := options(open(t, trailDir), nil, last.Add(20*time.Hour))
	finish := func(dir string) map[string][]byte {
		o.Lake = open(t, dir)
		mustRun(t, o)
		return tree(t, dir)
	}
	stop := errors.New("stop")
	for at := 1; ; at += 1 + at { // some early, some late
		to, n := copyLake(t, dir), 0
		o.Lake = storetest.Hooked(open(t, to), func(op, key string) error {
			if op == "Put" || op == "Create" || op == "Delete" {
				if n++; n >= at {
					return stop
				}
			}
			return nil
		}, nil)
		_, err := Run(t.Context(), o)
		if err == nil {
			if at < 10 {
				t.Errorf("%d operations", at)
			}
			return
		}
		other := copyLake(t, to)
		_ = open(t, other).Delete(t.Context(), lake.LeaseKey)
		_ = open(t, to).Delete(t.Context(), lake.LeaseKey)
		planned := fmt.Sprintf("%08d", must(lake.Current(t.Context(), open(t, other)))(t).Number+1)
		before := tree(t, other)
		gc(t, other, 48*time.Hour)
		after := tree(t, other)
		for name := range before {
			if _, there := after[name]; strings.Contains(name, planned) && before["state/plans/"+planned+".json"] != nil && !there {
				t.Errorf("stopped at %d: %s of the planned run is gone", at, name)
			}
		}
		want, got := finish(to), finish(other)
		for name, body := range got {
			if string(want[name]) != string(body) && !strings.HasPrefix(name, "reports/") {
				t.Errorf("stopped at %d: %s differs from a run without gc", at, name)
			}
		}
		sameRows(t, "finished after gc", seen(t, to, lake.Events), seen(t, other, lake.Events))
		if t.Failed() {
			return
		}
	}
}

// Where a manifest cannot be read, nothing is deleted; nor is anything on a lake without a commit.
func TestGCDamaged(t *testing.T) {
	_, dir, _ := busy(t, 12*time.Hour)
	m := must(lake.Current(t.Context(), open(t, dir)))(t).Days[0].Manifest
	for _, body := range [][]byte{nil, []byte("{"), []byte(`{"day":"2020-01-01","files":{}}`)} {
		to := copyLake(t, dir)
		name := filepath.Join(to, m)
		if body == nil {
			os.Remove(name)
		} else if err := os.WriteFile(name, body, 0o666); err != nil {
			t.Fatal(err)
		}
		before := tree(t, to)
		_, err := GC(t.Context(), GCOptions{UpkeepOptions: UpkeepOptions{Lake: open(t, to)}, Grace: GraceTime, Now: time.Now().Add(48 * time.Hour)})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("manifest %q: %v", body, err)
		}
		sameTree(t, "damaged", before, tree(t, to))
	}
	to := copyLake(t, dir)
	for _, key := range []string{"state/commits", "state/latest"} {
		os.RemoveAll(filepath.Join(to, key))
	}
	before := tree(t, to)
	if c := gc(t, to, 48*time.Hour); c.Files != 0 {
		t.Errorf("no commit: %+v", *c)
	}
	sameTree(t, "no commit", before, tree(t, to))
}

func TestGCKilledAnywhere(t *testing.T) {
	_, dir, _ := busy(t, 12*time.Hour)
	compact(t, dir, TargetBytes)
	killed(t, dir, "gc")
}
