package pipeline

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// A year of hourly runs for 400 accounts in 17 regions, as a model: each run leaves an events file a shard and day it touches, the product's own rules
// say what is brought together, which leaves files of the target size and a rest. Late records touch the days before in some hours.

// modelDay is the events files of one day, and how often the rows of each have been written.
type modelDay struct {
	files   []lake.File
	written map[string]float64 // by key: times the bytes, on average
	made    int
}

func (d *modelDay) add(files int, bytes int64, times float64) {
	for range files {
		d.made++
		f := lake.File{Key: fmt.Sprint(d.made), Bytes: bytes}
		d.files = append(d.files, f)
		d.written[f.Key] = times
	}
}

// join does to the files what a join does, and returns how many bytes it read.
func (d *modelDay) join(files []lake.File) (read int64) {
	var times float64
	for _, f := range files {
		read += f.Bytes
		times += d.written[f.Key] * float64(f.Bytes)
	}
	if read == 0 {
		return 0
	}
	d.files = without(d.files, files)
	again := 1 + times/float64(read)
	rest := read * 9 / 10 // larger row groups compress better
	for ; rest >= TargetBytes; rest -= TargetBytes {
		d.add(1, TargetBytes, again)
	}
	if rest > 0 {
		d.add(1, rest, again)
	}
	return read
}

func TestYearOfHourlyRuns(t *testing.T) {
	t.Parallel()
	first := trail.DayOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, c := range []struct {
		name    string
		shards  int   // a run
		bytes   int64 // of a shard's events file
		compact bool  // once a day
	}{
		{"tiny: one small file an hour", 1, 60_000, true},
		{"6,800 quiet account-regions: 100 records an hour and account", 1, 6 << 20, true},
		{"the same, never compacted", 1, 6 << 20, false},
		{"100 records an hour, account and region", 10, 8 << 20, true},
		{"400 records an hour, account and region", 40, 8 << 20, true},
		{"the same, never compacted", 40, 8 << 20, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			days := make([]modelDay, 366)
			for i := range days {
				days[i].written = map[string]float64{}
			}
			var written, read int64
			most, mostOpen := 0, 0
			for hour := range 365 * 24 {
				today := hour / 24
				asOf := (first + trail.Day(today)).Start().Add(time.Duration(hour%24)*time.Hour + 7*time.Minute)
				touch := func(day, files int, bytes int64) {
					if day < 0 {
						return
					}
					d := &days[day]
					d.add(files, bytes, 1)
					written += int64(files) * bytes
					read += d.join(overgrown(d.files, first+trail.Day(day), asOf))
				}
				touch(today, c.shards, c.bytes)
				if hour%24 < 2 { // deliveries of the last hour, over midnight
					touch(today-1, c.shards, c.bytes/4)
				}
				for back := 1; back <= RelistDays; back++ { // what was delayed: nearly every hour something of yesterday, seldom of last month
					if (hour*31+back*17)%(3*back*back) == 0 {
						touch(today-back, 1, 50_000)
					}
				}
				if c.compact && hour%24 == 2 {
					for d := max(0, today-RelistDays); d < today; d++ {
						read += days[d].join(tier(days[d].files, TargetBytes))
					}
				}
				mostOpen = max(mostOpen, len(days[today].files)) // as every commit has it
				for d := max(0, today-RelistDays-1); d < today; d++ {
					most = max(most, len(days[d].files))
				}
			}
			var times, bytes float64
			oftenest := 0.
			for _, d := range days {
				for _, f := range d.files {
					times, bytes = times+d.written[f.Key]*float64(f.Bytes), bytes+float64(f.Bytes)
					oftenest = max(oftenest, d.written[f.Key])
				}
			}
			t.Logf("at most %d files of an open day, %d of a closed one; %.1f GB written by scans, %.1f GB read to bring files together; a byte was written %.1f times, of the busiest file %.1f",
				mostOpen, most, float64(written)/1e9, float64(read)/1e9, times/bytes, oftenest)
			if most >= 50 || mostOpen >= 50 {
				t.Errorf("%d files of an open day, %d of a closed one", mostOpen, most)
			}
			if times/bytes > 5 {
				t.Errorf("a byte was written %.1f times", times/bytes)
			}
		})
	}
}

// TestManyRuns is the same with real runs, of which there are fewer, and fewer files may lie about: in no commit does a day have more, and a
// compaction leaves one.
func TestManyRuns(t *testing.T) {
	defer func(was int) { maxLoose = was }(maxLoose)
	maxLoose = 4
	_, dir, _ := busy(t, 2*time.Hour)
	s, folds := open(t, dir), 0
	for n := range must(lake.Current(t.Context(), s))(t).Number {
		c := must(lake.Load(t.Context(), s, n+1))(t)
		for _, r := range c.Days {
			m := must(lake.LoadManifest(t.Context(), s, c, r.Day))(t)
			most := maxLoose
			if r.Day < trail.DayOf(c.AsOf)-1 { // came in whole, with the first run
				most = 20
			}
			if len(m.Files[lake.Events]) > most || len(m.Files[lake.Counts]) > maxCountFiles || len(m.Files[lake.Baselines]) > 1 || len(m.Files[lake.Insights]) > 1 {
				t.Errorf("commit %d, %s: %d files of events, %d of counts", c.Number, r.Day, len(m.Files[lake.Events]), len(m.Files[lake.Counts]))
			}
			for _, f := range m.Files[lake.Events] {
				if strings.Contains(f.Key, "-fold-") && lake.RunOf(f.Key) == c.Number {
					folds++
				}
			}
		}
	}
	if folds < 5 {
		t.Errorf("%d files were made by bringing others together: the lake is too tame", folds)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "events/*/*/*/*")); len(left) < 20 {
		t.Errorf("%d files of events, superseded ones included", len(left))
	}
	compact(t, dir, TargetBytes)
	gc(t, dir, 48*time.Hour)
	for _, m := range manifests(t, s)[:2] {
		for table, files := range m.Files {
			if len(files) > 1 {
				t.Errorf("%s has %d files of %s", m.Day, len(files), table)
			}
		}
	}
}
