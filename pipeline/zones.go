package pipeline

import (
	"fmt"
	"time"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// location finds a time zone by its IANA name; "" is UTC. "Local" would be another one on another machine.
func location(name string) (*time.Location, error) {
	l, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fmt.Errorf("%q is no time zone; want a name as Europe/Berlin", name)
	}
	return l, nil
}

// zones resolves the time zones of the accounts over all that a run on c can decide at asOf, and what that is compared with. It is part of the plan:
// time zone data differ from machine to machine, and whoever finishes the run must come to the same hours of the week.
func (c *Config) zones(before *lake.Commit, scoreFrom, asOf time.Time) (map[string]counts.Zone, error) {
	first := trail.DayOf(scoreFrom)
	if !before.Decided.IsZero() {
		first = min(first, trail.DayOf(before.Decided)-RedecideDays)
	}
	from, to := (first - WarmDays - FitDays).Start(), asOf.AddDate(0, 0, 1)
	zones := map[string]counts.Zone{}
	add := func(account, name string) error {
		l, err := location(name)
		if err == nil {
			zones[account] = counts.ZoneOf(l, from, to)
		}
		return err
	}
	if c.DefaultTimeZone != "" {
		if err := add("", c.DefaultTimeZone); err != nil {
			return nil, err
		}
	}
	for id, a := range c.Accounts {
		if a.TimeZone == "" {
			continue
		}
		if err := add(id, a.TimeZone); err != nil {
			return nil, err
		}
	}
	return zones, nil
}
