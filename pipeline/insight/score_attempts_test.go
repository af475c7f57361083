package insight

import (
	"slices"
	"testing"

	"trailgauge/pipeline/counts"
)

// tries returns 14 days of calls an hour, and on the scored day, at 10:00, extra more calls and errors failed ones.
func tries(calls, extra, errors int64) *counts.History {
	h := simHistory(15, append(steady(14, calls), counts.Point{Minute: 14*1440 + 600, N: calls + extra}))
	h.Errors = []counts.CodeTrack{{Code: "AccessDenied", Track: counts.Track{{Minute: 14*1440 + 600, N: errors}}}}
	return h
}

// errorsAt10 is the verdict on the errors of 10:00.
func errorsAt10(t *testing.T, s *Scorer, h *counts.History, masked func(Unit) []int32) Verdict {
	t.Helper()
	for _, d := range scores(s, h, masked, 24) {
		if d.Kind == ErrorRate {
			return d.Hours[10].Best
		}
	}
	t.Fatal("no errors were scored")
	return Verdict{}
}

// As many errors are more unusual in calls that nobody expected than in the usual ones.
func TestAttempts(t *testing.T) {
	usual, extra := errorsAt10(t, newScorer(observed(15)), tries(40, 0, 25), nil), errorsAt10(t, newScorer(observed(15)), tries(15, 25, 25), nil)
	if usual.Model == "attempts" || usual.Score <= Immaterial {
		t.Errorf("errors of the usual calls: %+v, want what the errors alone say", usual)
	}
	if extra.Model != "attempts" || extra.Score <= usual.Score || extra.Cell != "errors/attempts/60" || extra.Trials != 40 {
		t.Errorf("errors of 25 calls more: %+v, want attempts that score more than %.2f", extra, usual.Score)
	}
}

// The calls are compared with what their quarantine leaves of the past.
func TestAttemptsSeeNoQuarantinedCalls(t *testing.T) {
	h := tries(15, 60, 25)
	past := slices.Insert(slices.Clone(h.Rated), 10*24, counts.Point{Minute: 10*1440 + 5, N: 300})
	h.Rated, h.All = past, past
	hidden := func(u Unit) []int32 {
		if u.Kind == CallRate {
			return []int32{(int32(simFirst) + 10) * 24}
		}
		return nil
	}
	seen, unseen := errorsAt10(t, newScorer(observed(15)), h, nil), errorsAt10(t, newScorer(observed(15)), h, hidden)
	if unseen.Model != "attempts" || unseen.LnP >= seen.LnP {
		t.Errorf("ln p %.3f (%s) without the burst of the past, %.3f (%s) with it", unseen.LnP, unseen.Model, seen.LnP, seen.Model)
	}
}
