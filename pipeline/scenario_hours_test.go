package pipeline

import (
	"fmt"
	"testing"
	"time"

	"trailgauge/pipeline/insight"
)

// These scenarios are about time: 30 quiet days of two calls an hour in one region, then 300 calls between 09:00 and 10:00 of October 31.
// An insight's span begins and ends with a call: it may hold the ordinary one before the burst, at 08:40, and the one behind it, at 10:10.

var dayStart = time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)

// ids numbers the records of a scenario.
type ids int

func (n *ids) next() int { *n++; return int(*n) }

// quiet delivers the calls of the hours [from, to): one object, stamped at their end, and two calls an hour.
func (s *scenario) quiet(n *ids, from, to time.Time, change ...string) {
	s.Helper()
	var records []string
	for at := from; at.Before(to); at = at.Add(time.Hour) {
		records = append(records, rec(n.next(), at.Add(10*time.Minute), change...), rec(n.next(), at.Add(40*time.Minute), change...))
	}
	s.put(key(to.Add(-5*time.Minute), fmt.Sprintf("Q%d", *n)), records...)
}

// burst delivers calls over an hour; first is the ID of the first one.
func (s *scenario) burst(first int, from, stamp time.Time, calls int, change ...string) {
	s.Helper()
	var records []string
	for i := range calls {
		records = append(records, rec(first+i, from.Add(time.Duration(i)*time.Hour/time.Duration(calls)), change...))
	}
	s.put(key(stamp, fmt.Sprintf("BURST%d", first)), records...)
}

func newMonth(t *testing.T) (*scenario, *ids) {
	s, n := newScenario(t), new(ids)
	for d := dayStart.AddDate(0, 0, -30); d.Before(dayStart); d = d.AddDate(0, 0, 1) {
		s.quiet(n, d, d.AddDate(0, 0, 1))
	}
	s.quiet(n, dayStart, dayStart.Add(9*time.Hour))
	s.ScoreFrom = dayStart
	return s, n
}

const burstID = 500_000

// deniedAt is when the burst of newDenied begins.
var deniedAt = dayStart.Add(9 * time.Hour)

// newDenied is a month whose last day, which was decided an hour after its end, has a burst of 60 denied calls.
func newDenied(t *testing.T) *scenario {
	t.Helper()
	s, n := newMonth(t)
	s.burst(burstID, deniedAt, deniedAt.Add(59*time.Minute), 60, "errorCode", `"AccessDenied"`)
	s.quiet(n, deniedAt.Add(time.Hour), dayStart.Add(24*time.Hour))
	s.until(dayStart.Add(25 * time.Hour))
	return s
}

// mend delivers corrections: the calls of the burst were not denied.
func (s *scenario) mend(late time.Time) {
	s.Helper()
	var records []string
	for i := range 60 {
		records = append(records, correctionOf(burstID+1000+i, burstID+i, deniedAt.Add(time.Duration(i)*time.Minute)))
	}
	s.put(key(late, "FIX"), records...)
}

// ofAPI picks the API's own insight of a kind: its principal's is another.
func ofAPI(t *testing.T, list []insight.Insight, kind insight.Kind) insight.Insight {
	t.Helper()
	for _, i := range list {
		if i.Kind == kind && i.Principal == "" && i.Name == "RunInstances" {
			return i
		}
	}
	t.Fatalf("no %s insight of the API in %+v", kind, list)
	return insight.Insight{}
}

// Six hours without a delivery are unknown: what is open neither closes nor goes on, and the report says so. The same hours are zero
// when another region delivers, though it be idle in this one.
func TestGapIsUnknownAndIdleIsZero(t *testing.T) {
	for _, alive := range []bool{false, true} {
		t.Run(fmt.Sprintf("other region alive: %v", alive), func(t *testing.T) {
			s, n := newMonth(t)
			s.burst(burstID, dayStart.Add(9*time.Hour), dayStart.Add(9*time.Hour+59*time.Minute), 300)
			if alive {
				s.quiet(n, dayStart.Add(10*time.Hour), dayStart.Add(18*time.Hour), "awsRegion", `"us-east-1"`)
			}
			s.AsOf = dayStart.Add(10*time.Hour + 40*time.Minute)
			s.run(0)
			before := ofAPI(t, found(t, s.Lake), insight.CallRate)
			if before.State != insight.Open || before.Whole.Count != 301 {
				t.Fatalf("at 10:40: %s, %+v", before.State, before.Whole)
			}
			r := s.run(8 * time.Hour) // 18:40
			after := ofAPI(t, found(t, s.Lake), insight.CallRate)
			state, unknown, decided := insight.Open, 6, dayStart.Add(16*time.Hour)
			end := decided // while it is open, up to where it is decided
			if alive {
				state, unknown, decided, end = insight.Closed, 0, dayStart.Add(18*time.Hour), before.Whole.End
			}
			if after.ID != before.ID || after.State != state || !after.Whole.End.Equal(end) || after.Whole.Count != 301 || after.Revision != 1 {
				t.Errorf("at 18:40: %s revision %d, %+v, before %+v", after.State, after.Revision, after.Whole, before.Whole)
			}
			if c := r.Report.Coverage; c.HoursUnknown != unknown || !r.Report.Upto.Equal(decided) {
				t.Errorf("%d hours unknown, decided up to %s: want %d, %s", c.HoursUnknown, r.Report.Upto, unknown, decided)
			}
			if warned := len(r.Report.Warnings) > 0; warned == alive {
				t.Errorf("warnings %q", r.Report.Warnings)
			}
			// Quiet hours that are seen close it, and then it has not lasted through the unknown ones.
			s.quiet(n, dayStart.Add(18*time.Hour), dayStart.Add(22*time.Hour))
			s.run(4 * time.Hour)
			if last := ofAPI(t, found(t, s.Lake), insight.CallRate); last.ID != before.ID || last.State != insight.Closed || !last.Whole.End.Equal(before.Whole.End) || last.Whole.Count != 301 {
				t.Errorf("at 22:40: %s, %+v", last.State, last.Whole)
			}
			// Who sees it all at once says the same. A delivery proves the two hours before it, and no more.
			s.Lake = folder(t)
			if c := s.run(0).Report.Coverage; c.HoursUnknown != unknown || c.HoursObserved != 22-unknown {
				t.Errorf("at once: %d hours unknown, %d observed", c.HoursUnknown, c.HoursObserved)
			}
		})
	}
}

// An object that comes a day late changes what was reported: the same insight, revision 2.
func TestLateDataRevises(t *testing.T) {
	s, n := newMonth(t)
	s.burst(burstID, dayStart.Add(9*time.Hour), dayStart.Add(9*time.Hour+59*time.Minute), 300)
	s.quiet(n, dayStart.Add(10*time.Hour), dayStart.Add(24*time.Hour))
	s.AsOf = dayStart.Add(25 * time.Hour)
	s.run(0)
	was := ofAPI(t, found(t, s.Lake), insight.CallRate)
	if was.State != insight.Closed || was.Revision != 1 || was.Whole.Count != 302 {
		t.Fatalf("first: %s, revision %d, %+v %+v", was.State, was.Revision, was.Whole, was.Detected)
	}
	late := dayStart.Add(33 * time.Hour)
	s.quiet(n, dayStart.Add(24*time.Hour), late)
	s.burst(burstID+1000, dayStart.Add(9*time.Hour), late, 200)
	s.AsOf = late.Add(time.Hour)
	r := s.run(0)
	now := ofAPI(t, found(t, s.Lake), insight.CallRate)
	if now.ID != was.ID || now.Revision != 2 || now.Whole.Count != 502 || now.State != insight.Closed {
		t.Errorf("revised: %s, revision %d, %d calls, same ID: %v", now.State, now.Revision, now.Whole.Count, now.ID == was.ID)
	}
	if len(r.Report.Revised) == 0 || r.Opened != 0 {
		t.Errorf("the report has %d revised and %d opened", len(r.Report.Revised), r.Opened)
	}
	// Once is enough.
	s.AsOf = s.AsOf.Add(2 * time.Hour)
	s.quiet(n, late, late.Add(2*time.Hour))
	s.run(0)
	if again := ofAPI(t, found(t, s.Lake), insight.CallRate); again.Revision != 2 || again.ID != was.ID {
		t.Errorf("a later run made revision %d", again.Revision)
	}
}

// Corrections that come a day late take the errors away, and the insight with them.
func TestLateCorrectionsRetract(t *testing.T) {
	s := newDenied(t)
	was := ofAPI(t, found(t, s.Lake), insight.ErrorRate)
	late := dayStart.Add(30 * time.Hour)
	s.mend(late)
	r := s.until(late.Add(time.Hour))
	now := ofAPI(t, found(t, s.Lake), insight.ErrorRate)
	if now.ID != was.ID || now.State != insight.Retracted || now.Revision != 2 || len(r.Report.Retracted) == 0 {
		t.Errorf("%s, revision %d, report: %d retracted", now.State, now.Revision, len(r.Report.Retracted))
	}
	if calls := ofAPI(t, found(t, s.Lake), insight.CallRate); calls.State != insight.Closed || calls.Revision != 1 {
		t.Errorf("the calls, which stay: %s, revision %d", calls.State, calls.Revision)
	}
}

// What comes more than a week late is kept and counted, and decides nothing.
func TestBeyondAWeekNothingIsDecidedAgain(t *testing.T) {
	for _, days := range []int{6, 9} {
		t.Run(fmt.Sprintf("%d days later", days), func(t *testing.T) {
			s, n := newMonth(t)
			s.quiet(n, dayStart.Add(9*time.Hour), dayStart.Add(24*time.Hour))
			for d := 1; d < days; d++ {
				s.quiet(n, dayStart.AddDate(0, 0, d), dayStart.AddDate(0, 0, d+1))
			}
			s.AsOf = dayStart.AddDate(0, 0, days).Add(time.Hour)
			s.run(0)
			if list := found(t, s.Lake); len(list) > 0 {
				t.Fatalf("quiet days have insights: %+v", list)
			}
			s.burst(burstID, dayStart.Add(9*time.Hour), s.AsOf, 300)
			s.run(time.Hour)
			late := 0
			for _, i := range found(t, s.Lake) {
				if i.Whole.Start.Before(dayStart.AddDate(0, 0, 1)) {
					late++
				}
			}
			if (late > 0) != (days < 7) {
				t.Errorf("%d insights of the late data", late)
			}
			if l := s.commit().Totals; l.Kept != int64(*n)+300 {
				t.Errorf("kept %d, want %d", l.Kept, int(*n)+300)
			}
		})
	}
}
