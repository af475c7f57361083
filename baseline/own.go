package baseline

import "math"

const (
	cells    = 48 // day type (weekday, weekend) × hour of day
	buckets  = 80 // of burst sizes, a quarter octave each: up to 2^20 calls
	weekends = 5 * 24
)

// cellOf returns the (day type × hour of day) cell of an hour of the week.
func cellOf(slot int) int {
	c := slot % 24
	if slot >= weekends {
		c += 24
	}
	return c
}

// own is what the fit window says about one track before any pooling.
type own struct {
	n           int64          // calls in the hours used
	hours       int            // hours used: observed, since birth, not masked
	active      []int32        // of them, the ones with calls
	days        int            // days with at least half of their hours used
	activeDays  int            // days with calls
	fano        float64        // variance over mean of the daily totals, 1 to 100: calls behind one piece of evidence
	sum         [Slots]float64 // calls by hour of week
	exposed     [Slots]float64 // hours used by hour of week
	activeHours [Slots]float64
	size        [3]logSize     // of active hours, and of their busiest 5 and 15 minutes
	peak        [2]float64     // sum of the peaks
	most        [3]int64       // the largest active hour, and the largest peaks
	busiest     int64          // the most calls in any 60 minutes, aligned to 5, but for those that end in the last hour
	excess      float64        // sum of ln(calls / median) of the active hours at or above the median
	above       int            // how many those are
	octaves     [buckets]int32 // active hours by size

	used [MaxHours]bool
}

// logSize sums the logarithms of counts.
type logSize struct{ s1, s2 float64 }

// read computes o from the fit window of g. masked are hours since 1970 to leave out.
func (o *own) read(g *Grid, masked []int32) {
	*o = own{active: o.active[:0]}
	for t := g.Birth; t < g.Fit; t++ {
		o.used[t] = g.Seen[t]
	}
	for _, m := range masked {
		if t := int(m) - int(g.Epoch(0)); t >= 0 && t < g.Fit {
			o.used[t] = false
		}
	}
	for t := g.Birth; t < g.Fit; t++ {
		if o.used[t] {
			o.exposed[g.Slot(t)]++
			o.hours++
		}
	}
	for _, t := range g.Active {
		if int(t) >= g.Fit {
			break
		}
		if o.used[t] {
			o.add(g, int(t))
		}
	}
	o.spread(g)
	o.upper(g)
}

// upper sums how far the larger half of the active hours lies above the median (to a quarter octave).
func (o *own) upper(g *Grid) {
	half, median := len(o.active)/2, 0
	for n := 0; median < buckets-1; median++ {
		if n += int(o.octaves[median]); n > half {
			break
		}
	}
	for _, t := range o.active {
		if x := logOf(g.N[t]) - float64(median)*math.Ln2/4; x >= 0 {
			o.excess += x
			o.above++
		}
	}
}

func (o *own) add(g *Grid, t int) {
	o.active = append(o.active, int32(t))
	y, slot := g.N[t], g.Slot(t)
	o.n += y
	o.most[0] = max(o.most[0], y)
	switch {
	case t == g.Fit-1: // belongs to 60 minutes that end on the scored day, which must not be compared with themselves
	case t > 0 && g.N[t-1] > 0 && !o.used[t-1]: // 60 minutes that begin in a masked hour do not count
		o.busiest = max(o.busiest, y)
	default:
		o.busiest = max(o.busiest, g.Peak[2][t])
	}
	o.octaves[bucketOf(y)]++
	o.sum[slot] += float64(y)
	o.activeHours[slot]++
	o.size[0].add(y)
	for w := range o.peak {
		o.peak[w] += float64(g.Peak[w][t])
		o.size[w+1].add(g.Peak[w][t])
		o.most[w+1] = max(o.most[w+1], g.Peak[w][t])
	}
}

// spread computes the Fano factor of daily totals. Calls come in sessions, and one session is one piece of evidence:
// n/fano calls are worth as much as that many independent ones. A day half unobserved is left out; with fewer than
// three days the mean size of an active hour stands in.
func (o *own) spread(g *Grid) {
	var total, squares float64
	i := 0
	for day := range g.Fit / 24 {
		hours, sum, any := 0, int64(0), false
		for t := day * 24; t < day*24+24; t++ {
			if o.used[t] {
				hours++
			}
		}
		for ; i < len(o.active) && int(o.active[i]) < day*24+24; i++ {
			sum += g.N[o.active[i]]
			any = true
		}
		if any {
			o.activeDays++
		}
		if hours < 12 {
			continue
		}
		o.days++
		x := float64(sum) * 24 / float64(hours)
		total += x
		squares += x * x
	}
	o.fano = 1
	switch d := float64(o.days); {
	case total == 0:
	case o.days < 3:
		o.fano = float64(o.n) / float64(max(1, len(o.active)))
	default:
		mean := total / d
		o.fano = (squares - total*mean) / (d - 1) / mean
	}
	o.fano = clip(o.fano, 1, 100)
}

// rate is the plain estimate of calls per hour, with half a call added and a day of exposure at least.
func (o *own) rate() float64 { return (float64(o.n) + .5) / max(float64(o.hours), 24) }

func (l *logSize) add(y int64) {
	x := logOf(y)
	l.s1 += x
	l.s2 += x * x
}

// logs holds ln of small counts, which is most of them.
var logs = func() (l [1024]float64) {
	for i := 1; i < len(l); i++ {
		l[i] = math.Log(float64(i))
	}
	return l
}()

// logOf returns ln y, and 0 for y < 1.
func logOf(y int64) float64 {
	if y < 1 {
		return 0
	}
	if y < int64(len(logs)) {
		return logs[y]
	}
	return math.Log(float64(y))
}

// bucketOf returns the quarter octave of a count.
func bucketOf(y int64) int {
	return min(int(4/math.Ln2*logOf(y)+1e-9), buckets-1)
}

func clip(x, lo, hi float64) float64 { return min(max(x, lo), hi) }
