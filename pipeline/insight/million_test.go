package insight

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"trailgauge/baseline"
	"trailgauge/models"
	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
)

var millionSizes = flag.String("million", "2000,4000,8000", "series of BenchmarkMillion, comma separated")

const (
	millionBase    = 1000 // series that are made up; more are their copies in other accounts
	millionDays    = 29
	millionWorkers = 2
)

// BenchmarkMillion refits and scores a day of that many series, each with 28 days of history and 24 hours to score, from the days' tiles to
// verdicts and in two goroutines, as the steps fit and score do: histories are assembled twice, and none is kept. Their roll-ups come on top. It extrapolates
// to a million. Times are processor time, which other processes do not disturb as much as the clock.
func BenchmarkMillion(b *testing.B) {
	tiles := millionTiles()
	for size := range strings.SplitSeq(*millionSizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil || n < 1 || n%millionBase != 0 {
			b.Fatalf("-million: %q is no multiple of %d series", size, millionBase)
		}
		b.Run(size, func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			heap := watchHeap(before.HeapAlloc)
			start := processorTime()
			units := 0
			for b.Loop() {
				units = runMillion(tiles, n)
			}
			cost := float64((processorTime() - start).Nanoseconds()) / float64(b.N*n)
			runtime.ReadMemStats(&after)
			b.ReportMetric(cost, "cpu-ns/series")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N*n), "bytes/series")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N*n), "allocs/series")
			b.ReportMetric(float64(units)/float64(n), "units/series")
			b.ReportMetric(float64(heap())/(1<<20), "MiB-peak")
			b.ReportMetric(cost*1e6/1e9/millionWorkers, "s/million")
			b.ReportMetric(0, "ns/op")
		})
	}
	b.Run("state", func(b *testing.B) {
		for b.Loop() {
			reportState(b, tiles)
		}
		b.ReportMetric(0, "ns/op")
	})
}

// millionTiles makes up the tiles of millionBase series: of every four accounts of the simulated population's kinds, three hold people and rare APIs
// alone, so that the median series is sparse, as on real trails.
func millionTiles() []counts.Tile {
	defer func(was [2]float64) { simKinds = was }(simKinds)
	var tiles []counts.Tile
	for account, kinds := range [4][2]float64{{0, 1}, {.9, 1}, {.9, 1}, {0, .3}} {
		simKinds = kinds
		for _, s := range newPopulation(uint64(5+account), millionBase/4, millionDays).series {
			if s.Principal == "" {
				continue // assembled from its principals
			}
			s.Account = strconv.Itoa(account)
			tiles = append(tiles, s.tiles()...)
		}
	}
	slices.SortFunc(tiles, func(a, b counts.Tile) int { return a.Compare(&b) })
	return tiles
}

// tiles are the calls of a series by day, the failed ones by code.
func (s *simSeries) tiles() []counts.Tile {
	var b counts.Builder
	add := func(code string, m int32, n int64) {
		b.Add(s.Series, counts.Class{ReadOnly: s.read, ErrorCode: code}, simFirst.Start().UnixMilli()+int64(m)*60_000, n)
	}
	for _, p := range s.calls {
		add("", p.Minute, p.N)
	}
	for _, code := range s.codes {
		for _, p := range s.errors[code] {
			add(code, p.Minute, p.N)
			add("", p.Minute, -p.N)
		}
	}
	return b.Tiles()
}

// copies yields a day's tiles so many times, each time in accounts of their own.
type copies struct {
	tiles   []counts.Tile
	of, i   int
	account string
	out     counts.Tile
	done    int
}

func (c *copies) Next() (*counts.Tile, error) {
	if c.i == len(c.tiles) {
		c.i = 0
		c.done++
	}
	if c.done == c.of || len(c.tiles) == 0 {
		return nil, nil
	}
	c.out = c.tiles[c.i]
	if c.i == 0 || c.out.Account != c.tiles[c.i-1].Account {
		c.account = fmt.Sprintf("%08d%s", c.done, c.out.Account)
	}
	c.out.Account = c.account
	c.i++
	return &c.out, nil
}

// byDay splits tiles by day and keeps their order.
func byDay(tiles []counts.Tile) (days [millionDays][]counts.Tile) {
	for _, t := range tiles {
		days[t.Day-simFirst] = append(days[t.Day-simFirst], t)
	}
	return days
}

// runMillion fits and scores n series and returns the units scored.
func runMillion(tiles []counts.Tile, n int) int {
	e := &counts.Exposure{First: simFirst, Hours: make([]uint32, millionDays)}
	for d := range e.Hours {
		e.Hours[d] = 1<<24 - 1
	}
	var sketches [millionWorkers]baseline.Sketch
	inBatches(tiles, n, func(w int, h *counts.History) { sketches[w].Add(h, e, nil) })
	for w := 1; w < millionWorkers; w++ {
		sketches[0].Merge(&sketches[w])
	}
	priors, nulls := sketches[0].Priors(), models.NewNulls()
	var scorers [millionWorkers]Scorer
	var units [millionWorkers]int
	for w := range scorers {
		scorers[w] = Scorer{Priors: priors, Nulls: nulls, Exposure: e}
	}
	inBatches(tiles, n, func(w int, h *counts.History) { scorers[w].Score(h, nil, 24, func(*DayScore) { units[w]++ }) })
	return units[0] + units[1]
}

// inBatches assembles n series and hands them to the workers 64 at a time.
func inBatches(tiles []counts.Tile, n int, work func(worker int, h *counts.History)) {
	jobs := make(chan []*counts.History)
	var workers sync.WaitGroup
	for w := range millionWorkers {
		workers.Go(func() {
			for list := range jobs {
				for _, h := range list {
					work(w, h)
				}
			}
		})
	}
	var list []*counts.History
	a := counts.Assembly{First: simFirst, Days: millionDays}
	var readers []counts.Reader
	for _, day := range byDay(tiles) {
		readers = append(readers, &copies{tiles: day, of: n / millionBase})
	}
	_ = a.Histories(counts.Merge(readers...), func(h *counts.History) error { // neither reader nor function fails
		if list = append(list, h); len(list) == 64 {
			jobs <- list
			list = nil
		}
		return nil
	})
	jobs <- list
	close(jobs)
	workers.Wait()
}

func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for a wrong argument only
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watchHeap samples the heap until the function it returns is called, which tells its peak above base.
func watchHeap(base uint64) func() uint64 {
	var peak atomic.Uint64
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak.Store(max(peak.Load(), m.HeapAlloc))
			}
		}
	})
	return func() uint64 {
		close(done)
		watch.Wait()
		return peak.Load() - min(base, peak.Load())
	}
}

// reportState tells how many bytes a series' 28 days take in the counts table: a day's file in equal parts by its rows for what
// there is one of in a row, and by minutes for the rest.
func reportState(b *testing.B, tiles []counts.Tile) {
	bytes := map[counts.Series]float64{}
	days := byDay(tiles)
	for _, of := range days[:millionDays-1] {
		var bare []counts.Tile
		minutes := 0
		for _, t := range of {
			minutes += len(t.Minutes)
			t.Minutes, t.Counts = nil, nil
			bare = append(bare, t)
		}
		whole, err := lake.EncodeTiles(of)
		if err != nil {
			b.Fatal(err)
		}
		rows, err := lake.EncodeTiles(bare)
		if err != nil {
			b.Fatal(err)
		}
		for _, t := range of {
			bytes[t.Series] += float64(len(rows))/float64(len(of)) + float64(len(whole)-len(rows))*float64(len(t.Minutes))/float64(minutes)
		}
	}
	var sizes []float64
	sum := 0.
	for _, n := range bytes {
		sizes = append(sizes, n)
		sum += n
	}
	slices.Sort(sizes)
	b.ReportMetric(sizes[len(sizes)/2], "median-B/series")
	b.ReportMetric(sum/float64(len(sizes)), "mean-B/series")
	b.ReportMetric(sizes[len(sizes)*95/100], "p95-B/series")
}
