package pipeline

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
)

// delivered counts the insight events of a lake.
func (s *scenario) delivered() (n int) {
	s.Helper()
	err := s.Lake.List(s.Context(), "insight-events/", "", func(store.Info) error { n++; return nil })
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// ruleOf is a rule for all that the scenario's principal does.
func ruleOf(change func(*insight.Rule)) insight.Rule {
	r := insight.Rule{Name: "deploys", Principal: "*role/deployer", Owner: "anna", Reason: "release days", Expires: insight.Never}
	if change != nil {
		change(&r)
	}
	return r
}

// A burst of 300 calls on 2026-10-31 by the one principal there is, raising three insights: of the API, of its principal, of all the principal calls.
func TestSuppression(t *testing.T) {
	for _, c := range []struct {
		name       string
		change     func(*insight.Rule)
		suppressed int
		events     int // a Start and an End each; all that a principal calls has none
		warning    string
	}{
		{"the principal, and the API because of it", nil, 3, 0, ""},
		{"one API", func(r *insight.Rule) { r.API = "ec2.amazonaws.com:Run*" }, 2, 0, ""},
		{"the ceiling", func(r *insight.Rule) { r.Ceiling = new(int64(302)) }, 3, 0, ""},
		{"above the ceiling", func(r *insight.Rule) { r.Ceiling = new(int64(301)) }, 0, 4, ""},
		{"on its last day", func(r *insight.Rule) { r.Expires = "2026-10-31" }, 3, 0, `"deploys" of anna expired on 2026-10-31`},
		{"expired", func(r *insight.Rule) { r.Expires = "2026-10-30" }, 0, 4, `"deploys" of anna expired on 2026-10-30`},
		{"expires soon", func(r *insight.Rule) { r.Expires = "2026-11-05" }, 3, 0, `"deploys" of anna expires on 2026-11-05`},
		{"somebody else", func(r *insight.Rule) { r.Principal = "*role/ci" }, 0, 4, `"deploys" of anna fits no insight of the last 1 day`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := bursts(t, 1, 0)
			s.Config.Suppress = []insight.Rule{ruleOf(c.change)}
			r := s.until(dayStart.Add(25 * time.Hour))
			rep := r.Report
			list := found(t, s.Lake)
			for _, i := range list {
				if (i.Suppressed == "deploys") != (i.Suppressed != "") {
					t.Errorf("suppressed by %q", i.Suppressed)
				}
			}
			if len(list) != 3 || r.Opened != 3-c.suppressed || len(rep.Opened) != r.Opened {
				t.Errorf("%d insights stored, %d opened", len(list), r.Opened)
			}
			if x := rep.Suppressions[0]; x.Opened != c.suppressed || len(x.Insights) != c.suppressed || rep.Budget.Found != 3 || rep.Budget.Suppressed != c.suppressed {
				t.Errorf("the report has %d suppressed, %+v", x.Opened, rep.Budget)
			}
			if n := s.delivered(); n != c.events {
				t.Errorf("%d insight events, want %d", n, c.events)
			}
			var warned []string
			for _, w := range rep.Warnings {
				if strings.HasPrefix(w, "suppression rule ") {
					warned = append(warned, w)
				}
			}
			if len(warned) > 1 || (c.warning == "") != (len(warned) == 0) || !strings.Contains(strings.Join(warned, ""), c.warning) {
				t.Errorf("warnings %q, want %q", warned, c.warning)
			}
			var text strings.Builder
			if err := report.Text(&text, rep, 200, false); err != nil {
				t.Fatal(err)
			}
			if folded := strings.Contains(text.String(), "Suppressed: "); folded != (c.suppressed > 0) {
				t.Errorf("the report:\n%s", &text)
			}
		})
	}
}

// A burst that grows past the ceiling of its rule is told of in the run that sees it, with its Start; and in one run the same.
// Who calls as the job what the job never calls is told of, with a word on whose principal it is.
func TestOwnPrincipal(t *testing.T) {
	s := bursts(t, 1, 0)
	s.Config.OwnPrincipals = []string{"*role/deployer"}
	rep := s.until(dayStart.Add(25 * time.Hour)).Report
	if len(rep.Opened) != 3 || rep.Budget.Suppressed != 0 || len(rep.Suppressions) != 1 || len(rep.Warnings) != 0 {
		t.Errorf("%d opened, %d suppressed by %d rules, warnings %q", len(rep.Opened), rep.Budget.Suppressed, len(rep.Suppressions), rep.Warnings)
	}
	var text strings.Builder
	if err := report.Text(&text, rep, 200, false); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "The principal is this job's own."); n != 2 {
		t.Errorf("told %d times, want 2: %s", n, text.String())
	}
	if !strings.Contains(text.String(), "userIdentityArn role deployer [this job] (") {
		t.Errorf("it is not labelled: %s", text.String())
	}
}

func TestSuppressedGrows(t *testing.T) {
	hourly := func(t *testing.T) *scenario {
		s, n := newMonth(t)
		for h := 9; h < 13; h++ {
			from := dayStart.Add(time.Duration(h) * time.Hour)
			s.burst(burstID+1000*h, from, from.Add(59*time.Minute), 300)
		}
		for h := 13; h < 20; h++ {
			s.quiet(n, dayStart.Add(time.Duration(h)*time.Hour), dayStart.Add(time.Duration(h+1)*time.Hour))
		}
		most := int64(700)
		s.Config.Suppress = []insight.Rule{ruleOf(func(r *insight.Rule) { r.Ceiling = &most })}
		return s
	}
	s := hourly(t)
	var opened, events []int
	for h := 10; h < 19; h++ {
		r := s.until(dayStart.Add(time.Duration(h)*time.Hour + 40*time.Minute))
		opened, events = append(opened, r.Opened), append(events, s.delivered())
	}
	if d := cmp.Diff([]int{0, 0, 3, 0, 0, 0, 0, 0, 0}, opened); d != "" {
		t.Errorf("opened by hour (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]int{0, 0, 2, 2, 2, 2, 2, 4, 4}, events); d != "" {
		t.Errorf("insight events by hour (-want +got):\n%s", d)
	}
	once := hourly(t)
	once.until(dayStart.Add(18*time.Hour + 40*time.Minute))
	if d := cmp.Diff(found(t, once.Lake), found(t, s.Lake)); d != "" {
		t.Errorf("at once and by the hour:\n%s", d)
	}
}

// Rules that come and go: what is told is not taken back, what is suppressed is told of while it is open.
func TestRulesComeAndGo(t *testing.T) {
	s := bursts(t, 1, 0)
	rules := []insight.Rule{ruleOf(nil)}
	s.first() // without the rule
	s.Config.Suppress = rules
	if r := s.until(dayStart.Add(16 * time.Hour)); len(r.Report.Closed) != 3 || r.Report.Suppressions[0].Matched != 3 || s.delivered() != 4 {
		t.Errorf("%d closed, %d events", len(r.Report.Closed), s.delivered())
	}
	s = bursts(t, 1, 0)
	s.Config.Suppress = rules
	s.first()
	s.Config.Suppress = nil
	if r := s.until(dayStart.Add(16 * time.Hour)); r.Opened != 3 || s.delivered() != 4 {
		t.Errorf("without its rule %d opened, %d events", r.Opened, s.delivered())
	}
	s = bursts(t, 1, 0)
	s.Config.Suppress = rules
	s.until(dayStart.Add(16 * time.Hour))
	s.Config.Suppress = nil
	if r := s.until(dayStart.Add(20 * time.Hour)); r.Opened != 0 || s.delivered() != 0 {
		t.Errorf("over before its rule was gone: %d opened, %d events", r.Opened, s.delivered())
	}
}
