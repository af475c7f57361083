package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// old fills a lake with 60 days, of which a few hours are decided.
func old(t *testing.T) (trailDir, lakeDir string, last time.Time) {
	t.Helper()
	several(t, 60_000)
	dir := t.TempDir()
	trailDir, lakeDir = filepath.Join(dir, "trail"), filepath.Join(dir, "lake")
	c := small(5, 60)
	c.Accounts, c.Regions, c.EventsPerDay = 1, 1, 15
	truth := write(t, open(t, trailDir), c)
	o := options(open(t, trailDir), open(t, lakeDir), truth.Delivered.Add(-24*time.Hour))
	from := trail.DayOf(truth.End) - 60
	o.From = &from
	mustRun(t, o)
	return trailDir, lakeDir, truth.Delivered
}

func TestExpire(t *testing.T) {
	trailDir, dir, last := old(t)
	s := open(t, dir)
	c := must(lake.Current(t.Context(), s))(t)
	events, before := seen(t, dir, lake.Events), tree(t, dir)
	upkeep := UpkeepOptions{Lake: s}
	needed := neededFrom(c)
	most := int(trail.DayOf(c.AsOf) - needed) // the fewest days that may be kept
	for _, keep := range []int{0, 1, 42, most - 1} {
		_, err := Expire(t.Context(), ExpireOptions{UpkeepOptions: upkeep, KeepDays: keep})
		if !errors.Is(err, ErrUsage) || keep > 0 && !strings.Contains(err.Error(), needed.String()) {
			t.Errorf("keeping %d days: %v; want ErrUsage, and %s", keep, err, needed)
		}
	}
	upkeep.DryRun = true
	dry := must(Expire(t.Context(), ExpireOptions{UpkeepOptions: upkeep, KeepDays: most}))(t)
	sameTree(t, "refused or dry", before, tree(t, dir))
	upkeep.DryRun = false
	x := must(Expire(t.Context(), ExpireOptions{UpkeepOptions: upkeep, KeepDays: most}))(t)
	t.Logf("%d days kept of %d: %+v", most, len(c.Days), *x)
	if x.Days == 0 || x.Files < x.Days || x.Commit != c.Number+1 || dry.Days != x.Days || dry.Bytes != x.Bytes || x.Before != needed {
		t.Errorf("foreseen %+v, got %+v", *dry, *x)
	}
	for day := range events {
		if d, _ := trail.ParseDay(day); d < x.Before {
			delete(events, day)
		}
	}
	sameRows(t, "after", events, seen(t, dir, lake.Events))
	for name := range before { // files go later
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil && !strings.HasPrefix(name, "athena/") {
			t.Error(err)
		}
	}
	if again := must(Expire(t.Context(), ExpireOptions{UpkeepOptions: upkeep, KeepDays: most}))(t); again.Days != 0 || again.Commit != x.Commit {
		t.Errorf("again: %+v", *again)
	}
	gc(t, dir, 25*time.Hour)
	if left, _ := filepath.Glob(filepath.Join(dir, "events", (x.Before - 1).Path(), "*")); len(left) > 0 {
		t.Errorf("gc left %q", left)
	}
	sameRows(t, "after gc", events, seen(t, dir, lake.Events))
	// The next run decides as it would have, and reads nothing again, though it is asked to.
	from := trail.DayOf(last) - 60
	next := func(dir string) *Result {
		o := options(open(t, trailDir), open(t, dir), last.Add(24*time.Hour))
		o.From = &from
		return mustRun(t, o)
	}
	r := next(dir)
	if first := r.Commit.Days[0].Day; first < x.Before {
		t.Errorf("%s is back", first)
	}
	if r.Commit.Run.Objects > 200 {
		t.Errorf("%d objects were read", r.Commit.Run.Objects)
	}
}

// Decisions are the same with the old days and without them.
func TestExpireChangesNoDecision(t *testing.T) {
	trailDir, dir, last := old(t)
	kept := copyLake(t, dir)
	c := must(lake.Current(t.Context(), open(t, dir)))(t)
	must(Expire(t.Context(), ExpireOptions{UpkeepOptions: UpkeepOptions{Lake: open(t, dir)}, KeepDays: int(trail.DayOf(c.AsOf) - neededFrom(c))}))(t)
	gc(t, dir, 25*time.Hour)
	for _, d := range []string{dir, kept} {
		mustRun(t, options(open(t, trailDir), open(t, d), last.Add(24*time.Hour)))
	}
	sameDecisions(t, kept, dir)
}

func TestExpireKilledAnywhere(t *testing.T) {
	_, dir, _ := old(t)
	killed(t, dir, "expire")
}

// sameDecisions compares insights, insight events and baselines of two lakes, whose commits have other numbers.
func sameDecisions(t *testing.T, one, two string) {
	t.Helper()
	current := func(dir string) map[string]string {
		found := map[string]string{}
		for _, m := range manifests(t, open(t, dir)) {
			for _, table := range []lake.Table{lake.Insights, lake.Baselines} {
				for _, f := range m.Files[table] {
					found[string(table)+" "+m.Day.String()] = string(must(os.ReadFile(filepath.Join(dir, f.Key)))(t))
				}
			}
		}
		for name, body := range tree(t, dir) {
			if strings.HasPrefix(name, "insight-events/") {
				found[name] = string(body)
			}
		}
		return found
	}
	a, b := current(one), current(two)
	n := 0
	for name, body := range b {
		n++
		if a[name] != body {
			t.Errorf("%s differs", name)
		}
	}
	if n == 0 {
		t.Error("nothing was decided")
	}
}

// The reports of days have a retention of their own: the commit notes it, gc carries it out, and a report that is written again goes again.
func TestExpireReports(t *testing.T) {
	_, dir, _ := busy(t, 12*time.Hour)
	s := open(t, dir)
	c := must(lake.Current(t.Context(), s))(t)
	for day := trail.DayOf(c.ScoreFrom) - 3; day < trail.DayOf(c.ScoreFrom); day++ { // as if runs had been there
		for _, form := range reportForms {
			if err := s.Put(t.Context(), DailyReport(day)+form.name, []byte("a day")); err != nil {
				t.Fatal(err)
			}
		}
	}
	days := func() (out []string) {
		names, _ := filepath.Glob(filepath.Join(dir, "reports", "daily", "*"))
		for _, n := range names {
			if left, _ := os.ReadDir(n); len(left) > 0 {
				out = append(out, filepath.Base(n))
			}
		}
		return out
	}
	all := days()
	if len(all) < 3 {
		t.Fatalf("reports of %q", all)
	}
	events := seen(t, dir, lake.Events)
	last := trail.DayOf(c.AsOf)
	keep, err := trail.ParseDay(all[len(all)-2])
	if err != nil {
		t.Fatal(err)
	}
	o := ExpireOptions{UpkeepOptions: UpkeepOptions{Lake: s}, KeepReports: int(last - keep)}
	x := must(Expire(t.Context(), o))(t)
	if x.Commit != c.Number+1 || x.Days != 0 || x.ReportsBefore != keep || len(days()) != len(all) {
		t.Errorf("%+v, reports of %q", *x, days())
	}
	if again := must(Expire(t.Context(), o))(t); again.Commit != x.Commit {
		t.Errorf("again: %+v", *again)
	}
	o.KeepReports *= 10 // what is given up stays given up
	if more := must(Expire(t.Context(), o))(t); more.Commit != x.Commit || more.ReportsBefore != keep {
		t.Errorf("keeping more: %+v", *more)
	}
	g := gc(t, dir, 25*time.Hour)
	if g.Kinds["daily reports"] != int64(3*(len(all)-2)) {
		t.Errorf("collected %v", g.Kinds)
	}
	if d := cmp.Diff(all[len(all)-2:], days()); d != "" {
		t.Errorf("reports that stay (-want +got):\n%s", d)
	}
	sameRows(t, "events", events, seen(t, dir, lake.Events))
}
