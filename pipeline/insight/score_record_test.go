package insight

import (
	"testing"

	"trailgauge/models"
	"trailgauge/pipeline/counts"
)

// burst adds n calls in each of the minutes [from, to) of the scored day to 14 days of a call an hour; from may be negative.
func burst(from, to int32, n int64) *counts.History {
	h := simHistory(15, steady(14, 1))
	m := map[int32]int64{}
	for _, p := range h.Rated {
		m[p.Minute] = p.N
	}
	for minute := from; minute < to; minute++ {
		m[14*1440+minute] += n
	}
	h.Rated = trackOf(m)
	h.All = h.Rated
	return h
}

// A burst over the end of an hour, or of a day, is one burst.
func TestRecordOverTwoHours(t *testing.T) {
	for _, c := range []struct {
		from, to int32
		hour     int
		end      int32
		count    int64
	}{
		{22*60 + 23, 23*60 + 12, 23, 23*60 + 15, 49},
		{-23, 20, 0, 20, 43},
	} {
		h := burst(c.from, c.to, 1)
		s := newScorer(observed(15))
		v := recordOf(s, h, c.hour)
		if v.Model != "record" || v.End != c.end || v.Window != 60 || v.Count != c.count {
			t.Errorf("burst from minute %d to %d: %+v, want %d to minute %d", c.from, c.to, v, c.count, c.end)
		}
	}
}

// What was not observed before is not counted, nor expected.
func TestRecordAfterGap(t *testing.T) {
	e := observed(15)
	e.Hours[13] &^= 1 << 23
	h := burst(-40, 15, 4)
	whole, part := recordOf(newScorer(observed(15)), h, 0), recordOf(newScorer(e), h, 0)
	if whole.Count != 221 || part.Count != 60 || part.Mean >= whole.Mean {
		t.Errorf("%+v with the hour before, %+v without; want 221, with the usual call of 23:17, and 60", whole, part)
	}
}

// recordOf weighs nothing but the record of one hour.
func recordOf(s *Scorer, h *counts.History, hour int) Verdict {
	s.calls.Begin(h, s.Exposure, 24)
	s.calls.Load(h.All)
	p := s.fitter.Fit(&s.calls, s.Priors.Of(h, 0), nil)
	s.day.Unit = Unit{Series: h.Series}
	e := evidence{s: s, ch: models.Calls, g: &s.calls, p: p}
	best := silent(hour)
	e.record(hour, &best)
	return best
}

// An alarmed day does not teach the null like a usual one: only the cells that raised the alarm count it, and as an alarm.
func TestAlarmedDayIsToldApart(t *testing.T) {
	h := burst(600, 640, 9)
	tally := func(limit Thresholds) models.Tally {
		s := newScorer(observed(15))
		s.Alarm = limit
		scores(s, h, nil, 24)
		return s.Tally
	}
	none := tally(Thresholds{})
	some := tally(Thresholds{7, 7, 7, 7})
	null := func(day *models.Tally) *models.Nulls {
		n := models.NewNulls()
		day.Series[models.Calls] = 2000
		for range 5 {
			n.Close(day, 0)
		}
		return n
	}
	taught, spared := null(&none), null(&some)
	c := models.CellOf(models.Calls, models.Principals, models.Record, 2)
	if a, b := taught.Score(c, 12), spared.Score(c, 12); b < a+.3 {
		t.Errorf("the record scores %.2f after five alarms, %.2f when they were taken as usual", b, a)
	}
}
