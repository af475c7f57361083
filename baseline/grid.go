package baseline

import (
	"sort"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

const (
	// FitDays is the longest fit window; older days of a history are ignored.
	FitDays = 28
	// MaxHours is the length of the longest grid: the fit window and the scored day.
	MaxHours = (FitDays + 1) * 24
	// Slots is the number of hours of a week; slot 0 is Monday 00:00 of the account's clocks.
	Slots = 168
	// maxCount caps the calls of one minute, so that no sum of a grid overflows whatever a trail says.
	maxCount = 1 << 40
)

// Grid is one track laid out by hour over the fit window and the scored day that follows it. It is reused: Begin
// sets the hours, Load fills in the counts.
type Grid struct {
	Fit   int       // hours before the scored day: a multiple of 24, at most FitDays·24
	Hours int       // Fit + 24
	First trail.Day // day of hour 0
	Birth int       // hour of the first call ever known, clipped to 0..Hours
	Upto  int       // end of what was loaded: hours from here on are not decidable yet

	Seen [MaxHours]bool  // observed, and before Upto
	N    [MaxHours]int64 // calls in the hour; 0 where it was not observed
	// Peak is the largest sum of 5, 15 and 60 consecutive minutes, aligned to 5, that end in the hour with a call: they may begin
	// in the hour before. Zero where N is.
	Peak    [3][MaxHours]int64
	peakEnd [3][24]int16 // of the scored day: 5-minute bin after the peak
	Active  []int32      // hours with N > 0, ascending

	bins  [24*12 + 2]int64 // 5-minute bins of the scored day, after the last two of the day before
	slots [MaxHours]uint8
	shift int32 // minutes of the history before hour 0
}

// Begin prepares the grid for the tracks of h: hours from upto (0 to 24) of the scored day on count as not observed.
func (g *Grid) Begin(h *counts.History, e *counts.Exposure, upto int) {
	skip := max(0, h.Days-1-FitDays)
	g.First = h.First + trail.Day(skip)
	g.shift = int32(skip) * trail.MinutesPerDay
	g.Fit = max(0, h.Days-1-skip) * 24
	g.Hours = g.Fit + 24
	g.Upto = g.Fit + min(max(upto, 0), 24)
	g.Since(h.Born)
	g.clocks(h.Zone)
	for t := range g.Hours {
		d := int(g.First) - int(e.First) + t/24
		g.Seen[t] = t < g.Upto && d >= 0 && d < len(e.Hours) && e.Hours[d]>>(t%24)&1 == 1
	}
	g.clear()
}

// Since sets the first call ever known, in minutes of the history, to that of the tracks to come.
func (g *Grid) Since(born int32) {
	g.Birth = 0
	if born -= g.shift; born > 0 {
		g.Birth = min(int(born/60), g.Hours)
	}
}

// clocks sets the hours of the week. When clocks are put back an hour of it comes twice, when they are put forward one is left out.
func (g *Grid) clocks(z counts.Zone) {
	for t := 0; t < g.Hours; {
		epoch := g.Epoch(t)
		ahead, until := z.Ahead(epoch)
		end := g.Hours
		if until > epoch {
			end = min(end, t+int(until-epoch))
		}
		// 1970-01-01 was a Thursday, day 3 of a week that starts on Monday.
		slot := ((int(epoch)+ahead+3*24)%Slots + Slots) % Slots
		for ; t < end; t++ {
			g.slots[t] = uint8(slot)
			if slot++; slot == Slots {
				slot = 0
			}
		}
	}
}

// Slot returns the hour of the week of hour t of the grid, on the account's clocks.
func (g *Grid) Slot(t int) int { return int(g.slots[t]) }

// Epoch returns hour t of the grid as hours since 1970.
func (g *Grid) Epoch(t int) int32 { return int32(g.First)*24 + int32(t) }

// Observed counts the observed hours in [from, to).
func (g *Grid) Observed(from, to int) int {
	n := 0
	for t := from; t < to; t++ {
		if g.Seen[t] {
			n++
		}
	}
	return n
}

func (g *Grid) clear() {
	for _, t := range g.Active {
		g.N[t], g.Peak[0][t], g.Peak[1][t], g.Peak[2][t] = 0, 0, 0, 0
	}
	g.Active = g.Active[:0]
	g.bins = [len(g.bins)]int64{}
}

// Load replaces the counts by those of track. Minutes outside the grid or in hours not observed are dropped.
func (g *Grid) Load(track counts.Track) {
	g.clear()
	var last slide
	i := sort.Search(len(track), func(i int) bool { return track[i].Minute >= g.shift })
	for i < len(track) {
		bin := (track[i].Minute - g.shift) / 5
		t := int(bin / 12)
		if t >= g.Hours {
			break
		}
		n := int64(0)
		for end := g.shift + 5*bin + 5; i < len(track) && track[i].Minute < end; i++ {
			n += min(max(track[i].N, 0), maxCount)
		}
		if n == 0 || !g.Seen[t] {
			continue
		}
		last.add(bin, n)
		if g.N[t] == 0 {
			g.Active = append(g.Active, int32(t))
		}
		g.N[t] += n
		if j := int(bin) - g.Fit*12 + 2; j >= 0 {
			g.bins[j] = n
		}
		g.peak(0, t, bin, n)
		g.peak(1, t, bin, last.quarter())
		g.peak(2, t, bin, last.sum)
	}
}

// slide holds the bins with calls of the hour up to and with the last one.
type slide struct {
	at         [16]int32 // bins, in a ring
	n          [16]int64
	first, end uint32 // the bins held are first to end-1, modulo 16: at most 12
	sum        int64
}

// add moves on to a later bin.
func (s *slide) add(bin int32, n int64) {
	for ; s.first != s.end && s.at[s.first%16] <= bin-12; s.first++ {
		s.sum -= s.n[s.first%16]
	}
	s.at[s.end%16], s.n[s.end%16] = bin, n
	s.end++
	s.sum += n
}

// quarter is the sum of the last bin and the two before it.
func (s *slide) quarter() int64 {
	last := s.end - 1
	n := s.n[last%16]
	for i := last; i != s.first && i != last-2; {
		i--
		if s.at[i%16] >= s.at[last%16]-2 {
			n += s.n[i%16]
		}
	}
	return n
}

func (g *Grid) peak(w, t int, bin int32, n int64) {
	if n <= g.Peak[w][t] {
		return
	}
	g.Peak[w][t] = n
	if t >= g.Fit {
		g.peakEnd[w][t-g.Fit] = int16(int(bin) + 1 - g.Fit*12)
	}
}

// PeakEnd returns the exclusive end of the peak of hour h of the scored day, in minutes since its start. w is 0 for 5,
// 1 for 15 and 2 for 60 minutes.
func (g *Grid) PeakEnd(w, h int) int32 { return int32(g.peakEnd[w][h]) * 5 }

// CallsBefore returns the calls of the 5 (w = 0) or 15 (w = 1) minutes before end, a multiple of 5 minutes since the
// start of the scored day.
func (g *Grid) CallsBefore(w int, end int32) int64 {
	last := int(end)/5 + 1 // index in bins of the last bin of the window
	if last < 2 || last >= len(g.bins) {
		return 0
	}
	n := g.bins[last]
	if w == 1 {
		n += g.bins[last-1] + g.bins[last-2]
	}
	return n
}
