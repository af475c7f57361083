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
	s := newDenied(t)
	was := ofAPI(t, found(t, s.Lake), insight.ErrorRate)
	if a := was.First.Arithmetic; a == nil || a.Tested == 0 || len(a.Tried) == 0 || a.Promise.FalsePerDay != 1 || a.Null.Share == 0 {
		t.Fatalf("the alarm kept %+v", a)
	}
	late := dayStart.Add(30 * time.Hour)
	s.mend(late)
	s.until(late.Add(time.Hour))
	now, err := FindInsight(t.Context(), s.Lake, was.ID)
	if err != nil || now.State != insight.Retracted {
		t.Fatalf("%+v: %v", now, err)
	}
	if d := cmp.Diff(was.First, now.First); d != "" {
		t.Errorf("late data changed what it was decided by:\n%s", d)
	}
	var text strings.Builder
	if err := report.Explain(&text, now, nil, report.Names{}, false, 0, false); err != nil || !strings.Contains(text.String(), "Retracted: late data took it back") {
		t.Errorf("%v\n%s", err, text.String())
	}
	if i, err := FindInsight(t.Context(), s.Lake, was.ID+"0"); !errors.Is(err, ErrNoInsight) || !errors.Is(err, ErrUsage) {
		t.Errorf("an ID that no insight has: %+v, %v", i, err)
	}
}
