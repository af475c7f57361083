package trail

import (
	"fmt"
	"time"
)

// Day is a UTC calendar day, counted from 1970-01-01 (day 0).
type Day int32

// MinutesPerDay is the number of minutes in a Day; UTC has no shorter or longer days.
const MinutesPerDay = 1440

// DayOf returns the UTC day that holds t.
func DayOf(t time.Time) Day { return DayOfMilli(t.UnixMilli()) }

// DayOfMilli returns the UTC day that holds ms, milliseconds since 1970-01-01T00:00:00Z (negative before it).
func DayOfMilli(ms int64) Day {
	const day = 24 * 60 * 60 * 1000
	d := ms / day
	if ms%day < 0 {
		d--
	}
	return Day(d)
}

// Start returns the first instant of d.
func (d Day) Start() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String returns d as 2026-11-01.
func (d Day) String() string { return d.Start().Format("2006-01-02") }

// Path returns d as 2026/11/01, the way days are spelt in object keys.
func (d Day) Path() string { return d.Start().Format("2006/01/02") }

// MarshalText writes d as 2026-11-01.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 2026-11-01.
func (d *Day) UnmarshalText(b []byte) error {
	v, err := ParseDay(string(b))
	*d = v
	return err
}

// ParseDay reads 2026-11-01 or 2026/11/01.
func ParseDay(s string) (Day, error) {
	for _, layout := range []string{"2006-01-02", "2006/01/02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return DayOf(t), nil
		}
	}
	return 0, fmt.Errorf("reading %q as a day: want 2026-11-01", s)
}
