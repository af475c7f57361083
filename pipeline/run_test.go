package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/fixtures"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
)

// month is a trail with anomalies that is generated and run in a few seconds.
func month(seed uint64) fixtures.Config {
	c := fixtures.Default()
	c.Seed, c.Days, c.Accounts, c.Regions, c.EventsPerDay = seed, 24, 1, 1, 600
	return c
}

// several makes shards small, so that a small trail has several.
func several(t *testing.T, bytes int64) {
	old := shardJSON
	shardJSON = bytes
	t.Cleanup(func() { shardJSON = old })
}

func mustRun(t *testing.T, o Options) *Result {
	t.Helper()
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// mustRunEvery runs at every step from the middle of the first day to score on, and as of o.AsOf; step 0: then alone.
func mustRunEvery(t *testing.T, o Options, step time.Duration) {
	t.Helper()
	asOf := o.AsOf
	for o.AsOf = o.ScoreFrom.Add(11 * time.Hour); step > 0 && o.AsOf.Before(asOf); o.AsOf = o.AsOf.Add(step) {
		mustRun(t, o)
	}
	o.AsOf = asOf
	mustRun(t, o)
}

// tree reads all files below a folder.
func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		files[rel] = bytes.ReplaceAll(body, []byte(dir), []byte("LAKE"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// sameTree fails the test where two folders differ.
func sameTree(t *testing.T, what string, want, got map[string][]byte) {
	t.Helper()
	for name, body := range want {
		other, ok := got[name]
		switch {
		case !ok:
			t.Errorf("%s: %s is missing", what, name)
		case !bytes.Equal(body, other):
			t.Errorf("%s: %s differs%s", what, name, difference(name, body, other))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s should not be there", what, name)
		}
	}
}

func difference(name string, a, b []byte) string {
	if !strings.Contains(name, ".json") || strings.HasSuffix(name, ".gz") {
		return ""
	}
	return ": " + cmp.Diff(string(a), string(b))
}

func TestSameBytesForAnyNumberOfWorkers(t *testing.T) {
	several(t, 1<<20)
	from := folder(t)
	truth := write(t, from, month(11))
	var first map[string][]byte
	defer func(was int) { maxGathered = was }(maxGathered)
	for workers, most := range map[int]int{1: maxGathered, 2: 3000, 8: 0} { // histories that are kept, in part or not at all
		maxGathered = most
		dir := t.TempDir()
		to, err := store.Folder(dir)
		if err != nil {
			t.Fatal(err)
		}
		o := options(from, to, truth.Delivered)
		o.Workers, o.ScoreFrom = workers, truth.End.AddDate(0, 0, -4)
		r := mustRun(t, o)
		if r.Commit.Number != 2 || r.Commit.Run.Kept+r.Commit.Run.Replaced != truth.Records {
			t.Fatalf("commit %d, %+v; want 2 and %d records", r.Commit.Number, r.Commit.Run, truth.Records)
		}
		if got := tree(t, dir); first == nil {
			first = got
		} else {
			sameTree(t, fmt.Sprintf("%d workers", workers), first, got)
		}
	}
}

// A run that finishes another one first tells of what opened in that: the report it leaves is its own.
func TestFinishedFirstIsTold(t *testing.T) {
	from, to := folder(t), folder(t)
	truth := write(t, from, month(11))
	o := options(from, to, truth.End.Add(time.Hour))
	o.ScoreFrom = truth.End.AddDate(0, 0, -4)
	if _, err := Prepare(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := to.Delete(t.Context(), lake.LeaseKey); err != nil { // as when it has run out
		t.Fatal(err)
	}
	o.AsOf = truth.End.AddDate(0, 0, 1)
	r := mustRun(t, o)
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "insights opened in it: ") || !strings.Contains(r.Warnings[0], "/reports/00000002/index.html") {
		t.Errorf("%d opened, warnings %q", r.Opened, r.Warnings)
	}
	line := r.Outcome(to)
	if line.Opened != len(r.Finished.Opened)+len(r.Report.Opened) || line.Opened <= len(r.Report.Opened) || line.Finished != to.URL("reports/00000002/index.html") || line.Commit != r.Commit.Number {
		t.Errorf("it tells %+v; %d opened in the run before, %d in its own", line, len(r.Finished.Opened), len(r.Report.Opened))
	}
	if line = mustRun(t, o).Outcome(to); line.Opened != 0 || line.Finished != "" || line.Commit != r.Commit.Number || line.Report == "" {
		t.Errorf("with nothing to do it tells %+v", line)
	}
}

func TestSecondRunDoesNothing(t *testing.T) {
	o := options(folder(t), nil, time.Time{})
	truth := write(t, o.Trail, small(5, 9))
	dir := t.TempDir()
	o.Lake, _ = store.Folder(dir)
	o.AsOf = truth.Delivered
	mustRun(t, o)
	before := tree(t, dir)
	r := mustRun(t, o)
	if r.Report.Number != 0 || r.Opened != 0 {
		t.Errorf("the second run reports %+v", r.Report)
	}
	sameTree(t, "after a second run", before, tree(t, dir))
}

// found reads the insights of a lake.
func found(t *testing.T, s store.Store) []insight.Insight {
	t.Helper()
	ctx := context.Background()
	c, err := lake.Current(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	var all []insight.Insight
	for _, d := range c.Days {
		m, err := lake.LoadManifest(ctx, s, c, d.Day)
		if err != nil {
			t.Fatal(err)
		}
		if m.Found == "" {
			continue
		}
		body, _, err := s.Get(ctx, m.Found, 0)
		if err != nil {
			t.Fatal(err)
		}
		var list []insight.Insight
		if err := json.Unmarshal(body, &list); err != nil {
			t.Fatal(err)
		}
		all = append(all, list...)
	}
	return all
}

// TestWhenItRunsDoesNotMatter decides the same days in one run, in daily runs and in runs every five hours.
func TestWhenItRunsDoesNotMatter(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a week in many small steps")
	}
	c := month(12)
	c.LateShare = 0 // late data make revisions, which tell of the schedule
	from := folder(t)
	truth := write(t, from, c)
	asOf, scoreFrom := truth.End.Add(90*time.Minute), truth.End.AddDate(0, 0, -6)
	steps := []time.Duration{0, 24 * time.Hour, 5 * time.Hour}
	lists := make([][]insight.Insight, len(steps))
	t.Run("runs", func(t *testing.T) {
		for i, step := range steps {
			t.Run(fmt.Sprintf("every %s", step), func(t *testing.T) {
				t.Parallel()
				o := options(from, folder(t), asOf)
				o.ScoreFrom = scoreFrom
				mustRunEvery(t, o, step)
				lists[i] = found(t, o.Lake)
			})
		}
	})
	if len(lists[0]) == 0 {
		t.Fatal("no insights: nothing to compare")
	}
	for i, step := range steps[1:] {
		if d := cmp.Diff(lists[0], lists[1+i]); d != "" {
			t.Errorf("runs every %s: %s", step, d)
		}
	}
}

func TestTruthIsFound(t *testing.T) {
	from := folder(t)
	c := month(13)
	c.EventsPerDay = 2000
	truth := write(t, from, c)
	o := options(from, folder(t), truth.Delivered)
	o.ScoreFrom = truth.End.AddDate(0, 0, -14)
	mustRun(t, o)
	list := found(t, o.Lake)
	for _, a := range truth.Anomalies {
		hit := false
		for _, i := range list {
			hit = hit || i.Account == a.Account && i.Source == a.Source && i.Name == a.Name && i.Whole.Start.Before(a.End) && i.Whole.End.After(a.Start)
		}
		if a.MustFind && !hit {
			t.Errorf("not found: %+v", a)
		}
	}
}
