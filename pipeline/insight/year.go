package insight

import (
	"cmp"
	"math"
	"slices"

	"trailgauge/models"
	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// Four weeks do not tell a job of the month's first day from an attack. So alarms of calls and errors are compared with the year before, as far as
// counts are kept: an hour whose windows all brought what the unit has brought before is none.

const (
	// YearDays is how many days before the scored one are compared.
	YearDays = 365
	// near is the share of a count that counts as the same again: no job does exactly the same each month.
	near = .8
	// fortnight is how many days two of the days must lie apart: one earlier event, an attack perhaps, must not excuse the next.
	fortnight = 14
	// maxRecalled bounds the units that are compared a day; those with the lower scores are not excused.
	maxRecalled = 1000
)

// Alarmed returns the units of calls and errors that have alarms, in their order, and of more than a thousand those with the highest scores.
func Alarmed(cands []Candidate, t Thresholds) []Unit {
	type loud struct {
		Unit
		score float64
	}
	var list []loud
	for k := range cands {
		score := math.Inf(-1)
		for h := range cands[k].Hours {
			score = max(score, cands[k].Hours[h].Best.Score)
		}
		if cands[k].Kind.IsAWS() && score >= t.Of(cands[k].Kind) {
			list = append(list, loud{cands[k].Unit, score})
		}
	}
	slices.SortStableFunc(list, func(a, b loud) int { return cmp.Compare(b.score, a.score) })
	var units []Unit
	for _, l := range list[:min(len(list), maxRecalled)] {
		units = append(units, l.Unit)
	}
	slices.SortFunc(units, Unit.Compare)
	return units
}

// Maxima is the most that one unit counted in any window of each length, day by day. The zero value knows of no day.
type Maxima struct {
	days []dayMaxima // ascending
	last counts.Track
}

type dayMaxima struct {
	day  trail.Day
	most [len(models.Windows)]int64 // in the windows that end on the day
}

// Add adds a day, later than those before, with the unit's counts by minute since its 00:00 UTC.
func (p *Maxima) Add(day trail.Day, track counts.Track) {
	if len(track) == 0 {
		return
	}
	var both counts.Track
	if n := len(p.days); n > 0 && p.days[n-1].day == day-1 {
		for _, c := range p.last {
			both = append(both, counts.Point{Minute: c.Minute - trail.MinutesPerDay, N: c.N})
		}
	}
	today := len(both)
	both = append(both, track...)
	d := dayMaxima{day: day}
	for w, minutes := range models.Windows {
		from, sum := 0, int64(0)
		for k := range both {
			sum += both[k].N
			for ; both[from].Minute <= both[k].Minute-int32(minutes); from++ {
				sum -= both[from].N
			}
			if k >= today {
				d.most[w] = max(d.most[w], sum)
			}
		}
	}
	p.days, p.last = append(p.days, d), track
}

// Year is what the year before says of an alarm's count.
type Year struct {
	Days    int         `json:"days"`           // observed days that it was compared with: since the unit's first calls, 365 at most
	AsLarge int         `json:"asLarge"`        // how many of them had a window as long with at least four fifths of the count
	Seen    []trail.Day `json:"seen,omitempty"` // the last five of those
	LnP     float64     `json:"lnP"`            // ln of AsLarge/(Days+1), where that excuses the window; else 0
}

// recall compares a window with the days before scored. It excuses what came before on two days at least that lie a fortnight apart. Where that came on
// more than one of the last 28 days, the fit has seen it: it is the time of it that is unusual, and of that days say nothing.
func (p *Maxima) recall(scored trail.Day, window int, count int64, e *counts.Exposure) *Year {
	w := slices.Index(models.Windows[:], window)
	if p == nil || len(p.days) == 0 || w < 0 {
		return &Year{}
	}
	y := &Year{}
	for d := p.days[0].day; d < scored; d++ {
		if from := int(d-e.First) * 24; e.Count(from, from+24) >= 12 {
			y.Days++
		}
	}
	recent := 0
	for _, d := range p.days {
		if float64(d.most[w]) < near*float64(count) {
			continue
		}
		y.Seen = append(y.Seen, d.day)
		if d.day >= scored-fitDays {
			recent++
		}
	}
	y.AsLarge = len(y.Seen)
	if n := y.AsLarge; n >= 2 && y.Seen[n-1]-y.Seen[0] >= fortnight && recent <= 1 {
		y.LnP = min(math.Log(float64(n)/float64(y.Days+1)), 0)
	}
	y.Seen = y.Seen[max(0, y.AsLarge-5):]
	return y
}

// Recall compares the alarms of a day with the past of their units. Where each window that makes an hour an alarm is excused, the hour gets the score of the
// least usual of them, -Year.LnP, below every threshold, and the model "year"; other alarms are told what the year says of their window. e covers the year.
func Recall(cands []Candidate, day trail.Day, past map[Unit]*Maxima, e *counts.Exposure, t Thresholds) {
	for k := range cands {
		p, ok := past[cands[k].Unit]
		if !ok {
			continue
		}
		limit := t.Of(cands[k].Kind)
		for h := range cands[k].Hours {
			if v := &cands[k].Hours[h].Best; v.Score >= limit && v.Arithmetic != nil {
				p.excuse(v, day, e, limit)
			}
		}
	}
}

func (p *Maxima) excuse(v *Verdict, day trail.Day, e *counts.Exposure, limit float64) {
	lnP := 0.
	for _, w := range v.Arithmetic.Tried {
		if !w.Material || w.Score < limit {
			continue
		}
		y := p.recall(day, w.Window, w.Count, e)
		if lnP = min(lnP, y.LnP); y.LnP == 0 || -y.LnP >= limit {
			a := *v.Arithmetic
			a.Year = p.recall(day, v.Window, v.Count, e)
			v.Arithmetic = &a
			return
		}
	}
	v.LnP, v.Score, v.Model, v.Arithmetic = lnP, -lnP, "year", nil
}
