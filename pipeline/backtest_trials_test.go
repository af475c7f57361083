package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// detection finds larger bursts at least as often, and the smallest as often as it says.
func (m *decidedMonth) detection(t *testing.T) {
	b := m.backtest(t, m.options(0, 0))
	classes := map[string]bool{}
	for _, d := range b.Configured.Detection {
		classes[d.Principal] = true
		last := 0.
		for _, x := range d.Sizes {
			if x.Found < last || x.Found > 1 {
				t.Errorf("%+v: %.2f found with %d calls, %.2f with fewer", d, x.Found, x.Size, last)
			}
			last = x.Found
			if d.Smallest != nil && (x.Size >= *d.Smallest) != (x.Found >= enoughFound) {
				t.Errorf("%+v: %d calls are found in %.2f, and %d are the smallest found in 0.8", d, x.Size, x.Found, *d.Smallest)
			}
		}
		if d.Histories < 1 || d.Histories > trialsPerDay*maxTrialDays {
			t.Errorf("%+v: %d histories", d, d.Histories)
		}
	}
	for _, want := range []string{"user", "role", "service", "root"} {
		if !classes[want] {
			t.Errorf("nothing was tried on a %s", want)
		}
	}
	if len(b.Configured.DetectionDays) != maxTrialDays {
		t.Errorf("tried on %d days", len(b.Configured.DetectionDays))
	}
}

// TestTrialsAreTrue puts a burst of the smallest size that a trial found into the trail itself, and one of the size below: a run finds the first, and not the
// second.
func TestTrialsAreTrue(t *testing.T) {
	day := noon.Truncate(24 * time.Hour)
	quiet := func(s *scenario) {
		id := 0
		for d := -21; d <= 0; d++ {
			var records []string
			for h := range 24 {
				for n := range 1 + (d+h*h+40)%3 {
					at := day.AddDate(0, 0, d).Add(time.Duration(h*60+n*17) * time.Minute)
					if id++; h > 6 && h < 19 {
						records = append(records, rec(id, at))
					}
				}
			}
			s.put(key(day.AddDate(0, 0, d).Add(20*time.Hour), fmt.Sprint("quiet", d+30)), records...)
		}
		for h := range 24 { // the trail delivers at night, too
			s.put(key(day.Add(time.Duration(h)*time.Hour), fmt.Sprint("alive", h)))
		}
		s.AsOf, s.ScoreFrom = day.Add(27*time.Hour), day
	}
	s := newScenario(t)
	quiet(s)
	mustRun(t, s.Options)
	o := BacktestOptions{Lake: s.Lake, Config: DefaultConfig(), From: day, To: day.AddDate(0, 0, 1), Workers: 1, Progress: noProgress{}}
	past, _ := o.past(s.commit())
	r, err := o.replay(t.Context(), past, newTileCache(s.Lake, past), o.Config)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.trials.done) != 2 {
		t.Fatalf("%d trials; want one with calls, one with errors", len(r.trials.done))
	}
	for _, x := range r.trials.done {
		if x.smallest == 0 || x.smallest >= len(burstSizes) {
			t.Fatalf("%s: the smallest burst found is number %d of the sizes: nothing to try", x.kind, x.smallest)
		}
		for _, at := range []int{x.smallest - 1, x.smallest} {
			with := newScenario(t)
			quiet(with)
			with.tried(x, burstSizes[at])
			mustRun(t, with.Options)
			opened := slices.ContainsFunc(found(t, with.Lake), func(i insight.Insight) bool { return i.Kind == x.kind && i.Principal != "" && !i.IsTotal() })
			if opened != (at == x.smallest) {
				t.Errorf("%s: %d calls from minute %d: found %v; the trial says from %d calls on", x.kind, burstSizes[at], x.minute%trail.MinutesPerDay, opened, burstSizes[x.smallest])
			}
		}
	}
}

// tried puts a trial's burst into the trail: as insight.Inject spreads it.
func (s *scenario) tried(x *trial, n int64) {
	s.Helper()
	var records []string
	for m := range int64(insight.InjectedMinutes) {
		at := noon.Truncate(24 * time.Hour).Add(time.Duration(int64(x.minute)%trail.MinutesPerDay+m) * time.Minute)
		for range n*(m+1)/insight.InjectedMinutes - n*m/insight.InjectedMinutes {
			change := []string{}
			if x.kind == insight.ErrorRate {
				change = []string{"errorCode", `"AccessDenied"`}
			}
			records = append(records, rec(1_000_000+len(records), at, change...))
		}
	}
	s.put(key(noon.Truncate(24*time.Hour).Add(20*time.Hour), "burst"), records...)
}

func TestTrialDays(t *testing.T) {
	day, err := trail.ParseDay("2026-10-01")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		from, to int // hours after the day's start
		want     string
	}{
		{0, 24, "10-01"},
		{5, 9, "10-01"},
		{20, 30, "10-02"},
		{1, 72, "10-02 10-03"},
		{0, 7 * 24, "10-01 10-02 10-03 10-04 10-05 10-06 10-07"},
		{0, 28*24 + 1, "10-01 10-05 10-09 10-13 10-17 10-21 10-25"},
	} {
		o := BacktestOptions{From: day.Start().Add(time.Duration(x.from) * time.Hour), To: day.Start().Add(time.Duration(x.to) * time.Hour)}
		var got []string
		for _, d := range o.trialDays() {
			got = append(got, d.String()[5:])
		}
		if s := strings.Join(got, " "); s != x.want {
			t.Errorf("hours %d to %d: %s, want %s", x.from, x.to, s, x.want)
		}
	}
}

func TestPrincipalClass(t *testing.T) {
	for key, want := range map[string]string{
		"arn:aws:sts::111122223333:assumed-role/deployer":                     "role",
		"arn:aws:sts::111122223333:assumed-role/deployer|via=x.amazonaws.com": "role",
		"arn:aws:iam::111122223333:user/anna":                                 "user",
		"arn:aws:iam::111122223333:user/anna#unverified":                      "user",
		"arn:aws:iam::111122223333:root":                                      "root",
		"arn:aws:iam::111122223333:root#assumed":                              "root",
		"service:ec2.amazonaws.com":                                           "service",
		"account:111122223333/AIDA":                                           "other",
		"anonymous":                                                           "other",
		"":                                                                    "other",
	} {
		if got := principalClass(key); got != want {
			t.Errorf("%q is %s, want %s", key, got, want)
		}
	}
}
