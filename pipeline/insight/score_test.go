package insight

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/baseline"
	"trailgauge/models"
	"trailgauge/pipeline/counts"
)

// steady is n calls at minutes past every hour of days days.
func steady(days int, n int64) (t counts.Track) {
	for h := range days * 24 {
		t = append(t, counts.Point{Minute: int32(h*60 + 17), N: n})
	}
	return t
}

func simHistory(days int, rated counts.Track) *counts.History {
	return &counts.History{
		Series: counts.Series{Account: "1", Region: "r", Source: "s", Name: "n", Principal: "p"},
		First:  simFirst, Days: days, Born: -1, Rated: rated, All: rated,
	}
}

func observed(days int) *counts.Exposure {
	e := &counts.Exposure{First: simFirst, Hours: make([]uint32, days)}
	for d := range e.Hours {
		e.Hours[d] = 1<<24 - 1
	}
	return e
}

func newScorer(e *counts.Exposure) *Scorer {
	return &Scorer{Priors: new(baseline.Sketch).Priors(), Nulls: models.NewNulls(), Exposure: e}
}

// scores returns copies of what Score emits.
func scores(s *Scorer, h *counts.History, masked func(Unit) []int32, upto int) (all []DayScore) {
	s.Score(h, masked, upto, func(d *DayScore) { all = append(all, *d) })
	return all
}

var limit = models.Budget{FalsePerDay: 1}

func TestSpikeIsFound(t *testing.T) {
	h := simHistory(15, steady(15, 6))
	h.Rated[14*24+9].N = 60
	day := scores(newScorer(observed(15)), h, nil, 24)[0]
	if best := day.Hours[9].Best; best.Score < limit.Threshold(models.Calls) {
		t.Errorf("a tenfold hour scores %.2f: %+v", best.Score, best)
	}
	for hour, got := range day.Hours {
		if hour < 9 && got.Best.Score >= limit.Threshold(models.Calls) {
			t.Errorf("hour %d scores %.2f", hour, got.Best.Score)
		}
	}
	if m := day.Hours[9].Mean; m < 4 || m > 8 {
		t.Errorf("expected %.3g calls, want about 6", m)
	}
}

// An error code that the series never had.
func TestNewErrorCodeIsFound(t *testing.T) {
	h := simHistory(15, steady(15, 100))
	h.Errors = []counts.CodeTrack{{Code: "AccessDenied", Track: counts.Track{{Minute: 14*1440 + 600, N: 20}, {Minute: 14*1440 + 617, N: 40}}}}
	all := scores(newScorer(observed(15)), h, nil, 24)
	all = slices.DeleteFunc(all, func(d DayScore) bool { return d.Kind == Silence })
	if len(all) != 2 || all[0].Kind != CallRate || all[1].ErrorCode != "AccessDenied" {
		t.Fatalf("emitted %d units", len(all))
	}
	if best := all[1].Hours[10].Best; best.Score < limit.Threshold(models.Errors) {
		t.Errorf("60 errors score %.2f: %+v", best.Score, best)
	}
}

// Few calls are never an alarm, however rare.
func TestImmaterial(t *testing.T) {
	h := simHistory(29, counts.Track{{Minute: 5, N: 1}, {Minute: 28*1440 + 125, N: 9}})
	best := scores(newScorer(observed(29)), h, nil, 24)[0].Hours[2].Best
	if best.Score > Immaterial || math.IsInf(best.Score, -1) {
		t.Errorf("9 calls score %v, want a number up to %v", best.Score, Immaterial)
	}
	for _, ch := range []models.Channel{models.Calls, models.Errors} {
		if limit.Threshold(ch) <= Immaterial {
			t.Errorf("the threshold of %s is not above immaterial scores", ch)
		}
	}
}

func TestUndecided(t *testing.T) {
	e := observed(3)
	e.Hours[0], e.Hours[1] = 0, 0xFFF
	h := simHistory(3, steady(3, 5))
	day := scores(newScorer(e), h, nil, 24)[0]
	if want := "12 observed hours before this day; 24 would be enough"; day.Fit.Undecided != want {
		t.Errorf("undecided: %q, want %q", day.Fit.Undecided, want)
	}
	for hour, got := range day.Hours {
		if !math.IsInf(got.Best.Score, -1) {
			t.Errorf("hour %d scores %v", hour, got.Best.Score)
		}
	}
}

func TestNewcomer(t *testing.T) {
	h := simHistory(15, counts.Track{{Minute: 14*1440 + 400, N: 3000}})
	h.Born = 14*1440 + 400
	day := scores(newScorer(observed(15)), h, nil, 24)[0]
	if best := day.Hours[6].Best; best.Model != "newcomer" || best.Cell != "calls/newcomer/60" || day.Fit.Regime != "newcomer" {
		t.Errorf("regime %s, verdict %+v", day.Fit.Regime, best)
	}
}

// Quarantined hours are hidden from the unit they belong to.
func TestMaskedUnit(t *testing.T) {
	h := simHistory(15, steady(15, 6))
	var hours []int32
	for i := range 6 {
		h.Rated[200+i].N = 6000
		hours = append(hours, int32(simFirst)*24+200+int32(i))
	}
	mask := func(u Unit) []int32 {
		if u.Kind == CallRate && u.Name == "n" {
			return hours
		}
		return nil
	}
	open, hidden := scores(newScorer(observed(15)), h, nil, 24)[0], scores(newScorer(observed(15)), h, mask, 24)[0]
	if open.Fit.Level < 2*hidden.Fit.Level || hidden.Fit.Exposure != 14*24-6 {
		t.Errorf("level %.3g, hidden %.3g over %v hours", open.Fit.Level, hidden.Fit.Level, hidden.Fit.Exposure)
	}
}

// The short way to the edge of the band leads to the same count as the search.
func TestUpper(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mu := math.Exp(rapid.Float64Range(-12, 6).Draw(t, "ln mu"))
		size := math.Exp(rapid.Float64Range(-5, 6).Draw(t, "ln size"))
		got, want := upper(mu, size), float64(models.NBUpperQuantile(-ln1000, mu, size))
		if tie := models.NBLogUpper(int64(min(got, want))+1, mu, size); got != want && math.Abs(tie+ln1000) > 1e-9 {
			t.Fatalf("upper(%v, %v) = %v, want %v", mu, size, got, want)
		}
	})
}

// drawSim draws a history of a week or two with an error code, and its exposure.
func drawSim(t *rapid.T) (*counts.History, *counts.Exposure) {
	days := rapid.IntRange(1, 16).Draw(t, "days")
	track := func(name string, most int64) (track counts.Track) {
		m := int32(0)
		for range rapid.IntRange(0, 80).Draw(t, name) {
			if m += rapid.Int32Range(1, 900).Draw(t, "gap"); m >= int32(days)*1440 {
				break
			}
			track = append(track, counts.Point{Minute: m, N: rapid.Int64Range(1, most).Draw(t, "n")})
		}
		return track
	}
	h := simHistory(days, track("calls", 1<<rapid.IntRange(1, 40).Draw(t, "magnitude")))
	h.Born = rapid.SampledFrom([]int32{-1, 0, int32(days-3) * 1440, int32(days-1)*1440 + 90}).Draw(t, "born")
	h.Errors = []counts.CodeTrack{{Code: "E", Track: track("errors", 50)}}
	if rapid.Bool().Draw(t, "rollup") {
		h.Principal = ""
	}
	e := &counts.Exposure{First: simFirst, Hours: rapid.SliceOfN(rapid.SampledFrom([]uint32{1<<24 - 1, 0, 0xFFF0FF}), days, days).Draw(t, "hours")}
	return h, e
}

// More calls in the last hour never score lower, nor do more errors. (The hour holds nothing else: a second burst may take over as
// its busiest 15 minutes, with another number of calls around it.)
func TestScoreMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, _ := drawSim(t)
		e := observed(h.Days)
		s := newScorer(e)
		hour := rapid.IntRange(0, 23).Draw(t, "hour")
		at := int32((h.Days-1)*1440 + hour*60 + 30)
		before := func(track counts.Track) (cut counts.Track) {
			for _, p := range track {
				if p.Minute < at-60 {
					cut = append(cut, p)
				}
			}
			return cut
		}
		calls, errors := before(h.Rated), before(h.Errors[0].Track)
		last := [kinds]float64{math.Inf(-1), math.Inf(-1)}
		for _, n := range []int64{1, 2, 3, 5, 9, 12, 29, 30, 31, 40, 64, 100, 1000, 1e6} {
			h.Rated = append(calls[:len(calls):len(calls)], counts.Point{Minute: at, N: n})
			h.All = append(calls[:len(calls):len(calls)], counts.Point{Minute: at, N: 2e6})
			h.Errors[0].Track = append(errors[:len(errors):len(errors)], counts.Point{Minute: at, N: n})
			for _, day := range scores(s, h, nil, hour+1) {
				if day.Kind == Silence { // the other way round
					continue
				}
				got := day.Hours[hour].Best.Score
				if got < last[day.Kind] {
					t.Fatalf("%v: %d score %v, fewer scored %v", day.Kind, n, got, last[day.Kind])
				}
				last[day.Kind] = got
			}
		}
	})
}

// Nothing that happens at or after upto shows in what is decided.
func TestUndecidableHoursDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, e := drawSim(t)
		upto := rapid.IntRange(0, 23).Draw(t, "upto")
		end := int32((h.Days-1)*1440 + upto*60)
		s := newScorer(e)
		full := scores(s, h, nil, upto)
		past := *h
		past.Errors = []counts.CodeTrack{{Code: "E"}}
		past.Rated, past.All = nil, nil
		for _, p := range h.Rated {
			if p.Minute < end {
				past.Rated = append(past.Rated, p)
			}
		}
		if len(past.Rated) == 0 {
			return // a unit that is rated only later is another one
		}
		past.All = past.Rated
		for _, p := range h.Errors[0].Track {
			if p.Minute < end {
				past.Errors[0].Track = append(past.Errors[0].Track, p)
			}
		}
		if diff := cmp.Diff(scores(s, &past, nil, upto), full); diff != "" {
			t.Fatalf("what comes after hour %d matters:\n%s", upto, diff)
		}
		for _, d := range full {
			for hour := upto; hour < 24; hour++ {
				if !math.IsInf(d.Hours[hour].Best.Score, -1) {
					t.Fatalf("hour %d scores %v", hour, d.Hours[hour].Best.Score)
				}
			}
		}
		if len(s.Tally.Series) > 0 && s.Tally != (models.Tally{}) {
			t.Fatal("an incomplete day was tallied")
		}
	})
}

// Whatever a trail says: no NaN, no positive ln p, windows that end in their hour.
func TestScoresAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, e := drawSim(t)
		s := newScorer(e)
		for _, d := range scores(s, h, nil, 24) {
			for hour, x := range d.Hours {
				v := x.Best
				if math.IsNaN(v.Score) || math.IsInf(v.Score, 1) || !(v.LnP <= 0) || !(v.Mean >= 0) || !(v.Size >= 0) || !(x.Mean > 0) || !(x.SD > 0) || !(x.Upper >= 0) {
					t.Fatalf("hour %d: %+v", hour, x)
				}
				if v.Score > math.Inf(-1) && (v.End <= int32(hour*60) || v.End > int32(hour+1)*60 || v.Count <= 0 && d.Kind != Silence) {
					t.Fatalf("hour %d: window of %d minutes to %d with %d", hour, v.Window, v.End, v.Count)
				}
				if !x.Observed && (x.Count != 0 || !math.IsInf(v.Score, -1)) {
					t.Fatalf("hour %d was not observed and scores %v", hour, v.Score)
				}
			}
		}
	})
}

// A day's tally and scores do not depend on how the series are spread over scorers.
func TestTallyOfShards(t *testing.T) {
	p := newPopulation(3, 60, 16)
	e := &counts.Exposure{First: simFirst, Hours: p.hours}
	var sketch baseline.Sketch
	var all []*counts.History
	for i := range p.series {
		if h, ok := p.series[i].history(0, 15); ok {
			all = append(all, h)
			sketch.Add(h, e, nil)
		}
	}
	var want []byte
	for _, shards := range []int{1, 2, 7, 64} {
		scorers := make([]Scorer, shards)
		for i := range scorers {
			scorers[i] = Scorer{Priors: sketch.Priors(), Nulls: models.NewNulls(), Exposure: e}
		}
		days := map[string][]DayScore{}
		for i := range all {
			h := all[len(all)-1-i]
			days[fmt.Sprint(h.Series)] = scores(&scorers[i%shards], h, nil, 24)
		}
		var sum models.Tally
		for i := range scorers {
			sum.Merge(&scorers[i].Tally)
		}
		tally, err := json.Marshal(&sum)
		if err != nil {
			t.Fatal(err)
		}
		got := append(tally, fmt.Sprint(days)...)
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d shards give other tallies or scores than 1", shards)
		}
	}
}

// Bursts of ten times the busiest hour are found, and false insights stay within the budget, from a cold start: 14 to 16 days of
// history, the shipped null and the days closed since. TestStudy is the long form.
func TestBudgetAndRecall(t *testing.T) {
	var spikes []spike
	days, wrong := 0., 0
	for i, history := range []int{14, 15, 16} {
		c := campaign{population: newPopulation(uint64(900+i), 250, history+7), start: history, trials: .1, seed: uint64(i), budget: .001}
		c.run()
		n := c.falseInsights(1)
		for _, k := range n {
			wrong += k
		}
		days += c.seriesDays()
		spikes = append(spikes, c.spikes...)
	}
	asked := days / 1000
	if most := poissonBound(asked); wrong > most {
		t.Errorf("%d false insights in %.0f series-days; 1 per 1,000 was asked, %d is the 95 %% bound", wrong, days, most)
	}
	found, tried := recall(spikes, 1)
	for _, ch := range []string{"calls all", "errors all"} {
		if r := float64(found[ch]) / float64(tried[ch]); r < .93 || tried[ch] < 100 {
			t.Errorf("%s: found %d of %d bursts\n%s", ch, found[ch], tried[ch], recallTable(spikes, 1))
		}
	}
	t.Logf("%d false insights in %.0f series-days\n%s", wrong, days, recallTable(spikes, 1))
}

// poissonBound is the smallest n with P(Poisson(mean) > n) <= 5 %.
func poissonBound(mean float64) int {
	n := 0
	for models.PoissonLogUpper(int64(n+1), mean) > math.Log(.05) {
		n++
	}
	return n
}

// The order of magnitude that a million series need: below 60 µs each.
func BenchmarkScore(b *testing.B) {
	p := newPopulation(5, 300, 29)
	e := &counts.Exposure{First: simFirst, Hours: p.hours}
	var sketch baseline.Sketch
	var all []*counts.History
	units := 0
	for i := range p.series {
		if h, ok := p.series[i].history(0, 28); ok {
			all = append(all, h)
			units += len(h.Errors)
			if len(h.Rated) > 0 {
				units++
			}
			sketch.Add(h, e, nil)
		}
	}
	b.Run("sketch", func(b *testing.B) {
		b.ReportAllocs()
		var s baseline.Sketch
		for i := range b.N {
			s.Add(all[i%len(all)], e, nil)
		}
	})
	b.Run("score", func(b *testing.B) {
		b.ReportAllocs()
		s := Scorer{Priors: sketch.Priors(), Nulls: models.NewNulls(), Exposure: e}
		n := 0
		for i := range b.N {
			s.Score(all[i%len(all)], nil, 24, func(*DayScore) { n++ })
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(n, 1)), "ns/unit")
	})
}
