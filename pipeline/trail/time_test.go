package trail

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseTime(t *testing.T) {
	base := time.Date(2025, 1, 21, 17, 0, 5, 0, time.UTC).UnixMilli()
	for s, want := range map[string]int64{
		"2025-01-21T17:00:05Z":          base,
		"2025-01-21 17:00:05":           base,
		"2025-01-21t17:00:05z":          base,
		"2025-01-21T17:00:05.25Z":       base + 250,
		"2025-01-21 17:00:05.123456789": base + 123,
		"20250121T170005Z":              base,
		"2025-01-21T19:00:05+02:00":     base,
		"2025-01-21T12:30:05-0430":      base,
		"2025-01-21T18:00:05+01":        base,
		"2024-02-29T00:00:00Z":          time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC).UnixMilli(),
		"2016-12-31T23:59:60Z":          time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli(),
		"2200-12-31T23:59:59Z":          time.Date(2200, 12, 31, 23, 59, 59, 0, time.UTC).UnixMilli(),
	} {
		if got, ok := ParseTime(s); !ok || got != want {
			t.Errorf("ParseTime(%q) = %d, %v; want %d", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "now", "2025-01-21", "2025-01-21T17:00Z", "2014-03-06T21: 22: 54Z", "2025-01-21T17:00:05 Z",
		"2025-02-29T00:00:00Z", "2025-00-01T00:00:00Z", "2025-13-01T00:00:00Z", "2025-01-00T00:00:00Z", "2025-01-21T24:00:00Z",
		"2025-01-21T17:60:00Z", "2025-01-21T17:00:61Z", "2005-12-31T23:59:59Z", "2201-01-01T00:00:00Z", "2025-01-21T17:00:05.Z",
		"2025-01-21T17:00:05ZZ", "2025-01-21T17:00:05+2", "2025-01-21T17:00:05+99:00", "2025-0121T17:00:05Z", "1741680000", "-025-01-21T17:00:05Z"} {
		if got, ok := ParseTime(s); ok {
			t.Errorf("ParseTime(%q) = %d, want it unreadable", s, got)
		}
	}
	if n := testing.AllocsPerRun(100, func() { ParseTime("2025-01-21T17:00:05Z") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestParseTimeAgainstTimePackage(t *testing.T) {
	from := time.Date(2006, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	to := time.Date(2201, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() - 1
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(from, to).Draw(t, "ms")
		at := time.UnixMilli(ms).In(time.FixedZone("", rapid.IntRange(-840, 840).Draw(t, "offset")*60))
		s := at.Format(rapid.SampledFrom([]string{"2006-01-02T15:04:05.000Z07:00", "20060102T150405.000-0700", "2006-01-02 15:04:05.000-0700"}).Draw(t, "layout"))
		if got, ok := ParseTime(s); !ok || got != ms {
			t.Fatalf("ParseTime(%q) = %d, %v; want %d", s, got, ok, ms)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	f.Add("2025-01-21T17:00:05Z")
	f.Fuzz(func(t *testing.T, s string) {
		if ms, ok := ParseTime(s); ok {
			if y := time.UnixMilli(ms).UTC().Year(); y < firstYear || y > lastYear {
				t.Errorf("ParseTime(%q) is in %d", s, y)
			}
		}
	})
}
