package insight

import (
	"fmt"

	"trailgauge/models"
)

const (
	// minAPIs is how many new APIs within an hour matter.
	minAPIs = 5
	// noveltyHours is how much observed history tells a new API from one that is merely rare.
	noveltyHours = 14 * 24
	// newPrincipalHours is the age up to which most of what a principal calls is new to it.
	newPrincipalHours = 7 * 24
)

// novelties fills s.day with how many APIs, never used before by the principal, it called within 60 minutes. The evidence is that number itself,
// ranked among those of all principals: a principal's own history of novelties is noise. Principals of the last week are ranked among themselves.
func (e *evidence) novelties(u Unit) {
	e.begin(u)
	g, d := e.g, &e.s.day
	if n := g.Observed(0, g.Fit); d.Fit.Undecided == "" && n < noveltyHours {
		d.Fit.Undecided = fmt.Sprintf("%d observed hours before this day; %d would be enough to tell a new API from a rare one", n, noveltyHours)
	}
	if d.Fit.Undecided != "" {
		return
	}
	for h := range 24 {
		if t := g.Fit + h; g.Seen[t] && g.N[t] > 0 {
			e.novelty(h, &d.Hours[h].Best)
		}
	}
}

// novelty ranks the busiest 60 minutes that end in hour h.
func (e *evidence) novelty(h int, best *Verdict) {
	g := e.g
	t := g.Fit + h
	slot := g.Slot(t)
	v := Verdict{
		Window: 60, End: g.PeakEnd(2, h), Count: g.Peak[2][t], Model: "novelty", Mean: e.p.Mean(slot), Size: 1 / e.p.Dispersion(slot),
	}
	v.LnP = -float64(v.Count)
	regime := models.Quiet
	if g.Birth > 0 && t-g.Birth < newPrincipalHours {
		regime = models.Newcomer
	}
	e.rank(&v, regime, 2, material(Novelty, float64(v.Count), v.Mean), best)
}
