package pipeline

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/series"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// damages are what can happen to a file.
var damages = map[string]func([]byte) []byte{
	"cut in half":  func(b []byte) []byte { return b[:len(b)/2] },
	"empty":        func([]byte) []byte { return nil },
	"other format": func([]byte) []byte { return []byte(`{"Records":[]}`) },
}

// Every file of a lake is damaged in turn, in every way, and every command is run. One that needs the file names it and changes nothing: no
// commit, nothing that is there is gone or other than it was; mended, it does what it would have done. One that does not need it does its work.
func TestEveryFileDamaged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	trailDir, whole := filepath.Join(dir, "trail"), filepath.Join(dir, "lake")
	from := open(t, trailDir)
	c := small(21, 2)
	c.Accounts, c.Regions, c.EventsPerDay = 1, 1, 20
	truth := write(t, from, c)
	old := truth.End.AddDate(0, 0, -75)
	if err := from.Put(t.Context(), key(old, "old"), pack(`{"Records":[`+rec(1, old)+`]}`)); err != nil {
		t.Fatal(err)
	}
	first := trail.DayOf(old)
	for _, before := range []time.Duration{20 * time.Hour, 10 * time.Hour} {
		o := options(from, open(t, whole), truth.End.Add(-before))
		o.From, o.ScoreFrom = &first, truth.End.Add(-30*time.Hour)
		mustRun(t, o)
	}
	commit := must(lake.Current(t.Context(), open(t, whole)))(t)
	commands := map[string]func(ctx context.Context, s store.Store) error{
		"run": func(ctx context.Context, s store.Store) error {
			_, err := Run(ctx, options(from, s, truth.Delivered))
			return err
		},
		"compact": func(ctx context.Context, s store.Store) error {
			_, err := Compact(ctx, CompactOptions{UpkeepOptions: UpkeepOptions{Lake: s}, Before: new(trail.DayOf(truth.End) + 1)})
			return err
		},
		"gc": upkeeps["gc"],
		"expire": func(ctx context.Context, s store.Store) error {
			_, err := Expire(ctx, ExpireOptions{UpkeepOptions: UpkeepOptions{Lake: s}, KeepDays: int(trail.DayOf(commit.AsOf) - neededFrom(commit))})
			return err
		},
		"series": func(ctx context.Context, s store.Store) error {
			c, err := lake.Current(ctx, s)
			if err != nil {
				return err
			}
			return series.Each(ctx, s, c, series.Query{}, func(*series.Row) error { return nil })
		},
		"explain": func(ctx context.Context, s store.Store) error {
			if _, err := FindInsight(ctx, s, "of no insight"); !errors.Is(err, ErrNoInsight) {
				return err
			}
			return nil
		},
		"files": func(ctx context.Context, s store.Store) error {
			c, err := lake.Current(ctx, s)
			for i := 0; err == nil && i < len(c.Days); i++ {
				_, err = lake.LoadManifest(ctx, s, c, c.Days[i].Day)
			}
			return err
		},
	}
	before := raw(t, whole)
	needed := map[string]int{} // by command
	for _, command := range slices.Sorted(maps.Keys(commands)) {
		if err := commands[command](t.Context(), open(t, whole)); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		want := raw(t, whole)
		restore(t, whole, before)
		for _, name := range slices.Sorted(maps.Keys(before)) {
			if top, _, _ := strings.Cut(name, "/"); !slices.Contains([]string{"events", "counts", "principals", "insights", "baselines", "replaced", "state"}, top) ||
				name == "state/latest" || name == "state/place" {
				continue
			}
			for what, damage := range damages {
				if testing.Short() && what != "other format" {
					continue
				}
				path := filepath.Join(whole, name)
				body := damage(before[name])
				if err := os.WriteFile(path, body, 0o666); err != nil {
					t.Fatal(err)
				}
				err := commands[command](t.Context(), open(t, whole))
				after := raw(t, whole)
				if err == nil {
					delete(after, name)
					for other, body := range want {
						if other != name && !bytes.Equal(after[other], body) {
							t.Errorf("%s with %s %s: it did not mind, but %s differs", command, name, what, other)
						}
					}
				} else {
					needed[command]++
					if !errors.Is(err, lake.ErrForeign) || !strings.Contains(err.Error(), path) {
						t.Errorf("%s with %s %s: %v; want ErrForeign, and its name", command, name, what, err)
					}
					for other := range before {
						if other != name && !bytes.Equal(after[other], before[other]) {
							t.Errorf("%s with %s %s: failed, and %s is gone or changed", command, name, what, other)
						}
					}
					for other := range after {
						if _, was := before[other]; !was && (command != "run" || strings.HasPrefix(other, "state/commits/") || strings.HasPrefix(other, "athena/")) {
							t.Errorf("%s with %s %s: failed, and wrote %s", command, name, what, other)
						}
					}
					if err := os.WriteFile(path, before[name], 0o666); err != nil {
						t.Fatal(err)
					}
					if err := commands[command](t.Context(), open(t, whole)); err != nil {
						t.Errorf("%s with %s mended: %v", command, name, err)
					}
					for other, body := range want {
						if now, _ := os.ReadFile(filepath.Join(whole, other)); !bytes.Equal(now, body) {
							t.Errorf("%s with %s mended: %s differs", command, name, other)
						}
					}
				}
				restore(t, whole, before)
			}
		}
	}
	t.Logf("files needed, in any damage: %v of %d files", needed, len(before))
	for command := range commands {
		if needed[command] == 0 {
			t.Errorf("%s minded nothing", command)
		}
	}
}

// raw reads all files of a lake.
func raw(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files[strings.TrimPrefix(path, dir+"/")], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// restore brings a lake back to what it was.
func restore(t *testing.T, dir string, want map[string][]byte) {
	t.Helper()
	for name := range raw(t, dir) {
		if _, was := want[name]; !was {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, w := range want {
		path := filepath.Join(dir, name)
		if now, err := os.ReadFile(path); err == nil && bytes.Equal(now, w) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, w, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
