package pipeline

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// calendar is a made-up account, as counts, that is decided day by day as a lake is: fits, null, quarantine and all.
type calendar struct {
	*testing.T
	*rand.Rand
	counts.Builder
	Config
	first time.Time // midnight UTC
	days  int
}

func newCalendar(t *testing.T, seed uint64, first string, days int) *calendar {
	start := must(time.Parse(time.DateOnly, first))(t)
	return &calendar{T: t, Rand: rand.New(rand.NewPCG(seed, 3)), Config: DefaultConfig(), first: start, days: days}
}

// series is the n-th of the account's jobs, each an API and principal of its own.
func (c *calendar) series(kind string, n int) counts.Series {
	return counts.Series{
		Account: "111122223333", Region: "eu-central-1", Source: "batch.amazonaws.com", Name: fmt.Sprintf("Submit%s%d", kind, n),
		Principal: fmt.Sprintf("arn:aws:iam::111122223333:role/%s-%d", kind, n),
	}
}

// call adds n calls, spread evenly over some minutes.
func (c *calendar) call(s counts.Series, at time.Time, n, minutes int) {
	for k := range minutes {
		if m := int64(n*(k+1)/minutes - n*k/minutes); m > 0 {
			c.Add(s, counts.Class{}, at.Add(time.Duration(k)*time.Minute).UnixMilli(), m)
		}
	}
}

// about varies a mean by a tenth.
func (c *calendar) about(mean float64) int {
	return int(math.Round(mean * math.Exp(.1*c.NormFloat64())))
}

// decide decides all days but the first so many, and returns the insights, how many the budget promises at most, and what was carried on at the end.
func (c *calendar) decide(history int) ([]insight.Insight, float64, *carried) {
	c.Helper()
	ctx := c.Context()
	end := c.first.AddDate(0, 0, c.days)
	from := c.first.AddDate(0, 0, history)
	commit := &lake.Commit{Format: 1, Number: 1, AsOf: end.Add(Watermark), ScoreFrom: from, Decided: from, Dirty: true}
	cache := newTileCache(folder(c.T), commit)
	for d := trail.DayOf(c.first); d < trail.DayOf(end); d++ {
		commit.Exposure = append(commit.Exposure, lake.Exposed{Day: d, Hours: 1<<24 - 1})
		cache.days[cached{day: d, order: bySeries}] = nil
	}
	for _, tile := range c.Tiles() {
		k := cached{day: tile.Day, order: bySeries}
		cache.days[k] = append(cache.days[k], tile)
	}
	for d := trail.DayOf(c.first); d < trail.DayOf(end); d++ {
		cache.days[cached{day: d, order: byPrincipal}] = counts.ByPrincipal(cache.days[cached{day: d, order: bySeries}])
	}
	zones := must(c.zones(commit, from, end))(c.T)
	d := &decider{lake: cache.lake, commit: commit, config: c.Config, zones: zones, workers: 2, tiles: cache, step: func(trail.Day) {}}
	made := must(d.decide(ctx, commit.AsOf))(c.T)
	promised := 0.
	for _, day := range made.days {
		promised += min(float64(day.series)/1000, c.FalseInsightsPerDay)
	}
	for _, i := range made.now {
		c.Logf("%s %s %q %s to %s: %d against %.1f, score %.2f of %.2f, %d min, %s %s", i.Kind, i.Name, i.Principal, stamp(i.Whole.Start), stamp(i.Whole.End),
			i.Whole.Count, i.Expected, i.Worst.Score, i.Threshold, i.Worst.Window, i.Worst.Model, i.Worst.Cell)
	}
	return made.now, promised, made.states[len(made.states)-1]
}

// keepsPromise decides, and fails when there are more insights than the budget promises (95 % bound of a Poisson number) where there is no cause for any.
func (c *calendar) keepsPromise(history int) {
	c.Helper()
	list, promised, _ := c.decide(history)
	if bound := poissonBound(promised); float64(len(list)) > bound {
		c.Errorf("%d insights without a cause; the budget promises %.1f, so at most %.0f in 95 of 100 cases", len(list), promised, bound)
	}
	c.Logf("%d insights, %.1f promised at most", len(list), promised)
}

func (c *calendar) hours(fn func(at time.Time)) {
	for at := c.first; at.Before(c.first.AddDate(0, 0, c.days)); at = at.Add(time.Hour) {
		fn(at)
	}
}

func (c *calendar) poisson(mean float64) (n int) {
	for p := c.ExpFloat64(); p < mean; p += c.ExpFloat64() {
		n++
	}
	return n
}

// Jobs whose period divides no week, of which 2 in 100 runs are missed and 2 an hour late: no hour of the week is theirs, but their size is, and a
// missing run is no silence.
func TestOddPeriods(t *testing.T) {
	t.Parallel()
	c := newCalendar(t, 1, "2026-03-02", 42+56)
	for _, hours := range []int{5, 7, 11, 13, 36, 240} {
		for k := range 4 {
			s := c.series(fmt.Sprintf("Every%dh", hours), k)
			size := math.Exp(math.Log(40) + c.NormFloat64())
			phase := time.Duration(c.IntN(hours*60)) * time.Minute
			for at := c.first.Add(phase); at.Before(c.first.AddDate(0, 0, c.days)); at = at.Add(time.Duration(hours) * time.Hour) {
				switch x := c.Float64(); {
				case x < .02:
				case x < .04:
					c.call(s, at.Add(time.Hour), c.about(size), 5)
				default:
					c.call(s, at, c.about(size), 5)
				}
			}
		}
	}
	c.keepsPromise(42)
}

// The clocks of an office go back an hour. Without its time zone the nightly jobs of that Sunday and the work of Monday morning are missed at the hour
// they used to begin, and reported as silences. With it nothing happens at all.
func TestDaylightSaving(t *testing.T) {
	for _, zone := range []string{"", "Europe/Berlin"} {
		c := newCalendar(t, 2, "2026-08-31", 42+28)
		c.Accounts = map[string]AccountConfig{"111122223333": {TimeZone: zone}}
		l := must(time.LoadLocation("Europe/Berlin"))(t)
		for k := range 6 {
			s := c.series("Office", k)
			c.hours(func(at time.Time) {
				c.call(s, at, c.poisson(6400*office(at.In(l))*math.Exp(.05*c.NormFloat64())), 12)
			})
		}
		for k := range 4 {
			s := c.series("Nightly", k)
			c.hours(func(at time.Time) {
				if h := at.In(l).Hour(); h >= 1+k && h < 2+k+k/2 {
					c.call(s, at, c.about(30*math.Pow(2, float64(k))), 50)
				}
			})
		}
		list, _, last := c.decide(42)
		changed, hidden := time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), 0
		for _, f := range last.Life.Flagged {
			for _, h := range f.Hours {
				if int64(h)*3600 >= changed.Unix() {
					hidden++
				}
			}
		}
		since := 0
		for _, i := range list {
			if !i.Whole.End.Before(changed) && i.Whole.Start.Before(changed.AddDate(0, 0, 7)) {
				since++
			}
		}
		t.Logf("zone %q: %d insights in the week after the change, of %d; %d hours hidden since", zone, since, len(list), hidden)
		if zone == "" && since == 0 {
			t.Error("without the zone nothing comes of the change either: this shows nothing")
		}
		if zone != "" && (len(list) > 0 || hidden > 0) {
			t.Error("the change of the clocks alarms")
		}
	}
}

// office is the share of a day's calls in one hour: nine to half past five, five days.
func office(local time.Time) float64 {
	h := float64(local.Hour())
	if d := local.Weekday(); d == time.Saturday || d == time.Sunday {
		return .002
	}
	return .002 + .14*math.Exp(-math.Pow((h-10.5)/2, 2)) + .13*math.Exp(-math.Pow((h-15)/2, 2))
}

// Growth and decline of up to a fifth a week are no insights.
func TestGrowth(t *testing.T) {
	t.Parallel()
	c := newCalendar(t, 4, "2026-03-02", 42+42)
	for k, week := range []float64{.8, .8, .9, 1.1, 1.2, 1.2} {
		s := c.series("Trend", k)
		start := 40.
		if week < 1 {
			start = 400
		}
		c.hours(func(at time.Time) {
			weeks := at.Sub(c.first).Hours() / 168
			c.call(s, at, c.poisson(start*math.Pow(week, weeks)*math.Exp(.2*c.NormFloat64())), 12)
		})
	}
	c.keepsPromise(42)
}

// A level that is five times as high from one hour on is told once, of the API, its principal and all that the principal calls, as one story of a
// week. Then it is the usual.
func TestStepThatStays(t *testing.T) {
	c := newCalendar(t, 5, "2026-03-02", 42+42)
	step := c.first.AddDate(0, 0, 50).Add(9 * time.Hour)
	for k := range 4 {
		s := c.series("Level", k)
		c.hours(func(at time.Time) {
			rate := 60.
			if k == 0 && !at.Before(step) {
				rate *= 5
			}
			c.call(s, at, c.poisson(rate*math.Exp(.2*c.NormFloat64())), 12)
		})
	}
	list, _, last := c.decide(42)
	roots := 0
	for _, i := range list {
		if d := i.Whole.Start.Sub(step).Abs(); d > 2*time.Hour || i.State != insight.Closed || i.Whole.Minutes() < (insight.LongestHours-24)*60 {
			t.Errorf("%s to %s, %s; the step came %s", stamp(i.Whole.Start), stamp(i.Whole.End), i.State, stamp(step))
		}
		if i.Parent == "" {
			roots++
		}
	}
	if len(list) != 3 || roots != 1 {
		t.Errorf("%d insights of %d stories, want 3 of 1", len(list), roots)
	}
	for _, f := range last.Life.Flagged {
		stepped := strings.HasSuffix(f.Unit.Principal, "/Level-0") || f.Unit.Name == "SubmitLevel0" // others have an unusual hour by chance
		if hours := last.Life.Masked(f.Unit); stepped && len(hours) > 0 {
			t.Errorf("%d hours of %s are hidden from the baseline still", len(hours), f.Unit.Principal)
		}
	}
}

// A CI role that deploys on most days from Monday to Thursday, some APIs at a time, and once everything, four times a day.
func TestDeployments(t *testing.T) {
	t.Parallel()
	c := newCalendar(t, 6, "2026-03-02", 42+42)
	var releases []time.Time
	for d := range c.days {
		day := c.first.AddDate(0, 0, d)
		if w := day.Weekday(); w >= time.Monday && w <= time.Thursday && c.Float64() < .7 {
			for range 1 + c.IntN(3) {
				releases = append(releases, day.Add(9*time.Hour+time.Duration(c.IntN(8*60))*time.Minute))
			}
		}
	}
	all := c.first.AddDate(0, 0, 70).Add(10 * time.Hour)
	for k := range 12 {
		s := c.series("Deploy", k)
		s.Principal = "arn:aws:iam::111122223333:role/ci"
		burst := func(at time.Time) {
			c.call(s, at.Add(time.Duration(c.IntN(30))*time.Minute), 1+c.poisson(15*math.Exp(.8*c.NormFloat64())), 10)
		}
		for _, at := range releases {
			if c.Float64() < .5 {
				burst(at)
			}
		}
		for n := range 4 {
			burst(all.Add(time.Duration(n) * 2 * time.Hour))
		}
	}
	c.keepsPromise(42)
}

// Fourteen months of monthly jobs among next to nothing: the third time, when the lake holds two, they are usual. What is new to a unit, or
// was seen once, or is far more, alarms as ever.
func TestMonthly(t *testing.T) {
	t.Parallel()
	c := newCalendar(t, 7, "2025-09-01", 425)
	end := c.first.AddDate(0, 0, c.days)
	for k := range 4 {
		s := c.series("Month", k)
		for day := c.first; day.Before(end); day = day.AddDate(0, 0, 1) {
			if c.Float64() < .5 {
				c.call(s, day.Add(time.Duration(c.IntN(1440))*time.Minute), 1, 1)
			}
			n := int(day.Sub(c.first).Hours()) / 24
			due := day.Day() == 1
			switch k {
			case 1:
				due = lastBusinessDay(day)
			case 2:
				due = n%30 == 7
			case 3: // no job: attacks
				due = n == 200 || n == 206 || n == 250 || n == 280
			}
			if due {
				c.call(s, day.Add(3*time.Hour), c.about(400), 40)
			}
			if k == 0 && n == 300 {
				c.call(s, day.Add(15*time.Hour), 2000, 40)
			}
		}
	}
	list, _, _ := c.decide(14)
	got := map[string][]string{}
	for _, i := range list {
		if i.Principal != "" && i.Name != "" {
			got[i.Name] = append(got[i.Name], i.Whole.Start.Format(time.DateOnly))
		}
	}
	want := map[string][]string{
		"SubmitMonth0": {"2025-10-01", "2026-06-28"},
		"SubmitMonth1": {"2025-09-30", "2025-10-31"},
		"SubmitMonth2": {"2025-10-08"},
		"SubmitMonth3": {"2026-03-20", "2026-03-26", "2026-05-09"}, // two in a fortnight excuse nothing
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(list) != 3*8 { // with the API's and the principal's own
		t.Errorf("%d insights, want 24", len(list))
	}
	for _, i := range list {
		if i.Name == "SubmitMonth1" && i.Principal != "" && i.Whole.Start.Month() == time.October {
			if y := i.First.Arithmetic.Year; y == nil || y.AsLarge != 1 || len(y.Seen) != 1 || y.Seen[0].String() != "2025-09-30" {
				t.Errorf("the year says %+v, want it seen once, on 2025-09-30", y)
			}
		}
	}
}

func lastBusinessDay(day time.Time) bool {
	weekend := func(d time.Time) bool { return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday }
	next := day.AddDate(0, 0, 1)
	for weekend(next) {
		next = next.AddDate(0, 0, 1)
	}
	return !weekend(day) && next.Month() != day.Month()
}

// What units counted on a day comes out of the lake's files as out of memory: an API over all principals, one principal's, all that it calls, an error code.
func TestYearIsRead(t *testing.T) {
	c := newCalendar(t, 8, "2026-03-02", 1)
	a, b := c.series("A", 1), c.series("B", 1)
	other := a
	other.Principal = "arn:aws:iam::111122223333:role/other"
	b.Principal = a.Principal
	at := c.first.Add(time.Hour)
	c.Add(a, counts.Class{}, at.UnixMilli(), 1)
	c.Add(other, counts.Class{}, at.UnixMilli(), 10)
	c.Add(b, counts.Class{}, at.Add(time.Minute).UnixMilli(), 100)
	c.Add(b, counts.Class{ErrorCode: "Throttling"}, at.UnixMilli(), 1000)
	c.Add(b, counts.Class{ReadOnly: true}, at.UnixMilli(), 7)
	c.Add(b, counts.Class{Data: true}, at.UnixMilli(), 10_000)
	tiles := c.Tiles()
	day := trail.DayOf(c.first)
	s := folder(t)
	commit := &lake.Commit{Format: 1, Number: 1}
	f := must(putTiles(t.Context(), s, lake.Counts, day, 1, "0000", tiles))(t)
	m := &lake.Manifest{Day: day, Files: map[lake.Table][]lake.File{lake.Counts: {f}}}
	if err := m.Save(t.Context(), s, commit); err != nil {
		t.Fatal(err)
	}
	unit := func(of counts.Series) insight.Unit { return insight.Unit{Series: of} }
	total := unit(counts.Series{Account: a.Account, Principal: a.Principal})
	throttled, data := unit(b), unit(b)
	throttled.Kind, throttled.ErrorCode, data.Data = insight.ErrorRate, "Throttling", true
	want := map[insight.Unit]counts.Track{
		unit(a):       {{Minute: 60, N: 1}},
		unit(a.API()): {{Minute: 60, N: 11}},
		unit(b):       {{Minute: 60, N: 1000}, {Minute: 61, N: 100}},
		total:         {{Minute: 60, N: 1001}, {Minute: 61, N: 100}},
		throttled:     {{Minute: 60, N: 1000}},
		data:          {{Minute: 60, N: 10_000}},
	}
	for _, memory := range []bool{false, true} {
		d := &decider{lake: s, commit: commit, config: c.Config, tiles: newTileCache(s, commit)}
		if memory {
			d.tiles.days[cached{day: day, order: bySeries}] = tiles
		}
		got := must(d.answer(t.Context(), day, newQuestion(slices.Collect(maps.Keys(want)))))(t)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("in memory %v:\n%s", memory, diff)
		}
		for u := range want {
			if got := must(d.answer(t.Context(), day, newQuestion([]insight.Unit{u})))(t); !cmp.Equal(got[u], want[u]) {
				t.Errorf("%+v alone: %v, want %v", u, got[u], want[u])
			}
		}
		if got := must(d.answer(t.Context(), day+1, newQuestion([]insight.Unit{total})))(t); len(got) != 0 {
			t.Errorf("a day without counts: %v", got)
		}
	}
}
