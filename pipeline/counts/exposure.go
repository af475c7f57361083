package counts

import "trailgauge/pipeline/trail"

// Exposure says which hours of a run of consecutive days were observed: the trail was delivering, so that
// an hour without calls is a zero and not a gap.
type Exposure struct {
	First trail.Day
	Hours []uint32 // one a day; bit h is set when hour h (UTC) was observed
}

// Observed tells whether an hour was observed; hour counts from 00:00 UTC of e.First. Hours outside are not.
func (e *Exposure) Observed(hour int) bool {
	return hour >= 0 && hour/24 < len(e.Hours) && e.Hours[hour/24]>>(hour%24)&1 == 1
}

// Mark notes an hour, counted from 00:00 UTC of e.First, as observed. Hours outside are passed over.
func (e *Exposure) Mark(hour int) {
	if hour >= 0 && hour/24 < len(e.Hours) {
		e.Hours[hour/24] |= 1 << (hour % 24)
	}
}

// NewExposure returns days days from first on, with nothing observed.
func NewExposure(first trail.Day, days int) *Exposure {
	return &Exposure{First: first, Hours: make([]uint32, days)}
}

// Count returns how many hours of [from, to) were observed.
func (e *Exposure) Count(from, to int) int {
	n := 0
	for h := max(from, 0); h < to && h/24 < len(e.Hours); h++ {
		if e.Observed(h) {
			n++
		}
	}
	return n
}

// DeliveryLag is for how many hours a quiet hour waits for a sign that the trail was alive: an hour is observed when the
// trail delivered during it or within this many hours after.
const DeliveryLag = 2

// Deliver marks what a delivery (or an event) in the given hour proves: that hour and the DeliveryLag hours before it were
// observed.
func (e *Exposure) Deliver(hour int) {
	for k := 0; k <= DeliveryLag; k++ {
		e.Mark(hour - k)
	}
}
