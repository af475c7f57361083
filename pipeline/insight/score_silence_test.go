package insight

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// silenceOf scores the last day of a history up to an hour and returns the verdict on missing calls; false when there is none.
func silenceOf(t *testing.T, h *counts.History, e *counts.Exposure, upto int) (DayScore, bool) {
	t.Helper()
	for _, d := range scores(newScorer(e), h, nil, upto) {
		if d.Kind == Silence {
			return d, true
		}
	}
	return DayScore{}, false
}

// until cuts a track before a minute.
func cut(tr counts.Track, before int32) counts.Track {
	var out counts.Track
	for _, p := range tr {
		if p.Minute < before {
			out = append(out, p)
		}
	}
	return out
}

// hourly calls n times in minute 7 of the hours that which selects, over days.
func hourly(days int, n int64, which func(day, hour int) bool) (tr counts.Track) {
	for d := range days {
		for h := range 24 {
			if which(d, h) {
				tr = append(tr, counts.Point{Minute: int32(d*1440 + h*60 + 7), N: n})
			}
		}
	}
	return tr
}

// A service that stops is found within a day of silence; as long as it runs, nothing is said.
func TestSilence(t *testing.T) {
	const days = 22
	always := func(int, int) bool { return true }
	h := simHistory(days, cut(hourly(days, 9, always), 20*1440+22*60))
	d, ok := silenceOf(t, h, observed(days), 24)
	if !ok {
		t.Fatal("a service that calls every hour is not watched")
	}
	if best := d.Hours[23].Best; best.Score < limit.Threshold(2) || best.Count != 0 || best.Mean < 100 {
		t.Errorf("after 26 hours of silence: %+v", best)
	}
	if best := d.Hours[0].Best; best.Score >= limit.Threshold(2) {
		t.Errorf("an alarm 3 hours after the last call: %+v", best)
	}
	h = simHistory(days, hourly(days, 9, always))
	if d, _ = silenceOf(t, h, observed(days), 24); d.Hours[23].Best.Score > math.Inf(-1) && d.Hours[23].Best.Score >= limit.Threshold(2) {
		t.Errorf("it runs, and raises %+v", d.Hours[23].Best)
	}
}

// Whoever pauses at weekends, or has paused within the last week, says nothing by pausing.
func TestPausesAreNoSilence(t *testing.T) {
	const days = 22 // the first is a Friday, so the last is one too
	workdays := func(day, _ int) bool { return (day+4)%7 < 5 }
	h := simHistory(days, cut(hourly(days, 9, workdays), 21*1440))
	if _, ok := silenceOf(t, h, observed(days), 24); ok {
		t.Error("a unit that never calls at weekends is watched")
	}
}

// A trail that stopped is not a silence: what was not observed is not missed.
func TestStoppedTrailIsNoSilence(t *testing.T) {
	const days = 22
	h := simHistory(days, cut(hourly(days, 9, func(int, int) bool { return true }), 20*1440+22*60))
	e := counts.NewExposure(simFirst, days)
	for hour := range 20*24 + 22 {
		e.Mark(hour)
	}
	if d, ok := silenceOf(t, h, e, 24); ok {
		for hour, x := range d.Hours {
			if x.Best.Score > math.Inf(-1) {
				t.Errorf("hour %d, not observed: %+v", hour, x.Best)
			}
		}
	}
}

// A job that runs in the same hours is missed when these pass by.
func TestMissedJob(t *testing.T) {
	const days = 29
	jobs := func(_, hour int) bool { return hour%6 == 2 }
	h := simHistory(days, cut(hourly(days, 12, jobs), 27*1440+3*60))
	d, ok := silenceOf(t, h, observed(days), 24)
	if best := d.Hours[20].Best; !ok || best.Model != "job" || best.Count != 0 || best.LnP > -8 {
		t.Errorf("five runs missed: %+v", best)
	}
}

// When most of an account falls silent there is one insight, of the account.
func TestTogether(t *testing.T) {
	var cands []Candidate
	for k := range 10 {
		w := newWorld()
		w.unit.Principal, w.unit.Kind = string(rune('a'+k)), Silence
		if k < 4 {
			for h := int32(10*24 + 5); h < 11*24; h++ {
				w.scores[h] = Verdict{Score: 20, Window: 1440, End: (h - 10*24 + 1) * 60, Mean: 60, Count: 1}
			}
		}
		cands = append(cands, w.candidate(10))
	}
	state := NewDayState(20010)
	all := Together(state, cands, map[string]int{cands[0].Account: 10}, limits)
	found, _ := Step(state, 20010, all, 0, 24, limits)
	if len(found) != 1 || found[0].Principal != "" || found[0].Name != "" || found[0].First.Count != 4 || found[0].First.Model != "account" {
		t.Errorf("4 of 10 silent: %d insights, the first of %+v", len(found), found[0].Unit)
	}
	all = Together(state, cands, map[string]int{cands[0].Account: 30}, limits)
	if found, _ = Step(state, 20010, all, 0, 24, limits); len(found) != 4 {
		t.Errorf("4 of 30 silent: %d insights", len(found))
	}
	if cands[0].Hours[5].Best.Score != 20 {
		t.Error("Together changed what it was given")
	}
}

// What the account's insight says of its first hours does not depend on who fell silent later, which a job that runs hourly cannot know yet.
func TestTogetherIsTheSameHourly(t *testing.T) {
	const first = trail.Day(20000)
	silentFrom := func(k int) int { return 5 + 3*(k/4) } // of ten: four at 05:00, four at 08:00, two at 11:00
	candidates := func(state *DayState, day, upto int) (cands []Candidate) {
		for k := range 10 {
			w := newWorld().usual()
			w.unit.Principal, w.unit.Kind = string(rune('a'+k)), Silence
			for h := 10*24 + silentFrom(k); h < 12*24; h++ {
				w.scores[int32(h)] = Verdict{Score: 20, Window: 1440, End: int32(h%24+1) * 60, Mean: 60, Count: int64(k)}
				for m := h * 60; m < h*60+60; m++ {
					delete(w.calls, int32(m))
				}
			}
			c := w.candidate(day)
			for h := upto; h < 24; h++ {
				c.Hours[h].Best.Score = math.Inf(-1)
			}
			if state.Needs(&c.DayScore, limits, upto) {
				cands = append(cands, c)
			}
		}
		return Together(state, cands, map[string]int{newWorld().unit.Account: 10}, limits)
	}
	state := NewDayState(first + 10)
	for day := 10; day < 12; day++ {
		whole := candidates(state, day, 24)
		for upto := 1; upto <= 24; upto++ {
			daily, next := Step(state, first+trail.Day(day), whole, 0, upto, limits)
			hourly, _ := Step(state, first+trail.Day(day), candidates(state, day, upto), 0, upto, limits)
			if d := cmp.Diff(daily, hourly); d != "" {
				t.Fatalf("day %d up to %d:00, with all that the day knows and with what the hour knows: %s", day, upto, d)
			}
			if next != nil {
				state = next
			}
		}
	}
	if len(state.Open) == 0 || len(state.Open[0].Insight.Members) != 4 {
		t.Errorf("open after two days: %+v, want the account with those of its first hour", state.Open)
	}
}
