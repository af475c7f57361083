package pipeline

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
	"trailgauge/pipeline/trail"
)

// A reader sees each event exactly once at any moment, whatever the order of runs, compactions, collections, expiries and crashes in the middle
// of one of them. The reader goes through the symlink files, as Athena does.

// diary is a lake under random use, and what a reader may expect of it.
type diary struct {
	*rapid.T
	dir         string
	trail, lake store.Store
	now         time.Time
	days        map[string]trail.Day // of every event delivered, by ID
	waiting     []string             // delivered since the last whole run
	visible     map[string]bool      // seen once: must be seen from then on
	floor       trail.Day            // days before may be gone
}

// deliver puts a few objects into the trail, each of an account of its own and so, with shards of a byte, each in a shard of its own. Some
// records are late, some come a second time.
func (d *diary) deliver(n int) {
	for range n {
		account := 111111111111 + rapid.IntRange(0, 5).Draw(d.T, "account")
		var records []string
		for range rapid.IntRange(1, 3).Draw(d.T, "records") {
			late := rapid.SampledFrom([]time.Duration{0, 0, 5 * time.Hour, 24 * time.Hour, 9 * 24 * time.Hour}).Draw(d.T, "late")
			records = append(records, d.record(account, d.now.Add(-late)))
		}
		if rapid.IntRange(0, 3).Draw(d.T, "twice") == 0 {
			records = append(records, records[0])
		}
		d.put(account, d.now, records)
	}
}

func (d *diary) record(account int, at time.Time) string {
	id := len(d.days)
	d.days[idOf(id)] = trail.DayOf(at)
	d.waiting = append(d.waiting, idOf(id))
	return rec(id, at, "recipientAccountId", fmt.Sprintf(`"%d"`, account))
}

func (d *diary) put(account int, at time.Time, records []string) {
	key := fmt.Sprintf("AWSLogs/%[1]d/CloudTrail/eu-west-1/%[2]s/%[1]d_CloudTrail_eu-west-1_%[3]s_%05[4]d.json.gz", account, at.Format("2006/01/02"), at.Format("20060102T1504Z"), len(d.days))
	d.ok(d.trail.Put(context.Background(), key, pack(`{"Records":[`+strings.Join(records, ",")+`]}`)))
}

func (d *diary) ok(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// do does one thing to the lake; each returns whether the trail was read.
func (d *diary) do(what string, to store.Store) (read bool, err error) {
	ctx, upkeep := context.Background(), UpkeepOptions{Lake: to}
	switch what {
	case "run":
		o := options(d.trail, to, d.now.Add(time.Minute))
		if first := trail.DayOf(noon) - 80; len(d.visible) == 0 { // however late the first run is
			o.From = &first
		}
		_, err = Run(ctx, o)
		return true, err
	case "compact":
		target := rapid.SampledFrom([]int64{testTarget, TargetBytes}).Draw(d.T, "target")
		before := trail.DayOf(d.now) + trail.Day(rapid.IntRange(0, 1).Draw(d.T, "open day too"))
		_, err = Compact(ctx, CompactOptions{UpkeepOptions: upkeep, Target: target, Before: &before})
	case "gc":
		_, err = GC(ctx, GCOptions{UpkeepOptions: upkeep, Grace: GraceTime, Now: time.Now().Add(48 * time.Hour)})
	case "expire":
		c, e := lake.Current(ctx, d.lake)
		d.ok(e)
		if c.Number == 0 {
			return false, nil
		}
		first := neededFrom(c)
		d.floor = max(d.floor, first)
		_, err = Expire(ctx, ExpireOptions{UpkeepOptions: upkeep, KeepDays: int(trail.DayOf(c.AsOf) - first)})
	}
	if errors.Is(err, ErrUnfinished) { // as it should, after a crash of a run
		err = nil
	}
	return false, err
}

// crash does one thing and dies before one of the operations that change the lake; none: it is done.
func (d *diary) crash(what string) {
	at, ops := rapid.IntRange(1, 60).Draw(d.T, "dies before operation"), 0
	dead := errors.New("dead")
	var died bool
	_, err := d.do(what, storetest.Hooked(d.lake, func(op, key string) error {
		if op == "Put" || op == "PutFile" || op == "Create" || op == "Delete" {
			ops++
		}
		if died = died || ops >= at; died {
			return dead
		}
		return nil
	}, nil))
	if err != nil && !errors.Is(err, dead) {
		d.Fatalf("%s, dying: %v", what, err)
	}
	d.ok(d.lake.Delete(context.Background(), lake.LeaseKey))
}

// look reads all events through the symlink files.
func (d *diary) look(after string, whole bool) {
	links, _ := filepath.Glob(filepath.Join(d.dir, "lake/athena/events/*/*/*/symlink.txt"))
	now := map[string]bool{}
	for _, link := range links {
		body, err := os.ReadFile(link)
		d.ok(err)
		for name := range strings.Lines(string(body)) {
			body, err := os.ReadFile(strings.TrimSuffix(name, "\n"))
			d.ok(err)
			events, err := parquet.Read[struct {
				EventID string `parquet:"eventid,optional"`
			}](bytes.NewReader(body), int64(len(body)))
			d.ok(err)
			for _, r := range events {
				if now[r.EventID] {
					d.Fatalf("after %s: event %s is there twice", after, r.EventID)
				}
				if day, ok := d.days[r.EventID]; !ok || !strings.Contains(link, day.Path()) {
					d.Fatalf("after %s: %s holds event %s of %s", after, link, r.EventID, day)
				}
				now[r.EventID] = true
			}
		}
	}
	if whole {
		for _, id := range d.waiting {
			d.visible[id] = true
		}
		d.waiting = nil
	}
	for id := range now {
		d.visible[id] = true
	}
	for id := range d.visible {
		if !now[id] && d.days[id] >= d.floor {
			d.Fatalf("after %s: event %s of %s is gone", after, id, d.days[id])
		}
	}
}

// few checks the bound on files a day and table.
func (d *diary) few() {
	c, err := lake.Current(context.Background(), d.lake)
	d.ok(err)
	for _, r := range c.Days {
		m, err := lake.LoadManifest(context.Background(), d.lake, c, r.Day)
		d.ok(err)
		if n := len(m.Files[lake.Events]); r.Day >= trail.DayOf(c.AsOf)-1 && n > maxLoose+2 {
			d.Fatalf("%s has %d files of events", r.Day, n)
		}
		if n := len(m.Files[lake.Counts]); n > maxCountFiles {
			d.Fatalf("%s has %d files of counts", r.Day, n)
		}
	}
}

func TestReadersSeeEachEventOnce(t *testing.T) {
	several(t, 1)
	defer func(loose int, target, commit int64) { maxLoose, foldTarget, commitBytes = loose, target, commit }(maxLoose, foldTarget, commitBytes)
	maxLoose, commitBytes = 3, 1
	checks := flag.Lookup("rapid.checks")
	defer checks.Value.Set(checks.Value.String())
	if checks.Value.String() == checks.DefValue {
		checks.Value.Set("12")
	}
	work := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(work, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		d := &diary{T: rt, dir: dir, now: noon, days: map[string]trail.Day{}, visible: map[string]bool{}}
		d.trail, err = store.Folder(filepath.Join(dir, "trail"))
		d.ok(err)
		d.lake, err = store.Folder(filepath.Join(dir, "lake"))
		d.ok(err)
		for _, back := range []int{78, 77, 50, 2} {
			at := noon.AddDate(0, 0, -back)
			d.put(111111111111, at, []string{d.record(111111111111, at)})
		}
		thing := rapid.SampledFrom([]string{"run", "run", "run", "compact", "gc", "expire"})
		for range rapid.IntRange(3, 14).Draw(rt, "steps") {
			d.now = d.now.Add(rapid.SampledFrom([]time.Duration{time.Hour, time.Hour, 7 * time.Hour, 26 * time.Hour}).Draw(rt, "later"))
			d.deliver(rapid.IntRange(0, 6).Draw(rt, "objects"))
			what := thing.Draw(rt, "what")
			if rapid.IntRange(0, 2).Draw(rt, "crash") == 0 {
				d.crash(what)
				d.look("a crash in "+what, false)
				continue
			}
			read, err := d.do(what, d.lake)
			if err != nil {
				rt.Fatalf("%s: %v", what, err)
			}
			d.look(what, read)
			d.few()
		}
		_, err = d.do("run", d.lake)
		d.ok(err)
		d.look("the last run", true)
	})
}
