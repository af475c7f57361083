package pipeline

import (
	"cmp"
	"context"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"trailgauge/models"
	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/trail"
)

// What would have been found is tried out on the lake's own history: bursts are put into copies of a sample of it, on a few days of the window, and
// scored as the day itself was. The sample is by hash, so that it is the same each time. A burst counts as found when the series' own unit raises an
// alarm: the sums over its API and its principal, which hold the burst too, may find more.

const (
	maxTrialDays = 7 // a third look at a day's counts; spread over the window, so that there are weekends too
	trialsPerDay = 8 // histories of a class a day
	deniedCode   = "AccessDenied"
)

var (
	// burstMultiples are bursts in terms of the busiest hour of the 28 days before.
	burstMultiples = []int64{3, 10, 30}
	// burstSizes are those that the smallest burst is looked for among; toldSizes are reported.
	burstSizes = []int64{5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10000, 15000, 20000, 30000, 50000, 70000, 100000}
	toldSizes  = []int64{10, 30, 100, 300, 1000, 10000}
)

// class is what results are told apart by.
type class struct {
	kind      insight.Kind
	principal string
	rate      models.Regime
}

func (c class) compare(d class) int {
	return cmp.Or(cmp.Compare(c.kind, d.kind), slices.Index(principalKinds, c.principal)-slices.Index(principalKinds, d.principal), cmp.Compare(c.rate, d.rate))
}

// principalKinds are the kinds of principals told apart, in the order of the report.
var principalKinds = []string{"user", "role", "service", "root", "other"}

// principalClass is a principal's kind; those that few are of are other.
func principalClass(key string) string {
	if kind, _ := trail.KindOf(key); slices.Contains(principalKinds, kind) {
		return kind
	}
	return "other"
}

// trial is a history that bursts are put into.
type trial struct {
	class
	hash    uint64
	busiest int64 // calls in the busiest hour of the fit window
	*counts.History

	minute   int32  // the burst's first, since 00:00 UTC of the history's first day
	times    []bool // by burstMultiples
	smallest int    // index into burstSizes; their number when none was found
	unfit    bool   // it alarms without a burst
}

// trials are those of one replay.
type trials struct {
	days []trail.Day
	done []*trial
}

// trialDays spreads at most maxTrialDays over the whole days of the window, or takes what there is of a day.
func (o *BacktestOptions) trialDays() []trail.Day {
	first, last := trail.DayOf(o.From.Add(24*time.Hour-1)), trail.DayOf(o.To)-1
	if last < first {
		first = trail.DayOf(o.To.Add(-1))
		last = first
	}
	n := int(last-first) + 1
	var days []trail.Day
	for k := range min(n, maxTrialDays) {
		days = append(days, first+trail.Day(k*n/min(n, maxTrialDays)))
	}
	return days
}

// day samples the histories of a day and tries bursts on them.
func (t *trials) day(ctx context.Context, d *decider, x *dayAtHand) error {
	if !slices.Contains(t.days, x.day) {
		return nil
	}
	samples := make([]sample, d.workers)
	err := d.each(ctx, x.day, accounts{}, func(w, _ int, list []*counts.History) {
		for _, h := range list {
			if h.Principal != "" && !h.IsTotal() && len(h.All) > 0 && h.All[0].Minute < (FitDays-1)*trail.MinutesPerDay {
				samples[w].see(h)
			}
		}
	})
	if err != nil {
		return err
	}
	for w := range samples[1:] {
		for c, list := range samples[w+1] {
			for _, s := range list {
				samples[0].add(c, s)
			}
		}
	}
	var picked []*trial
	for _, list := range samples[0] {
		picked = append(picked, list...)
	}
	slices.SortFunc(picked, compareTrials)
	if err := try(ctx, d.workers, x, picked); err != nil {
		return err
	}
	t.done = append(t.done, slices.DeleteFunc(picked, func(s *trial) bool { return s.unfit })...)
	return nil
}

// sample holds the trialsPerDay histories with the smallest hashes, by class.
type sample map[class][]*trial

// see offers a history: for bursts of calls where its calls are rated, and for bursts of errors.
func (s *sample) see(h *counts.History) {
	if len(h.Rated) > 0 {
		s.offer(h, insight.CallRate, h.Rated)
	}
	s.offer(h, insight.ErrorRate, h.All)
}

func (s *sample) offer(h *counts.History, kind insight.Kind, track counts.Track) {
	busiest, sum := busiestHour(track, FitDays*trail.MinutesPerDay)
	if sum == 0 {
		return
	}
	c := class{kind, principalClass(h.Principal), models.RegimeOf(float64(sum) / FitDays)}
	s.add(c, &trial{class: c, hash: hashOf(h, kind), busiest: busiest, History: h})
}

func (s *sample) add(c class, t *trial) {
	if *s == nil {
		*s = sample{}
	}
	list := (*s)[c]
	at, _ := slices.BinarySearchFunc(list, t, compareTrials)
	if at == trialsPerDay {
		return
	}
	list = slices.Insert(list, at, t)
	(*s)[c] = list[:min(len(list), trialsPerDay)]
}

// compareTrials is a total order: two histories of a day differ in their series or in what they hold.
func compareTrials(a, b *trial) int {
	return cmp.Or(a.class.compare(b.class), cmp.Compare(a.hash, b.hash), a.Series.Compare(b.Series))
}

// hashOf draws lots: it depends on the day, so that each has others.
func hashOf(h *counts.History, kind insight.Kind) uint64 {
	f := fnv.New64a()
	for _, text := range []string{h.Account, h.Region, h.Source, h.Name, h.Principal, strconv.FormatBool(h.Data), kind.String(), h.Scored().String()} {
		f.Write([]byte(strconv.Itoa(len(text)) + ":" + text))
	}
	return mix(f.Sum64())
}

// mix spreads what FNV leaves alike in the high bits of similar texts (the finaliser of MurmurHash3).
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// busiestHour returns the most calls in a clock hour before the minute end, and all of them.
func busiestHour(track counts.Track, end int32) (most, sum int64) {
	hour, calls := int32(-1), int64(0)
	for _, p := range track {
		if p.Minute >= end {
			break
		}
		if p.Minute/60 != hour {
			hour, calls = p.Minute/60, 0
		}
		calls += p.N
		sum += p.N
		most = max(most, calls)
	}
	return most, sum
}

// try puts bursts into each of the histories.
func try(ctx context.Context, workers int, x *dayAtHand, list []*trial) error {
	var hours []int
	for h := x.from; h < x.upto; h++ {
		if x.exposure.Observed(FitDays*24 + h) {
			hours = append(hours, h)
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		g.Go(func() error {
			s := &insight.Scorer{
				Priors: x.fitted.priors, Nulls: x.state.Nulls, Exposure: x.exposure, Alarm: insight.ThresholdsOf(x.fitted.budget),
			}
			for k := w; k < len(list) && ctx.Err() == nil; k += workers {
				list[k].run(s, x, hours)
			}
			return ctx.Err()
		})
	}
	return g.Wait()
}

// run finds out which bursts, in an hour of the hash's choice, would have been found.
func (t *trial) run(s *insight.Scorer, x *dayAtHand, hours []int) {
	if len(hours) == 0 {
		t.unfit = true
		return
	}
	hour := hours[t.hash%uint64(len(hours))]
	t.minute = int32(FitDays*trail.MinutesPerDay+hour*60) + int32(t.hash>>32%(60-insight.InjectedMinutes+1))
	code := ""
	if t.kind == insight.ErrorRate {
		code = deniedCode
	}
	found := func(h *counts.History) bool { return s.Found(h, x.state.Life.Masked, t.kind, code, hour, x.upto) }
	if t.unfit = found(t.History); t.unfit {
		return
	}
	with := func(n int64) bool { return found(insight.Inject(t.History, t.minute, n, code)) }
	for _, m := range burstMultiples {
		t.times = append(t.times, with(m*t.busiest))
	}
	t.smallest, _ = slices.BinarySearchFunc(burstSizes, true, func(n int64, _ bool) int {
		if with(n) {
			return 1
		}
		return -1
	})
	t.History = nil // there may be many
}

// enoughFound is the share of histories in which the smallest burst was found.
const enoughFound = .8

// report sums up the trials, class by class.
func (t *trials) report() []report.Detection {
	byClass := map[class][]*trial{}
	for _, s := range t.done {
		byClass[s.class] = append(byClass[s.class], s)
	}
	out := []report.Detection{}
	for _, c := range slices.SortedFunc(maps.Keys(byClass), class.compare) {
		list := byClass[c]
		d := report.Detection{Type: c.kind.String(), Principal: c.principal, Rate: c.rate.String(), Histories: len(list)}
		rate := func(size int64, found func(*trial) bool) report.Tried {
			n := 0
			for _, s := range list {
				if found(s) {
					n++
				}
			}
			return report.Tried{Size: size, Found: float64(n) / float64(len(list))}
		}
		for k, m := range burstMultiples {
			d.Times = append(d.Times, rate(m, func(s *trial) bool { return s.times[k] }))
		}
		for _, n := range toldSizes {
			at, _ := slices.BinarySearch(burstSizes, n)
			d.Sizes = append(d.Sizes, rate(n, func(s *trial) bool { return s.smallest <= at }))
		}
		for at, n := range burstSizes {
			if rate(n, func(s *trial) bool { return s.smallest <= at }).Found >= enoughFound {
				d.Smallest = &burstSizes[at]
				break
			}
		}
		out = append(out, d)
	}
	return out
}
