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

	maxima [Cells]*[buckets]int64
}

// Add counts one unit's daily maximum of -ln p in a cell. A maximum of 0 (nothing surprising, nothing material) need not be added.
func (t *Tally) Add(c Cell, maximum float64) {
	h := t.maxima[c]
	if h == nil {
		h = new([buckets]int64)
		t.maxima[c] = h
	}
	h[bucketOf(maximum)]++
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
	for c, from := range o.maxima {
		if from == nil {
			continue
		}
		if t.maxima[c] == nil {
			t.maxima[c] = new([buckets]int64)
		}
		for b, n := range from {
			t.maxima[c][b] += times * n
		}
	}
}

// tallyJSON is the stored form: names for numbers, empty buckets left out.
type tallyJSON struct {
	Series map[string]int64            `json:"series_days"`
	Units  map[string]int64            `json:"units"`
	Maxima map[string]map[string]int64 `json:"maxima"` // cell → lower edge in quarter nats → count
}

// MarshalJSON writes the tally; the same counts give the same bytes.
func (t *Tally) MarshalJSON() ([]byte, error) {
	j := tallyJSON{map[string]int64{}, map[string]int64{}, map[string]map[string]int64{}}
	for ch := range channels {
		j.Series[ch.String()] = t.Series[ch]
		j.Units[ch.String()] = t.Units[ch]
	}
	for c, h := range t.maxima {
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
			j.Maxima[Cell(c).String()] = m
		}
	}
	return json.Marshal(j)
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
	for _, name := range slices.Sorted(maps.Keys(j.Maxima)) {
		c := slices.Index(cellNames[:], name)
		if c < 0 {
			return fmt.Errorf("reading a tally: no cell is called %q", name)
		}
		t.maxima[c] = new([buckets]int64)
		for edge, n := range j.Maxima[name] {
			b, err := strconv.Atoi(edge)
			if err != nil || b < 0 || b >= buckets {
				return fmt.Errorf("reading a tally: cell %s: bucket %q", name, edge)
			}
			t.maxima[c][b] = n
		}
	}
	return nil
}
