package baseline

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// The peaks of an hour are the most calls of any 5, 15 and 60 minutes, aligned to 5, that end in it after a bin with calls, those of unobserved hours
// left out; added up here the slow way.
func TestPeaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &counts.History{First: testDay, Days: rapid.IntRange(1, 3).Draw(t, "days")}
		e := always(h.Days)
		for d := range e.Hours {
			e.Hours[d] &^= rapid.SampledFrom([]uint32{0, 0, 1, 1 << 23, 0xFF00}).Draw(t, "unseen")
		}
		bins := make([]int64, h.Days*24*12)
		for m := int32(0); ; {
			if m += rapid.Int32Range(1, 90).Draw(t, "gap"); int(m) >= h.Days*1440 {
				break
			}
			n := rapid.Int64Range(1, 50).Draw(t, "n")
			h.Rated = append(h.Rated, counts.Point{Minute: m, N: n})
			if d := m / 1440; e.Hours[d]>>(m/60%24)&1 == 1 {
				bins[m/5] += n
			}
		}
		var g Grid
		g.Begin(h, e, 24)
		g.Load(h.Rated)
		for w, length := range []int{1, 3, 12} {
			for hour := range h.Days * 24 {
				var most int64
				for b := hour * 12; b < hour*12+12; b++ {
					var sum int64
					for _, n := range bins[max(0, b+1-length) : b+1] {
						sum += n
					}
					if bins[b] > 0 {
						most = max(most, sum)
					}
				}
				if g.Peak[w][hour] != most {
					t.Fatalf("%d minutes that end in hour %d: %d, want %d", length*5, hour, g.Peak[w][hour], most)
				}
			}
		}
	})
}

// The busiest 60 minutes of the past need not keep to the clock, and hold nothing of a masked hour.
func TestBusiest(t *testing.T) {
	h := &counts.History{First: testDay, Days: 3, Rated: counts.Track{{Minute: 9*60 + 40, N: 20}, {Minute: 10*60 + 20, N: 15}, {Minute: 10*60 + 50, N: 2}}}
	if got := fitted(h, always(3), nil).Busiest; got != 35 {
		t.Errorf("busiest %d, want 35 from 9:40 to 10:25", got)
	}
	if got := fitted(h, always(3), []int32{int32(testDay)*24 + 9}).Busiest; got != 17 {
		t.Errorf("busiest %d with a masked hour 9, want 17", got)
	}
}

// The hour of the week is what the clocks on the wall show, through shifts and leap years and before 1970.
func TestSlot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Antarctica/Troll"}).Draw(t, "zone")
		l, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		h := &counts.History{First: trail.Day(rapid.IntRange(-1000, 25_000).Draw(t, "first")), Days: rapid.IntRange(1, 40).Draw(t, "days")}
		from := h.First.Start().AddDate(0, 0, rapid.IntRange(-90, 0).Draw(t, "known before"))
		h.Zone = counts.ZoneOf(l, from, h.First.Start().AddDate(0, 0, h.Days))
		var g Grid
		g.Begin(h, always(h.Days), 24)
		for hour := range g.Hours {
			at := g.First.Start().Add(time.Duration(hour) * time.Hour).In(l)
			if _, seconds := at.Zone(); seconds%3600 != 0 {
				continue // a hundred years ago
			}
			if got, want := g.Slot(hour), (int(at.Weekday())+6)%7*24+at.Hour(); got != want {
				t.Fatalf("%s is hour %d of the week, want %d", at, got, want)
			}
		}
	})
}
