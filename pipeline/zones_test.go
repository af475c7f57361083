package pipeline

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
)

// The plan of a run says what the clocks showed in all the hours that it may compare, so that whoever finishes it needs no time zone data.
func TestZonesOfPlan(t *testing.T) {
	o := options(folder(t), folder(t), time.Date(2026, 11, 10, 3, 0, 0, 0, time.UTC))
	o.Config.DefaultTimeZone = "Europe/London"
	o.Config.Accounts = map[string]AccountConfig{"111122223333": {TimeZone: "America/New_York"}, "222222222222": {TimeZone: "UTC"}, "333333333333": {}}
	p, _, err := o.plan(t.Context(), &lake.Commit{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.save(t.Context(), o.Lake); err != nil {
		t.Fatal(err)
	}
	saved := must(loadPlan(t.Context(), o.Lake, p.Run))(t)
	hour := func(m time.Month, day, h int) int32 {
		return int32(time.Date(2026, m, day, h, 0, 0, 0, time.UTC).Unix() / 3600)
	}
	first := hour(9, 28, 0) // 42 days before the first hour to decide, on November 9
	want := map[string]counts.Zone{
		"":             {{From: first, Ahead: 1}, {From: hour(10, 25, 1), Ahead: 0}},
		"111122223333": {{From: first, Ahead: -4}, {From: hour(11, 1, 6), Ahead: -5}},
		"222222222222": nil,
	}
	if d := cmp.Diff(want, saved.Zones); d != "" {
		t.Error(d)
	}
	// A lake that has decided may decide the last week of it again.
	zones := must(o.Config.zones(&lake.Commit{Decided: o.AsOf.AddDate(0, 0, -20)}, p.ScoreFrom, o.AsOf))(t)
	if got := zones[""][0].From; got != hour(9, 2, 0) {
		t.Errorf("known from hour %d on, want %d", got, hour(9, 2, 0))
	}
}
