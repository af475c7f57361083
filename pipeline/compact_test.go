package pipeline

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
	"trailgauge/pipeline/trail"
)

func TestCompact(t *testing.T) {
	_, dir, _ := busy(t, 3*time.Hour)
	events, tiles := seen(t, dir, lake.Events), seen(t, dir, lake.Counts)
	for _, target := range []int64{testTarget, TargetBytes} {
		one, two := copyLake(t, dir), copyLake(t, dir)
		was := tree(t, one)
		dry := must(Compact(t.Context(), CompactOptions{UpkeepOptions: UpkeepOptions{Lake: open(t, one), DryRun: true}, Target: target}))(t)
		sameTree(t, "dry run", was, tree(t, one))
		c := compact(t, one, target)
		t.Logf("target %d: %+v", target, *c)
		if dry.FilesBefore != c.FilesBefore || dry.Days != c.Days || dry.Rows != c.Rows || c.FilesAfter > dry.FilesAfter || c.FilesAfter >= c.FilesBefore {
			t.Errorf("foreseen %+v, got %+v", *dry, *c)
		}
		sameRows(t, "events", events, seen(t, one, lake.Events))
		sameRows(t, "counts", tiles, seen(t, one, lake.Counts))
		now := tree(t, one)
		for name, body := range was { // what is replaced stays for gc
			if !strings.HasPrefix(name, "athena/") && name != "state/latest" && !bytes.Equal(now[name], body) {
				t.Errorf("%s is gone or changed", name)
			}
		}
		inOrder(t, one)
		compact(t, two, target)
		done := tree(t, one)
		for name, body := range tree(t, two) { // its reports still name the lake it is a copy of, as those of one do
			if !bytes.Equal(done[name], body) {
				t.Errorf("%s differs in a second lake", name)
			}
		}
		if again := compact(t, one, target); again.Days != 0 || again.Commit != c.Commit {
			t.Errorf("compacted again: %+v", *again)
		}
		sameTree(t, "compacted again", done, tree(t, one))
	}
}

// inOrder checks that the files of the compacted days are sorted, each and one after the other.
func inOrder(t *testing.T, dir string) {
	t.Helper()
	s := open(t, dir)
	for _, m := range manifests(t, s) {
		var last *trail.Record
		made := slices.DeleteFunc(slices.Clone(m.Files[lake.Events]), func(f lake.File) bool { return !strings.Contains(f.Key, "-c") })
		for _, f := range made {
			err := lake.EachEvent(t.Context(), s, f, everyAPI, func(r *trail.Record) error {
				if last != nil && compareRows(last, r) > 0 {
					t.Errorf("%s: %s comes after %s", f.Key, r.EventID, last.EventID)
				}
				n := *r
				last = &n
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestCompactKilledAnywhere(t *testing.T) {
	_, dir, _ := busy(t, 6*time.Hour)
	killed(t, dir, "compact")
}

// A file that is cut short, grown, replaced, unsorted or damaged inside is named, and nothing is written.
func TestCompactDamaged(t *testing.T) {
	_, dir, _ := busy(t, 6*time.Hour)
	all := manifests(t, open(t, dir))
	m := all[len(all)-1] // the open day, which still has several files of counts
	for _, d := range []struct {
		name  string
		table lake.Table
		harm  func(body []byte) []byte
	}{
		{"truncated", lake.Events, func(b []byte) []byte { return b[:len(b)-100] }},
		{"longer", lake.Events, func(b []byte) []byte { return append(b, "more"...) }},
		{"foreign, of the same size", lake.Events, func(b []byte) []byte { return bytes.Repeat([]byte("x"), len(b)) }},
		{"foreign, between the magic words", lake.Events, func(b []byte) []byte { return slices.Concat(b[:4], make([]byte, len(b)-8), b[len(b)-4:]) }},
		{"a hole in the middle", lake.Events, func(b []byte) []byte { clear(b[len(b)/8 : len(b)/4]); return b }},
		{"counts with a hole", lake.Counts, func(b []byte) []byte { clear(b[10 : len(b)/3]); return b }},
		{"counts truncated", lake.Counts, func(b []byte) []byte { return b[:len(b)-1] }},
	} {
		t.Run(d.name, func(t *testing.T) {
			if len(m.Files[d.table]) < 2 {
				t.Skip("one file")
			}
			to := copyLake(t, dir)
			name := filepath.Join(to, m.Files[d.table][1].Key)
			if err := os.WriteFile(name, d.harm(must(os.ReadFile(name))(t)), 0o666); err != nil {
				t.Fatal(err)
			}
			before := tree(t, to)
			_, err := Compact(t.Context(), CompactOptions{UpkeepOptions: UpkeepOptions{Lake: open(t, to)}, Target: TargetBytes, Before: new(m.Day + 1), Temp: t.TempDir()})
			if !errors.Is(err, lake.ErrForeign) || !strings.Contains(err.Error(), name) {
				t.Errorf("error %v, want ErrForeign and %s", err, name)
			}
			after := tree(t, to)
			if d.name == "a hole in the middle" || d.name == "counts with a hole" {
				forgetDay(after, before, m.Day) // days before the damaged one may have been written; nothing names that
			}
			sameTree(t, d.name, before, after)
		})
	}
}

// forgetDay takes out what was written of other days.
func forgetDay(after, before map[string][]byte, day trail.Day) {
	for name := range after {
		if _, was := before[name]; !was && !strings.Contains(name, day.Path()) {
			delete(after, name)
		}
	}
}

func everyAPI(counts.Series) bool { return true }

// A run and a compaction at once: with the lease one of them does not begin; without it one of them does not commit. Either way
// nothing is lost, and the next run goes on.
func TestCompactAndRunAtOnce(t *testing.T) {
	trailDir, dir, last := busy(t, 12*time.Hour)
	from := open(t, trailDir)
	runNow := func(t *testing.T, s store.Store) error {
		_, err := Run(t.Context(), options(from, s, last.Add(20*time.Hour)))
		return err
	}
	compactNow := func(s store.Store) error {
		_, err := Compact(context.Background(), CompactOptions{UpkeepOptions: UpkeepOptions{Lake: s}, Target: TargetBytes, Temp: t.TempDir()})
		return err
	}
	undisturbed := copyLake(t, dir)
	if err := runNow(t, open(t, undisturbed)); err != nil {
		t.Fatal(err)
	}
	want := seen(t, undisturbed, lake.Events)
	for _, c := range []struct {
		name          string
		first, second func(t *testing.T, s store.Store) error
	}{
		{"a run comes between", func(t *testing.T, s store.Store) error { return compactNow(s) }, runNow},
		{"a compaction comes between", runNow, func(t *testing.T, s store.Store) error { return compactNow(s) }},
	} {
		for _, stolen := range []bool{false, true} {
			to := copyLake(t, dir)
			s, done := open(t, to), false
			var inner error
			hooked := storetest.Hooked(s, func(op, key string) error {
				if op == "Create" && strings.HasPrefix(key, "state/commits/") && !done {
					done = true
					if stolen {
						_ = s.Delete(t.Context(), lake.LeaseKey)
						hidePlan(t, to) // as if the two had begun at once
					}
					inner = c.second(t, s)
				}
				return nil
			}, nil)
			outer := c.first(t, hooked)
			switch {
			case !done:
				t.Fatalf("%s: no commit was tried", c.name)
			case !stolen && (!errors.Is(inner, ErrHeld) || outer != nil):
				t.Errorf("%s: %v, and inside %v; want done, and ErrHeld", c.name, outer, inner)
			case stolen && (inner != nil || !errors.Is(outer, ErrHeld)):
				t.Errorf("%s, lease stolen: %v, and inside %v; want ErrHeld, and done", c.name, outer, inner)
			}
			if err := runNow(t, open(t, to)); err != nil {
				t.Fatal(err)
			}
			sameRows(t, c.name, want, seen(t, to, lake.Events))
		}
	}
}

// hidePlan takes away the plan of a run that is not committed.
func hidePlan(t *testing.T, dir string) {
	t.Helper()
	c := must(lake.Current(t.Context(), open(t, dir)))(t)
	_ = os.Remove(filepath.Join(dir, planKey(c.Number+1)))
}

// A lake between the steps of a run is left alone.
func TestCompactUnfinishedRun(t *testing.T) {
	trailDir, dir, last := busy(t, 12*time.Hour)
	for n, key := range []string{"events/", "state/commits/", "reports/"} {
		to := copyLake(t, dir)
		stop := errors.New("stop")
		commits := 0
		s := storetest.Hooked(open(t, to), func(op, k string) error {
			if op == "Create" && strings.HasPrefix(k, "state/commits/") {
				commits++
			}
			if (op == "Put" || op == "Create") && strings.HasPrefix(k, key) {
				return stop
			}
			return nil
		}, nil)
		if _, err := Run(t.Context(), options(open(t, trailDir), s, last.Add(20*time.Hour))); !errors.Is(err, stop) {
			t.Fatalf("stopped before %s: %v", key, err)
		}
		before := tree(t, to)
		for _, do := range []string{"compact", "expire"} {
			if err := upkeeps[do](t.Context(), open(t, to)); !errors.Is(err, ErrUnfinished) {
				t.Errorf("%s, case %d, %d commits: %v, want ErrUnfinished", do, n, commits, err)
			}
		}
		sameTree(t, "refused", before, tree(t, to))
	}
}

// What is decided after a compaction is what would have been decided without it: attributions read events, baselines counts.
func TestRunAfterCompact(t *testing.T) {
	several(t, 400_000)
	dir := t.TempDir()
	trailDir, lakeDir := filepath.Join(dir, "trail"), filepath.Join(dir, "lake")
	truth := write(t, open(t, trailDir), month(11))
	start := truth.End.AddDate(0, 0, -4)
	for at := start; at.Before(truth.End.AddDate(0, 0, -2)); at = at.Add(9 * time.Hour) {
		o := options(open(t, trailDir), open(t, lakeDir), at)
		o.ScoreFrom = start.Add(-6 * time.Hour)
		mustRun(t, o)
	}
	compacted := copyLake(t, lakeDir)
	if c := compact(t, compacted, TargetBytes); c.FilesAfter*2 > c.FilesBefore {
		t.Fatalf("%+v: too little to compact", *c)
	}
	gc(t, compacted, 48*time.Hour)
	one := mustRun(t, options(open(t, trailDir), open(t, lakeDir), truth.Delivered))
	two := mustRun(t, options(open(t, trailDir), open(t, compacted), truth.Delivered))
	if one.Opened == 0 || one.Opened != two.Opened || one.Commit.Totals != two.Commit.Totals {
		t.Errorf("%d insights opened, after a compaction %d; totals %+v and %+v", one.Opened, two.Opened, one.Commit.Totals, two.Commit.Totals)
	}
	sameDecisions(t, lakeDir, compacted)
	sameDecisions(t, compacted, lakeDir)
	for _, table := range []lake.Table{lake.Events, lake.Counts} {
		sameRows(t, string(table), seen(t, lakeDir, table), seen(t, compacted, table))
	}
}
