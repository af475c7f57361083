package insight

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"runtime"
	"sort"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"trailgauge/models"
)

var (
	update = flag.Bool("update-null", false, "simulate again and rewrite the shipped null of package models")
	study  = flag.Int("study", 0, "populations of the long calibration study; 0 skips it")
	seed0  = flag.Uint64("seed", 1000, "first seed of the study")
	sizeN  = flag.Int("series", 600, "series of a population of the study")
	factor = flag.Int64("factor", 10, "size of injected bursts in busiest past hours")
	low    = flag.Float64("low", 0, "first kind of API simulated, see simKinds")
	high   = flag.Float64("high", 1, "last kind of API simulated")
	asked  = flag.Float64("asked", 1, "false insights per 1,000 series-days that make an alarm in the study; 0 tells none apart")
	length = flag.Int("days", 14, "scored days of a population of the study")
	hist   = flag.Int("history", 14, "days of history before the first scored day")
)

// TestShippedNull makes the shipped null when asked to: maxima of clean populations, seeds 1 to 36, of 300, 600 and 1,200 series
// and the roll-ups of their APIs, and a sixth as many of principals, 14 days each after 14 days of history. It takes about two minutes.
func TestShippedNull(t *testing.T) {
	if !*update {
		t.Skip("the shipped null is made on request: -update-null")
	}
	if *study == 0 {
		*study = 36 // what is shipped
	}
	var all models.Tally
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for seed := range uint64(*study) {
		g.Go(func() error {
			c := campaign{population: newPopulation(1+seed, []int{300, 600, 1200}[seed%3], *hist+14), start: *hist}
			c.run()
			mu.Lock()
			defer mu.Unlock()
			all.Merge(&c.tally) // addition: no order shows
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(&all)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../../models/default_null.json", append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("series-days %v, units %v", all.Series, all.Units)
}

// TestStudy prints calibration and recall over many populations.
func TestStudy(t *testing.T) {
	if *study == 0 || *update {
		t.Skip("long study on request: -study N")
	}
	simKinds = [2]float64{*low, *high}
	var spikes []spike
	var alarms []alarm
	days := 0.
	sum := map[float64][kinds]int{}
	budgets := []float64{10, 3, 1, .3}
	for i := range uint64(*study) {
		c := campaign{population: newPopulation(*seed0+i, *sizeN, *hist+*length), start: *hist, trials: .02, seed: i, budget: *asked / 1000}
		c.run()
		spikes = append(spikes, c.spikes...)
		alarms = append(alarms, c.alarms...)
		days += c.seriesDays()
		one := c.falseInsights(1)
		half := c.falseInsights(.5)
		t.Logf("seed %d: %.0f series-days, false at 1 per 1,000: calls %d errors %d; at .5: %d", *seed0+i, c.seriesDays(), one[0], one[1], half[0]+half[1])
		for _, b := range budgets {
			n := c.falseInsights(b)
			all := sum[b]
			for k := range n {
				all[k] += n[k]
			}
			sum[b] = all
		}
	}
	for _, b := range budgets {
		for k, n := range sum[b] {
			t.Logf("asked %4.1f per 1,000 series-days: %s %.2f of %.2f", b, Kind(k), float64(n)/days*1000, math.Exp(-thresholdAt(b, models.Channel(k)))*1000)
		}
	}
	t.Logf("recall at 10:\n%s", recallTable(spikes, 10))
	t.Logf("recall at 1:\n%s", recallTable(spikes, 1))
	sort.Slice(alarms, func(i, j int) bool { return alarms[i].score > alarms[j].score })
	for _, a := range alarms[:min(25, len(alarms))] {
		t.Logf("false %.1f %s %s", a.score, a.unit.ErrorCode, a.note)
	}
	n := 0
	for _, s := range spikes {
		if s.score < thresholdAt(1, s.ch) && n < 30 {
			n++
			t.Logf("missed %s %s %.1f: n=%d %s %s lnp=%.1f mean=%.3g k=%.2g", s.ch, s.kind, s.score, s.count, s.note, s.verdict.Cell, s.verdict.LnP, s.verdict.Mean, s.verdict.Size)
		}
	}
}
