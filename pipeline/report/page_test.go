package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
)

// The hours of an insight stand beside those 24 hours before them; an hour that nobody saw is compared with nothing.
func TestChartComparesWithTheDayBefore(t *testing.T) {
	counts := make([]int64, 26)
	counts[0], counts[1], counts[24], counts[25] = 50, 100, 100, 100
	i := bars(counts...)
	i.Whole = insight.Span{Start: i.Hours[24].Hour, End: i.Hours[25].Hour.Add(3600e9), Count: 200}
	c := ChartOf(i)
	if want := "M698.2,88H725.1L725.1,10H752"; c.Before != want { // half of the height, then all of it
		t.Errorf("the day before is %q, want %q", c.Before, want)
	}
	if n := strings.Count(c.Hot, "M"); n != 2 || strings.Count(c.Cold, "M") != 2 {
		t.Errorf("%d hours in the insight, %q outside", n, c.Cold)
	}
	i.Hours[0].Observed = false
	if c = ChartOf(i); c.Before != "M725.1,10H752" || c.Unknown == "" {
		t.Errorf("an hour not observed: %q, %q", c.Before, c.Unknown)
	}
	i = bars(append(counts, 100)...) // one hour in between
	i.Hours[1].Observed, i.Hours[2].Count = false, 100
	i.Whole = insight.Span{Start: i.Hours[24].Hour, End: i.Hours[26].Hour, Count: 300}
	i.Whole.End = i.Whole.End.Add(3600e9)
	if c = ChartOf(i); strings.Count(c.Before, "M") != 2 || strings.Contains(c.Before, "L") {
		t.Errorf("an hour not observed is drawn over: %q", c.Before)
	}
}

// What fell silent did not pass the upper edge: there is none in its picture.
func TestChartOfSilence(t *testing.T) {
	i := bars(5, 5, 0, 0)
	for k := range i.Hours {
		i.Hours[k].Mean, i.Hours[k].Upper = 5, 9
	}
	if c := ChartOf(i); c.Band == "" || c.Edge == "" {
		t.Errorf("no band: %+v", c)
	}
	i.Kind = insight.Silence
	if c := ChartOf(i); c.Band != "" || c.Edge != "" || c.Mean == "" {
		t.Errorf("a band: %+v", c)
	}
}

func TestShares(t *testing.T) {
	i := realistic().Opened[0]
	i.Whole.Count, i.Baseline.Count = 11, 0 // APIs; the calls are 25 and 200
	i.WholeAttributions = []insight.Attribution{
		{Attribute: "userIdentityArn", Insight: []insight.Share{{Value: "a", Count: 25}}, Baseline: []insight.Share{{Value: "a", Count: 200}}},
		{Attribute: "errorCode", Insight: []insight.Share{{Value: "null", Count: 20}, {Value: "X", Count: 5}}, Baseline: []insight.Share{{Value: "null", Count: 180}, {Value: "Y", Count: 2}}}}
	i.Kind = insight.Novelty
	want := []Part{{"userIdentityArn", []PartRow{{"a", "25", "100", "100", "usually 100 %"}}},
		{"errorCode", []PartRow{{"no error", "20", "80", "90", "usually 90 %"}, {"X", "5", "20", "0", "new or rare"}, {"Y", "0", "0", "1", "usually 1 %"}}}}
	if d := cmp.Diff(want, sharesOf(&i, &Names{})); d != "" {
		t.Error(d)
	}
	i.Kind, i.Whole.Count, i.Baseline.Count = insight.CallRate, 50, 200
	if got := sharesOf(&i, &Names{})[1].Rows[1]; got != (PartRow{"X", "5", "10", "0", "new or rare"}) {
		t.Errorf("%+v", got)
	}
	i.Baseline.Count = 182
	if got := sharesOf(&i, &Names{})[1].Rows[1]; got.Usual != "new" { // all that was before is named
		t.Errorf("%+v", got)
	}
}

// An insight's numbers leave out what means nothing of its kind.
func TestNumbersByKind(t *testing.T) {
	for kind, without := range map[insight.Kind]string{insight.Novelty: "Before", insight.Silence: "Busiest minute", insight.CallRate: "Before"} {
		i := realistic().Opened[0]
		i.Kind = kind
		list := numbers(&i)
		if slices.ContainsFunc(list, func(n Number) bool { return n.Name == without }) {
			t.Errorf("%s: %v", kind, list)
		}
		if aws := slices.ContainsFunc(list, func(n Number) bool { return strings.Contains(n.Name, "AWS") }); aws != kind.IsAWS() {
			t.Errorf("%s: %v", kind, list)
		}
	}
}

func TestWithin(t *testing.T) {
	r := realistic()
	if got := r.Entries()[0].Within(); got != "1 within it, up to 8.3" {
		t.Errorf("%q", got)
	}
	if got := r.Entries()[1].Within(); got != "" {
		t.Errorf("%q", got)
	}
}

// The same time on the days before stands beside an insight; a day that was not observed says so.
func TestDaysBefore(t *testing.T) {
	i := realistic().Opened[0]
	i.Before = []insight.Earlier{{Days: 1, Count: 3, Observed: true}, {Days: 2, Count: 7}, {Days: 3, Count: 1200, Observed: true}}
	if got, want := beforeWords(&i), "At the same time the 3 days before: 1,200; not observed; 3."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	c := beforeChart(&i)
	if len(c.Ticks) != 4 || c.Ticks[0].Text != "Oct 29" || c.Ticks[3].Text != "Nov 1" || len(c.Values) != 3 || c.Values[0].Text != "1,200" || strings.Count(c.Unknown, "M") != 1 {
		t.Errorf("%+v", c)
	}
	i.Before = i.Before[1:]
	if got, want := beforeWords(&i), "At the same time 3 to 2 days before: 1,200; not observed."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if i.Before = nil; beforeChart(&i) != nil || beforeWords(&i) != "" {
		t.Error("days of which nothing is known")
	}
}

// What would have been enough is a line in the chart: of an hour, of a part of it, or of more on average.
func TestThreshold(t *testing.T) {
	i := bars(0, 0, 100, 0)
	i.First = insight.Verdict{Window: 60, Arithmetic: &insight.Arithmetic{Needed: 50}}
	c := ChartOf(i)
	if c.Limit != "M52,88H752" || c.Enough != "threshold: 50 in 60 minutes" {
		t.Errorf("%q, %q", c.Limit, c.Enough)
	}
	if i.First.Window = 15; ChartOf(i).Limit != c.Limit {
		t.Errorf("%q", ChartOf(i).Limit)
	}
	if i.First.Window = 120; ChartOf(i).Limit != "M52,127H752" {
		t.Errorf("%q", ChartOf(i).Limit)
	}
	i.First.Arithmetic.Needed = 1000 // far above the bars: it is in the picture all the same
	if i.First.Window = 60; !strings.HasPrefix(ChartOf(i).Limit, "M52,10H") {
		t.Errorf("%q", ChartOf(i).Limit)
	}
	if i.First.Arithmetic = nil; ChartOf(i).Limit != "" || enough(i) != "" {
		t.Error("a threshold that nobody knows")
	}
}
