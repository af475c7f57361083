package pipeline

import (
	"strings"
	"testing"
	"time"

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
			if d.Smallest != nil && (x.Size >= *d.Smallest) != (x.Found >= enough) {
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
