package insight

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"trailgauge/baseline"
	"trailgauge/models"
	"trailgauge/pipeline/counts"
)

// campaign scores a population day after day as the product would: sketch, priors, score, close the day's null.
type campaign struct {
	population *population
	start      int // first scored day
	trials     float64
	seed       uint64
	nulls      *models.Nulls
	budget     float64 // false insights per series-day asked for; 0 tells no alarms apart

	tally  models.Tally // of all days
	alarms []alarm
	spikes []spike
}

type alarm struct {
	unit  Unit
	hour  int
	score float64
	note  string
}

// spike is the best score of a day with an injected burst, and what it was.
type spike struct {
	kind    string
	ch      models.Channel
	score   float64
	verdict Verdict
	count   int64
	note    string
}

func (c *campaign) run() {
	r := rand.New(rand.NewPCG(c.seed, 5))
	if c.nulls == nil {
		c.nulls = models.NewNulls()
	}
	e := &counts.Exposure{First: simFirst, Hours: c.population.hours}
	for d := c.start; d < c.population.days; d++ {
		first := max(0, d-baseline.FitDays)
		var sketch baseline.Sketch
		var histories []*counts.History
		var from []*simSeries
		for i := range c.population.series {
			if h, ok := c.population.series[i].history(first, d); ok {
				sketch.Add(h, e, nil)
				histories = append(histories, h)
				from = append(from, &c.population.series[i])
			}
		}
		priors := sketch.Priors()
		budget := models.Budget{FalsePerDay: c.budget, SeriesPerDay: 1}
		s := Scorer{Priors: priors, Nulls: c.nulls, Exposure: e, Alarm: ThresholdsOf(budget)}
		trial := Scorer{Priors: priors, Nulls: c.nulls, Exposure: e}
		for i, h := range histories {
			s.Score(h, nil, 24, func(day *DayScore) { c.collect(day, d, from[i]) })
			if r.Float64() < c.trials {
				c.spike(r, &trial, h, from[i])
			}
		}
		c.tally.Merge(&s.Tally)
		c.nulls.Close(&s.Tally, budget.PerSeriesDay())
	}
}

func (c *campaign) collect(day *DayScore, d int, s *simSeries) {
	for h, hour := range day.Hours {
		if v := hour.Best; v.Score > 4.9 {
			note := fmt.Sprintf("%s %s y=%d mu=%.3g k=%.3g lnp=%.1f %s %s h=%d tot=%d act=%d pool=%s", s.kind, v.Cell, v.Count, v.Mean, v.Size, v.LnP, v.Model, day.Principal, h, day.Fit.Total, day.Fit.ActiveDays, day.Fit.Pooling)
			c.alarms = append(c.alarms, alarm{day.Unit, d*24 + h, v.Score, note})
		}
	}
}

// spike injects ten times the busiest past hour, and at least 30, into a copy of h.
func (c *campaign) spike(r *rand.Rand, s *Scorer, h *counts.History, from *simSeries) {
	fit := int32(h.Days-1) * 1440
	if h.Born > fit-7*1440 || len(h.All) == 0 || h.All[0].Minute >= fit {
		return
	}
	kind := from.kind
	if h.Principal == "" {
		kind = "rollup " + kind
	}
	hour := fit + int32(r.IntN(24))*60
	span := []int{3, 15, 60}[r.IntN(3)]
	x := *h
	if len(h.Rated) > 0 {
		n := max(3**factor, *factor*busiest(h.Rated, fit))
		x.All = merged(r, h.All, hour, span, n)
		x.Rated = x.All
		c.try(s, &x, "", kind, models.Calls, n)
	}
	if h.IsTotal() {
		return
	}
	x = *h
	code := "Brand.New"
	n := 3 * *factor
	if len(h.Errors) > 0 && r.IntN(2) == 0 {
		code = h.Errors[r.IntN(len(h.Errors))].Code
	}
	for _, e := range h.Errors {
		n = max(n, *factor*busiest(e.Track, fit))
	}
	x.All = merged(r, h.All, hour, span, 0)
	x.Errors = slices.Clone(h.Errors)
	burst := merged(r, nil, hour, span, n)
	x.All = addTracks(h.All, burst)
	at := slices.IndexFunc(x.Errors, func(t counts.CodeTrack) bool { return t.Code == code })
	if at < 0 {
		x.Errors = append(x.Errors, counts.CodeTrack{Code: code, Track: burst})
	} else {
		x.Errors[at].Track = addTracks(x.Errors[at].Track, burst)
	}
	c.try(s, &x, code, kind, models.Errors, n)
}

func (c *campaign) try(s *Scorer, h *counts.History, code, kind string, ch models.Channel, n int64) {
	best := spike{kind: kind, ch: ch, score: math.Inf(-1), count: n}
	s.Score(h, nil, 24, func(day *DayScore) {
		if day.ErrorCode != code || day.Kind != Kind(ch) {
			return
		}
		for _, hour := range day.Hours {
			if hour.Best.Score > best.score {
				best.score, best.verdict = hour.Best.Score, hour.Best
				best.note = fmt.Sprintf("level=%.3g alpha=%.3g tot=%d days=%d pool=%s", day.Fit.Level, day.Fit.Dispersion, day.Fit.Total, day.Fit.ActiveDays, day.Fit.Pooling)
			}
		}
	})
	c.spikes = append(c.spikes, best)
}

func busiest(t counts.Track, before int32) int64 {
	n := map[int32]int64{}
	most := int64(0)
	for _, p := range t {
		if p.Minute < before {
			n[p.Minute/60] += p.N
			most = max(most, n[p.Minute/60])
		}
	}
	return most
}

func merged(r *rand.Rand, t counts.Track, hour int32, span int, n int64) counts.Track {
	m := map[int32]int64{}
	start := hour + int32(r.IntN(61-span))
	for range min(n, 1000) {
		m[start+int32(r.IntN(span))] += (n + 999) / 1000
	}
	return addTracks(t, trackOf(m))
}

func addTracks(a, b counts.Track) counts.Track {
	m := map[int32]int64{}
	for _, t := range []counts.Track{a, b} {
		for _, p := range t {
			m[p.Minute] += p.N
		}
	}
	return trackOf(m)
}

// falseInsights counts runs of alarms of one unit, at most 3 hours apart, at so many per 1,000 series-days over all channels.
func (c *campaign) falseInsights(perThousand float64) (n [kinds]int) {
	last := map[Unit]int{}
	for _, a := range c.alarms { // units in any order, hours of a unit ascending
		ch := models.Channel(a.unit.Kind)
		if a.score < thresholdAt(perThousand, ch) {
			continue
		}
		if at, ok := last[a.unit]; !ok || a.hour-at > 3 {
			n[ch]++
		}
		last[a.unit] = a.hour
	}
	return n
}

func thresholdAt(perThousand float64, ch models.Channel) float64 {
	return models.Budget{FalsePerDay: perThousand, SeriesPerDay: 1000}.Threshold(ch) - math.Log(max(perThousand, 1))
}

func (c *campaign) seriesDays() float64 { return float64(c.tally.Series[models.Errors]) }

// recall returns found and tried bursts by kind at a budget.
func recall(spikes []spike, perThousand float64) (found, tried map[string]int) {
	found, tried = map[string]int{}, map[string]int{}
	for _, s := range spikes {
		for _, k := range []string{s.ch.String() + " " + s.kind, s.ch.String() + " all"} {
			tried[k]++
			if s.score >= thresholdAt(perThousand, s.ch) {
				found[k]++
			}
		}
	}
	return found, tried
}

func recallTable(spikes []spike, perThousand float64) string {
	found, tried := recall(spikes, perThousand)
	var b strings.Builder
	for _, k := range slices.Sorted(func(yield func(string) bool) {
		for k := range tried {
			if !yield(k) {
				return
			}
		}
	}) {
		fmt.Fprintf(&b, "  %-22s %4d of %4d  %.3f\n", k, found[k], tried[k], float64(found[k])/float64(tried[k]))
	}
	return b.String()
}
