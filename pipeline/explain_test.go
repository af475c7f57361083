package pipeline

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/report"
)

// An insight is found by its ID and explained by what decided it, also when late data have taken it back.
func TestExplainRetracted(t *testing.T) {
	s, n := newMonth(t)
	from := dayStart.Add(9 * time.Hour)
	s.burst(burstID, from, from.Add(59*time.Minute), 60, "errorCode", `"AccessDenied"`)
	s.quiet(n, dayStart.Add(10*time.Hour), dayStart.Add(24*time.Hour))
	s.AsOf = dayStart.Add(25 * time.Hour)
	s.run(0)
	was := ofAPI(t, found(t, s.Lake), insight.ErrorRate)
	if a := was.First.Arithmetic; a == nil || a.Tested == 0 || len(a.Tried) == 0 || a.Promise.FalsePerDay != 1 || a.Null.Share == 0 {
		t.Fatalf("the alarm kept %+v", a)
	}
	var records []string
	for i := range 60 {
		records = append(records, correctionOf(burstID+1000+i, burstID+i, from.Add(time.Duration(i)*time.Minute)))
	}
	late := dayStart.Add(30 * time.Hour)
	s.put(key(late, "FIX"), records...)
	s.AsOf = late.Add(time.Hour)
	s.run(0)
	now, err := FindInsight(t.Context(), s.Lake, was.ID)
	if err != nil || now.State != insight.Retracted {
		t.Fatalf("%+v: %v", now, err)
	}
	if d := cmp.Diff(was.First, now.First); d != "" {
		t.Errorf("late data changed what it was decided by:\n%s", d)
	}
	var text strings.Builder
	if err := report.Explain(&text, now, nil, false, 0, false); err != nil || !strings.Contains(text.String(), "Retracted: late data took it back") {
		t.Errorf("%v\n%s", err, text.String())
	}
	if i, err := FindInsight(t.Context(), s.Lake, was.ID+"0"); !errors.Is(err, ErrNoInsight) || !errors.Is(err, ErrUsage) {
		t.Errorf("an ID that no insight has: %+v, %v", i, err)
	}
}
