package models

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func drawTally(t *rapid.T) *Tally {
	var y Tally
	for range rapid.IntRange(0, 40).Draw(t, "maxima") {
		add := y.Add
		if rapid.IntRange(0, 9).Draw(t, "alarm") == 0 {
			add = y.AddAlarm
		}
		add(Cell(rapid.IntRange(0, Cells-1).Draw(t, "cell")), rapid.Float64Range(-5, 400).Draw(t, "l"))
	}
	for ch := range channels {
		y.Series[ch] = rapid.Int64Range(0, 5000).Draw(t, "series")
		y.Units[ch] = rapid.Int64Range(0, 9000).Draw(t, "units")
	}
	return &y
}

// Tallies add up to the same bytes in any sharding.
func TestTallyShards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.Custom(drawTally), 1, 64).Draw(t, "parts")
		var want []byte
		for _, shards := range []int{1, 2, 7, 64} {
			sums := make([]Tally, shards)
			for i, p := range rapid.Permutation(parts).Draw(t, "order") {
				sums[i%shards].Merge(stored(t, p))
			}
			var all Tally
			for i := range sums {
				all.Merge(&sums[i])
			}
			got, err := json.Marshal(&all)
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = got
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%d shards:\n%s\nwant\n%s", shards, got, want)
			}
		}
	})
}

func stored(t *rapid.T, y *Tally) *Tally {
	b, err := json.Marshal(y)
	if err != nil {
		t.Fatal(err)
	}
	got := new(Tally)
	if err := json.Unmarshal(b, got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestTallyRefusesGarbage(t *testing.T) {
	for _, s := range []string{`{"maxima":{"calls/2-48/61":{"1":1}}}`, `{"maxima":{"calls/2-48/60":{"240":1}}}`, `{"maxima":{"calls/2-48/60":{"x":1}}}`, `[]`} {
		if err := json.Unmarshal([]byte(s), new(Tally)); err == nil {
			t.Errorf("%s was taken for a tally", s)
		}
	}
}

// The shares of the cells of a channel sum to its budget.
func TestSharesSumToOne(t *testing.T) {
	var sum [channels]float64
	for c := range Cell(Cells) {
		if r := c.regime(); r >= Newcomer && Windows[c.window()] != 60 {
			continue // scored by the hour alone
		}
		sum[c.channel()] += c.Share()
	}
	for ch, s := range sum {
		if math.Abs(s-1) > 1e-12 {
			t.Errorf("shares of %s sum to %v", Channel(ch), s)
		}
	}
	total := 0.
	for _, s := range channelShares {
		total += s
	}
	if math.Abs(total-1) > 1e-12 {
		t.Errorf("channels' shares sum to %v", total)
	}
}

// More surprising is never scored lower, whatever days were closed.
func TestScoreIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := NewNulls()
		for range rapid.IntRange(0, 4).Draw(t, "days") {
			n.Close(drawTally(t), rapid.SampledFrom([]float64{0, .001, .05}).Draw(t, "budget"))
		}
		c := Cell(rapid.IntRange(0, Cells-1).Draw(t, "cell"))
		if c.Share() == 0 {
			return
		}
		last := math.Inf(-1)
		for l := 0.; l < 80; l += .1 {
			s := n.Score(c, l)
			if math.IsNaN(s) || math.IsInf(s, 0) || s < last {
				t.Fatalf("%s: score %v at %v, after %v", c, s, l, last)
			}
			last = s
		}
	})
}

// A cell that holds its own history in full scores what was exceeded in one of 1,000 series-days -ln(1/1000/share).
func TestScoreIsRate(t *testing.T) {
	n := NewNulls()
	c := CellOf(Calls, Principals, Steady, 2)
	for range 60 {
		var day Tally
		day.Series[Calls] = 10_000
		for i := range 10_000 {
			day.Add(c, -math.Log((float64(i)+.5)/10_000)) // exponential: P(L >= l) = exp(-l)
		}
		n.Close(&day, 0)
	}
	for _, per := range []float64{100, 1000, 5000} {
		want := math.Log(per * c.Share())
		if got := n.Score(c, math.Log(per)); math.Abs(got-want) > .15 {
			t.Errorf("exceeded once in %v series-days: score %.2f, want %.2f", per, got, want)
		}
	}
}

// Half of what a day counted is forgotten after 90 days.
func TestForgetting(t *testing.T) {
	n := NewNulls()
	var day Tally
	day.Series[Calls] = 1000
	n.Close(&day, 0)
	for range 91 {
		n.Close(new(Tally), 0)
	}
	if got := n.SeriesDays(Calls); got < 490 || got > 510 {
		t.Errorf("%v of 1000 series-days are left after 91 days", got)
	}
}

func TestNullsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := NewNulls()
		for range rapid.IntRange(0, 9).Draw(t, "days") {
			n.Close(drawTally(t), rapid.SampledFrom([]float64{0, .001, .05}).Draw(t, "budget"))
		}
		b, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		var back Nulls
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(&back)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, again) || back.days != n.days {
			t.Fatalf("%s\nafter a round trip\n%s", b, again)
		}
		for c := range Cell(Cells) {
			if c.Share() > 0 && back.Score(c, 9) != n.Score(c, 9) {
				t.Fatalf("%s scores %v, before %v", c, back.Score(c, 9), n.Score(c, 9))
			}
		}
	})
}

func TestBudget(t *testing.T) {
	for _, c := range []struct {
		b                       Budget
		perSeriesDay, threshold float64
	}{
		{Budget{FalsePerDay: 1}, .001, -math.Log(.001 * .55)},
		{Budget{FalsePerDay: 1, SeriesPerDay: 200}, .001, -math.Log(.001 * .55)},
		{Budget{FalsePerDay: 1, SeriesPerDay: 2000}, .0005, -math.Log(.0005*.55) + math.Log(2)/4},
		{Budget{FalsePerDay: 0, SeriesPerDay: 2000}, 0, math.Inf(1)},
	} {
		if got := c.b.PerSeriesDay(); got != c.perSeriesDay {
			t.Errorf("%+v: %v per series-day, want %v", c.b, got, c.perSeriesDay)
		}
		if got := c.b.Threshold(Calls); got != c.threshold {
			t.Errorf("%+v: threshold %v, want %v", c.b, got, c.threshold)
		}
	}
}

// After is Close on a copy.
func TestNullsAfter(t *testing.T) {
	n := NewNulls()
	for day := range 30 {
		tally := &Tally{}
		tally.Series[Calls], tally.Units[Calls] = 100, 90
		c := CellOf(Calls, Principals, Steady, 2)
		tally.Add(c, float64(day))
		tally.AddAlarm(c, float64(20+day))
		before, _ := json.Marshal(n)
		after := n.After(tally, .001)
		if now, _ := json.Marshal(n); string(now) != string(before) {
			t.Fatalf("day %d: the null it came from has changed", day)
		}
		n.Close(tally, .001)
		closed, _ := json.Marshal(n)
		if got, _ := json.Marshal(after); string(got) != string(closed) || after.Score(c, 9) != n.Score(c, 9) {
			t.Fatalf("day %d: after %s, closed %s", day, got, closed)
		}
	}
}

// A lake that has seen no novelties for long takes the first for rarer than a new lake does, but not for more than seven times rarer.
func TestNoveltiesComeInWaves(t *testing.T) {
	fresh, n := NewNulls(), NewNulls()
	c, other := CellOf(Novelty, Totals, Quiet, 2), CellOf(Calls, Principals, Quiet, 2)
	for range 90 {
		tally := &Tally{}
		tally.Series[Novelty], tally.Series[Calls] = 10_000, 10_000
		n.Close(tally, .001)
	}
	for _, count := range []float64{5, 12, 30} {
		if d := n.Score(c, count) - fresh.Score(c, count); d < .5 || d > math.Log(7)+1e-9 {
			t.Errorf("%v new APIs score %.2f nats more than on a new lake", count, d)
		}
	}
	if n.Score(other, 12)-fresh.Score(other, 12) < math.Log(7) {
		t.Error("other channels are held back too")
	}
}

// The largest maxima of the shipped population tell how its tail goes on: of two populations that are alike up to there, that with the
// farther ones ranks what lies beyond as less rare.
func TestShippedTailKnowsItsLargest(t *testing.T) {
	curveOf := func(far int) *curve {
		var h histogram
		for b := range 40 {
			h[b] = int64(2000 * math.Pow(.85, float64(b)))
		}
		for k := range 11 {
			h[40+far*k] = 1
		}
		return shippedCurve(&h, 400_000)
	}
	near, far := curveOf(1), curveOf(6)
	if d := math.Abs(near[36] - far[36]); d > .1 {
		t.Errorf("within the counts they differ by %v", d)
	}
	if near[120] < far[120]+2 {
		t.Errorf("at 30 nats they score %v and %v", near[120], far[120])
	}
}

// What a lake learnt when evidence was computed another way is no measure of today's.
func TestNullsOfAnotherScoring(t *testing.T) {
	n := NewNulls()
	day := &Tally{}
	day.Series[Errors] = 1e6
	n.Close(day, 0)
	b, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	c := CellOf(Errors, Principals, Attempts, 2)
	for scored, want := range map[string]float64{"2": n.Score(c, 20), "1": NewNulls().Score(c, 20)} {
		var back Nulls
		if err := json.Unmarshal(bytes.Replace(b, []byte(`"scoring":2`), []byte(`"scoring":`+scored), 1), &back); err != nil {
			t.Fatal(err)
		}
		if got := back.Score(c, 20); got != want {
			t.Errorf("scoring %s: %v, want %v", scored, got, want)
		}
	}
}
