package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// day is a report of 2026-11-01, with the insights of the realistic run.
func day() *Run {
	r := realistic()
	r.Number, r.AsOf, r.Input, r.LastDay = 0, time.Time{}, Input{}, 0
	d := trail.DayOf(noon)
	r.ID, r.From, r.Upto = DailyName(d), d.Start(), (d + 1).Start()
	r.Daily = &Daily{Day: d, Previous: d - 1, Delivered: Delivered{Objects: 1311, Bytes: 48e6, Records: 301_220, RecordsRejected: 4, Events: 287_011, Replaced: 3, Awaited: 1},
		Said: []insight.Mark{markOf(1, 0, "anna")}}
	for k := range trail.Day(14) {
		r.Daily.PerDay = append(r.Daily.PerDay, DayCount{Day: d - 13 + k, Decided: k > 2, Told: int(k) % 5 * min(1, max(0, int(k)-2)), Suppressed: int(k) / 13})
	}
	for name, n := range map[string]int64{"1": 4000, "2": 1000, "3": 100, "4": 1010, "5": 0, "6": 12} {
		a := AccountDay{Account: strings.Repeat(name, 12), Calls: n, Hours: 24, Before: 4000, HoursBefore: 96}
		if name == "6" {
			a.Before = 0
		}
		r.Daily.Accounts = append(r.Daily.Accounts, a)
	}
	return r
}

func names(list []AccountDay) (out []string) {
	for _, a := range list {
		out = append(out, a.Account[:1]+": "+a.Compared())
	}
	return out
}

func TestLoudAndQuiet(t *testing.T) {
	d := day().Daily
	if diff := cmp.Diff([]string{"1: 4 times its usual", "6: no such day before", "4: 1 % above its usual"}, names(d.far(1))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"5: 100 % below its usual", "3: 90 % below its usual"}, names(d.far(-1))); diff != "" {
		t.Error(diff)
	}
	if got := (AccountDay{Calls: 10, Hours: 12, Before: 96, HoursBefore: 96}).Usual(); got != 12 { // half the day was observed
		t.Errorf("%g", got)
	}
}

func TestDay(t *testing.T) {
	got := render(t, day())
	for name, want := range map[string][]string{
		"report.txt": {"the day 2026-11-01, UTC", "2026-11-01. Insights: 5 opened", "from 2026-10-19 to 2026-11-01: –, –, –, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3 (+1 suppressed).", "on this day",
			"301,220 records in them. Rejected: 0 objects as a whole, 4 records. The", "1 event that corrections", "Marked benign"},
		"index.html": {`<a href="../2026-10-31/index.html">`, `<a href="../../latest/index.html">`, "opened on this day", "Insights opened a day", "Loudest", "What was said on this day"},
	} {
		for _, s := range want {
			if !strings.Contains(strings.Join(strings.Fields(got[name]), " "), s) {
				t.Errorf("%s does not say %q", name, s)
			}
		}
	}
	for name, body := range got {
		for _, s := range []string{"in this run", "This run", "0001-01-01", "last report"} {
			if strings.Contains(body, s) {
				t.Errorf("%s says %q", name, s)
			}
		}
	}
	var d document
	if err := json.Unmarshal([]byte(got["report.json"]), &d); err != nil || d.Day == nil || len(d.Day.PerDay) != 14 || len(d.Day.Accounts) != 6 || d.Day.Delivered.Events != 287_011 {
		t.Errorf("%v: %+v", err, d.Day)
	}
}

// A day's report holds texts that a run's does not: accounts, marks, their notes.
func TestDayAttacked(t *testing.T) {
	attack(t, 150, func(s string) *Run {
		r := hostile(s)
		r.Daily = day().Daily
		r.Daily.Said = []insight.Mark{markOf(1, 0, s), markOf(2, 1, s)}
		for k := range r.Daily.Accounts {
			r.Daily.Accounts[k].Account = s
		}
		return r
	})
}

// The page of a run leads to that of the day before.
func TestLinkToTheDay(t *testing.T) {
	r := realistic()
	r.LastDay = trail.DayOf(noon) - 1
	if page := render(t, r)["index.html"]; !strings.Contains(page, `<a href="../daily/2026-10-31/index.html">`) {
		t.Error("no link")
	}
}

func TestPerDayChart(t *testing.T) {
	c := perDayChart(day().Daily)
	if n := strings.Count(c.Unknown, "M"); n != 3 {
		t.Errorf("%d days are not decided", n)
	}
	if n := strings.Count(c.Cold, "v0h"); n != 10 {
		t.Errorf("%d of 11 days have nothing suppressed: %s", n, c.Cold)
	}
	if strings.Count(c.Shade, "M") != 1 || len(c.Ticks) != 14 || len(c.Values) != 11 || c.Values[10].Text != "4" {
		t.Errorf("%+v", c)
	}
}
