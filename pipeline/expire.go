package pipeline

import (
	"context"
	"fmt"
	"slices"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// ExpireOptions say what Expire does.
type ExpireOptions struct {
	UpkeepOptions
	KeepDays    int // whole days before that of the last run's as-of that stay; 0: no day is given up
	KeepReports int // days before that one whose reports stay; 0: no report is given up
}

// Expired is what Expire gave up, or with DryRun would give up.
type Expired struct {
	Commit int       `json:"commit"` // the current one afterwards
	Before trail.Day `json:"before"` // the first day that stays; 1970-01-01 where no day was to be given up
	Days   int       `json:"days"`   // given up
	Files  int       `json:"files"`  // of the tables, that readers no longer see; gc deletes them
	Bytes  int64     `json:"bytes"`
	DryRun bool      `json:"dryRun"`

	ReportsBefore trail.Day `json:"reportsBefore,omitzero"` // the first day whose report stays; absent while all do
}

// Expire ends the retention of old days: a commit without them, then their symlink files go, which the commit itself names, so that whoever comes
// after a crash finishes it. Their files stay for gc. The reports of days have a retention of their own, which
// the commit notes and gc carries out. Insight events, reports of runs and rejected records are not touched. A day that is expired is not read again from the
// trail, not with --from either.
//
// It is refused with ErrUsage where a day would go that a coming decision may read.
func Expire(ctx context.Context, o ExpireOptions) (*Expired, error) {
	if o.KeepDays < 0 || o.KeepReports < 0 || o.KeepDays+o.KeepReports == 0 {
		return nil, fmt.Errorf("%w: keeping %d days, and the reports of %d: want 1 or more of one of them", ErrUsage, o.KeepDays, o.KeepReports)
	}
	c, release, err := o.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	out := &Expired{Commit: c.Number, DryRun: o.DryRun}
	if c.Number == 0 {
		return out, nil
	}
	if err := settledLake(ctx, o.Lake, c); err != nil {
		return nil, err
	}
	last, grown := trail.DayOf(c.AsOf), next(c, c.AsOf)
	if o.KeepDays > 0 {
		out.Before = last - trail.Day(o.KeepDays)
		if needed := neededFrom(c); out.Before > needed {
			return nil, fmt.Errorf("%w: keeping %d days would give up days that the next decisions read: they go back to %s, so keep %d or more",
				ErrUsage, o.KeepDays, needed, last-needed)
		}
		if err := o.days(ctx, c, grown, out); err != nil {
			return nil, err
		}
	}
	if o.KeepReports > 0 {
		grown.Reports = max(c.Reports, last-trail.Day(o.KeepReports))
	}
	out.ReportsBefore = grown.Reports
	if out.Days == 0 && grown.Reports == c.Reports || o.DryRun {
		return out, nil
	}
	if out.Days > 0 {
		forget(grown, out.Before)
	}
	if err := grown.Save(ctx, o.Lake); err != nil {
		return nil, held(err)
	}
	out.Commit = grown.Number
	return out, (&Options{Lake: o.Lake}).tidy(ctx, grown)
}

// days counts what is given up of days, and names the symlink files that go with them.
func (o *ExpireOptions) days(ctx context.Context, c, grown *lake.Commit, out *Expired) error {
	for _, r := range c.Days {
		if r.Day >= out.Before {
			break
		}
		m, err := lake.LoadManifest(ctx, o.Lake, c, r.Day)
		if err != nil {
			return err
		}
		out.Days++
		for _, t := range lake.Tables {
			for _, f := range m.Files[t] {
				out.Files++
				out.Bytes += f.Bytes
			}
			grown.Drop = append(grown.Drop, lake.SymlinkKey(t, r.Day))
		}
	}
	return nil
}

// forget takes all out of a commit that is of days before first.
func forget(c *lake.Commit, first trail.Day) {
	c.Expired = max(c.Expired, first)
	c.Days = slices.DeleteFunc(c.Days, func(r lake.DayRef) bool { return r.Day < first })
	c.Exposure = slices.DeleteFunc(c.Exposure, func(e lake.Exposed) bool { return e.Day < first })
	// Deliveries of these days are not listed again, so nobody asks what was read of them. "undated" sorts after all days.
	c.Objects = slices.DeleteFunc(c.Objects, func(l lake.Listed) bool { return l.Day < first.String() })
}

// neededFrom returns the first day that a coming decision may read: what deciding starts from is as old as the oldest state kept, late data may
// take it back there, and its baselines reach 42 days further.
func neededFrom(c *lake.Commit) trail.Day {
	from := trail.DayOf(c.Decided)
	if len(c.States) > 0 {
		from = min(from, c.States[0].Day)
	} else { // nothing decided yet: it begins with days that teach the empirical null
		from = min(from, trail.DayOf(c.ScoreFrom)-WarmDays)
	}
	return from - HistoryDays
}
