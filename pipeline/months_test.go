package pipeline

import (
	"context"
	"flag"
	"math"
	"slices"
	"testing"
	"time"

	"trailgauge/fixtures"
	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

var (
	months    = flag.Int("months", 2, "how many generated months TestMonths judges")
	firstSeed = flag.Uint64("first-seed", 90_000, "seed of the first of them")
)

// TestMonths decides the last 14 days of generated months from their counts: every anomaly that must be found is found, and the other insights
// stay within what the budget promises (95 % bound of a Poisson number).
//
//	go test ./pipeline -run TestMonths -v -months 10 -first-seed 123456
func TestMonths(t *testing.T) {
	var others, promised float64
	must, found := 0, 0
	byKind := map[fixtures.Kind][2]int{}
	for n := range *months {
		c := fixtures.Default()
		c.Seed = *firstSeed + uint64(n)
		m := judge(t, c)
		others, promised = others+float64(len(m.others)), promised+m.promised
		for i, a := range m.truth.Anomalies {
			k := byKind[a.Kind]
			k[1]++
			if m.found[i] {
				k[0]++
			}
			byKind[a.Kind] = k
			if !a.MustFind {
				continue
			}
			must++
			if m.found[i] {
				found++
			} else {
				t.Errorf("seed %d: not found: %+v", c.Seed, a)
			}
		}
		t.Logf("seed %d: %d other insights, %.1f promised at most, %.0f series", c.Seed, len(m.others), m.promised, m.series)
		for _, i := range m.others {
			t.Logf("    %s %s %s %s %q %s to %s, %d against %.1f, score %.2f, %s %s", i.Account, i.Region, i.Name, i.ErrorCode, i.Principal,
				stamp(i.Whole.Start), stamp(i.Whole.End), i.Whole.Count, i.Expected, i.Worst.Score, i.Worst.Model, i.Worst.Cell)
		}
	}
	t.Logf("%d of %d anomalies that must be found; %.0f other insights, %.1f promised at most", found, must, others, promised)
	for _, k := range []fixtures.Kind{fixtures.Spike, fixtures.Deletion, fixtures.ErrorBurst, fixtures.Newcomer, fixtures.Enumeration, fixtures.Slow, fixtures.Shift, fixtures.Drop} {
		t.Logf("    %-12s %d of %d", k, byKind[k][0], byKind[k][1])
	}
	if bound := poissonBound(promised); others > bound {
		t.Errorf("%.0f insights without a cause; the budget promises %.1f, so at most %.0f in 95 of 100 cases", others, promised, bound)
	}
}

// judgement is what became of one month.
type judgement struct {
	truth    *fixtures.Truth
	found    []bool // of truth.Anomalies
	others   []insight.Insight
	promised float64
	series   float64
}

func judge(t *testing.T, c fixtures.Config) judgement {
	t.Helper()
	p, err := fixtures.New(c)
	if err != nil {
		t.Fatal(err)
	}
	truth := p.Truth()
	o := options(folder(t), folder(t), c.End.Add(Watermark))
	commit := takeTiles(t, o, p, c)
	plan := &Plan{AsOf: o.AsOf, Config: o.Config}
	result := &Result{Commit: commit}
	if err := o.conclude(context.Background(), commit, plan, nil, result); err != nil {
		t.Fatal(err)
	}
	j := judgement{truth: truth, found: make([]bool, len(truth.Anomalies)), promised: result.Report.Budget.Expected, series: float64(result.Report.Coverage.Series)}
	for _, i := range found(t, o.Lake) {
		explained := false
		for k, a := range truth.Anomalies {
			if causes(a, i) {
				explained, j.found[k] = true, true
			}
		}
		if !explained {
			j.others = append(j.others, i)
		}
	}
	return j
}

// causes tells whether an anomaly accounts for an insight: the same time, and the same API or principal, or all that its principal calls.
func causes(a fixtures.Anomaly, i insight.Insight) bool {
	if i.Account != a.Account || !i.Whole.Start.Before(a.End.Add(time.Hour)) || !i.Whole.End.After(a.Start) {
		return false
	}
	if i.IsTotal() {
		return i.Principal == a.Principal
	}
	if a.Source != "" {
		return i.Source == a.Source && i.Name == a.Name
	}
	return i.Principal == a.Principal || i.Principal == ""
}

// takeTiles makes a lake of a population's counts, without going through JSON.
func takeTiles(t *testing.T, o Options, p *fixtures.Population, c fixtures.Config) *lake.Commit {
	t.Helper()
	ctx := context.Background()
	byDay := map[trail.Day][]counts.Tile{}
	for tile := range p.Tiles() {
		byDay[tile.Day] = append(byDay[tile.Day], tile)
	}
	commit := &lake.Commit{Format: 1, Number: 1, AsOf: o.AsOf, Ingested: o.AsOf, Dirty: true}
	commit.ScoreFrom = c.End.AddDate(0, 0, -14)
	commit.Decided = commit.ScoreFrom
	for d := trail.DayOf(c.First()); d.Start().Before(c.End); d++ {
		tiles := byDay[d]
		slices.SortFunc(tiles, func(a, b counts.Tile) int { return a.Compare(&b) })
		f, err := putTiles(ctx, o.Lake, lake.Counts, d, 1, "0000", tiles)
		if err != nil {
			t.Fatal(err)
		}
		m := &lake.Manifest{Day: d, Files: map[lake.Table][]lake.File{lake.Counts: {f}}}
		if err := m.Save(ctx, o.Lake, commit); err != nil {
			t.Fatal(err)
		}
		commit.Exposure = append(commit.Exposure, lake.Exposed{Day: d, Hours: 1<<24 - 1})
	}
	return commit
}

// poissonBound is the smallest n with P(N <= n) >= .95 for a Poisson N with the given mean.
func poissonBound(mean float64) float64 {
	p, sum := math.Exp(-mean), 0.
	for n := 0.; ; n++ {
		if sum += p; sum >= .95 {
			return n
		}
		p *= mean / (n + 1)
	}
}
