package models

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

const (
	bucketsPerNat = 4
	buckets       = 240 // 0 to 60 nats: beyond, evidence is all the same
)

// Tally counts how strong the evidence of usual days is: of one day (or of one shard of it), a histogram of each cell's daily
// maxima of -ln p, one a unit (a series' calls, or one of its error codes). Tallies add up; any order and sharding gives the same.
// The zero value is empty and ready.
type Tally struct {
	// Series counts series-days by channel: series observed that day that had called in the fit window.
	Series [channels]int64
	// Units counts the units scored, by channel.
	Units [channels]int64

	maxima, alarmed [Cells]*histogram
}

// histogram counts maxima by quarter nat.
type histogram [buckets]int64

// Add counts one unit's daily maximum of -ln p in a cell. A maximum of 0 (nothing surprising, nothing material) need not be added.
func (t *Tally) Add(c Cell, maximum float64) { count(&t.maxima[c], maximum) }

// AddAlarm counts a daily maximum that raised an alarm: its score in the cell reached the day's threshold. See Nulls for what becomes of it.
func (t *Tally) AddAlarm(c Cell, maximum float64) { count(&t.alarmed[c], maximum) }

func count(at **histogram, maximum float64) {
	if *at == nil {
		*at = new(histogram)
	}
	(*at)[bucketOf(maximum)]++
}

func bucketOf(l float64) int {
	switch {
	case !(l > 0):
		return 0
	case l >= buckets/bucketsPerNat:
		return buckets - 1
	}
	return int(l * bucketsPerNat)
}

// Merge adds o to t. o is unchanged.
func (t *Tally) Merge(o *Tally) { t.merge(o, 1) }

func (t *Tally) merge(o *Tally, times int64) {
	for ch := range t.Series {
		t.Series[ch] += times * o.Series[ch]
		t.Units[ch] += times * o.Units[ch]
	}
	for c := range t.maxima {
		merge(&t.maxima[c], o.maxima[c], times)
		merge(&t.alarmed[c], o.alarmed[c], times)
	}
}

func merge(into **histogram, from *histogram, times int64) {
	if from == nil {
		return
	}
	if *into == nil {
		*into = new(histogram)
	}
	for b, n := range from {
		(*into)[b] += times * n
	}
}

// tallyJSON is the stored form: names for numbers, empty buckets left out.
type tallyJSON struct {
	Series  map[string]int64            `json:"series_days"`
	Units   map[string]int64            `json:"units"`
	Maxima  map[string]map[string]int64 `json:"maxima"` // cell → lower edge in quarter nats → count
	Alarmed map[string]map[string]int64 `json:"alarmed,omitempty"`
}

// MarshalJSON writes the tally; the same counts give the same bytes.
func (t *Tally) MarshalJSON() ([]byte, error) {
	j := tallyJSON{Series: map[string]int64{}, Units: map[string]int64{}, Maxima: named(&t.maxima), Alarmed: named(&t.alarmed)}
	for ch := range channels {
		j.Series[ch.String()] = t.Series[ch]
		j.Units[ch.String()] = t.Units[ch]
	}
	return json.Marshal(j)
}

// named writes histograms as names and counts.
func named(cells *[Cells]*histogram) map[string]map[string]int64 {
	all := map[string]map[string]int64{}
	for c, h := range cells {
		if h == nil {
			continue
		}
		m := map[string]int64{}
		for b, n := range h {
			if n != 0 {
				m[strconv.Itoa(b)] = n
			}
		}
		if len(m) > 0 {
			all[Cell(c).String()] = m
		}
	}
	return all
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Tally) UnmarshalJSON(data []byte) error {
	var j tallyJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return fmt.Errorf("reading a tally: %w", err)
	}
	*t = Tally{}
	for ch := range channels {
		t.Series[ch] = j.Series[ch.String()]
		t.Units[ch] = j.Units[ch.String()]
	}
	if err := unname(j.Maxima, &t.maxima); err != nil {
		return fmt.Errorf("reading a tally: %w", err)
	}
	if err := unname(j.Alarmed, &t.alarmed); err != nil {
		return fmt.Errorf("reading a tally: alarms: %w", err)
	}
	return nil
}

// unname reads what named wrote.
func unname(all map[string]map[string]int64, cells *[Cells]*histogram) error {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c := slices.Index(cellNames[:], name)
		if c < 0 {
			return fmt.Errorf("no cell is called %q", name)
		}
		cells[c] = new(histogram)
		for edge, n := range all[name] {
			b, err := strconv.Atoi(edge)
			if err != nil || b < 0 || b >= buckets {
				return fmt.Errorf("cell %s: bucket %q", name, edge)
			}
			cells[c][b] = n
		}
	}
	return nil
}
