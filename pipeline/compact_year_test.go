package pipeline

import (
	"testing"
	"time"

	"trailgauge/pipeline/lake"
)

// A year of hourly runs for 400 accounts in 17 regions, as a model: each run leaves an events file a shard and day it touches, compaction chooses with
// the product's own rule and leaves files of the target size and a rest. Late records touch the days before in some hours.

// modelDay is the events files of one day.
type modelDay []lake.File

func (d *modelDay) add(files int, bytes int64) {
	for range files {
		*d = append(*d, lake.File{Bytes: bytes})
	}
}

// compact does what Compact does to a day, and returns how many bytes it read.
func (d *modelDay) compact(target int64) (read int64) {
	for _, f := range undersized(*d, target) {
		read += f.Bytes
	}
	if read == 0 {
		return 0
	}
	var kept modelDay
	for _, f := range *d {
		if f.Bytes >= (target+1)/2 {
			kept = append(kept, f)
		}
	}
	rest := read * 9 / 10 // larger row groups compress better
	for ; rest >= target; rest -= target {
		kept.add(1, target)
	}
	if rest > 0 {
		kept.add(1, rest)
	}
	*d = kept
	return read
}

func TestYearOfHourlyRuns(t *testing.T) {
	for _, c := range []struct {
		name   string
		shards int   // a run
		bytes  int64 // of a shard's events file
		hourly bool  // compaction runs every hour, with --before tomorrow; else once a day
	}{
		{"6,800 quiet account-regions: 100 records an hour and account", 1, 6 << 20, false},
		{"100 records an hour, account and region", 10, 8 << 20, true},
		{"400 records an hour, account and region", 40, 8 << 20, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			days := make([]modelDay, 366)
			var written, read int64
			most, mostOpen := 0, 0
			for hour := range 365 * 24 {
				today := hour / 24
				touch := func(day, files int, bytes int64) {
					if day >= 0 {
						days[day].add(files, bytes)
						written += int64(files) * bytes
					}
				}
				touch(today, c.shards, c.bytes)
				if hour%24 < 2 { // deliveries of the last hour, over midnight
					touch(today-1, c.shards, c.bytes/4)
				}
				for back := 1; back <= RelistDays; back++ { // what was delayed: nearly every hour something of yesterday, seldom of last month
					if (hour*31+back*17)%(3*back*back) == 0 {
						touch(today-back, 1, 20_000)
					}
				}
				mostOpen = max(mostOpen, len(days[today]))
				if hour%24 == 2 || c.hourly {
					last := today
					if !c.hourly {
						last = today - 1
					}
					for d := max(0, today-RelistDays); d <= last; d++ {
						read += days[d].compact(TargetBytes)
					}
					for d := max(0, today-RelistDays-1); d < today; d++ {
						most = max(most, len(days[d]))
					}
				}
			}
			t.Logf("at most %d files a closed day after compaction, %d files of the open day; %.1f GB written, and %.1f GB read to compact",
				most, mostOpen, float64(written)/1e9, float64(read)/1e9)
			if most >= 50 || mostOpen >= 50+c.shards || !c.hourly && mostOpen >= 50 {
				t.Errorf("%d files a closed day, %d of the open one", most, mostOpen)
			}
		})
	}
}

// TestManyRuns is the same with real runs, of which there are fewer.
func TestManyRuns(t *testing.T) {
	_, dir, _ := busy(t, 2*time.Hour)
	before, _ := filesADay(t, dir)
	compact(t, dir, TargetBytes)
	gc(t, dir, 48*time.Hour)
	for _, m := range manifests(t, open(t, dir))[:2] {
		for table, files := range m.Files {
			if len(files) > 1 {
				t.Errorf("%s has %d files of %s", m.Day, len(files), table)
			}
		}
	}
	t.Logf("%d files of the fullest day before", before)
	if before < 10 {
		t.Error("the lake is too tame")
	}
}
