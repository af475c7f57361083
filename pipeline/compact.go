package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// TargetBytes is the size compaction aims at: what Athena and Spark read well, and few enough files.
const TargetBytes = 256 << 20

// commitBytes is how many bytes of files compaction replaces before it commits: what a run that is killed has to do again. A variable
// for tests.
var commitBytes int64 = 1 << 30

// CompactOptions say what Compact does.
type CompactOptions struct {
	UpkeepOptions
	Target int64      // size of a file, in bytes; 0: TargetBytes
	Before *trail.Day // days before this one; nil: the days that are over
	Temp   string     // local folder for working files, of the size of one day's events twice; "": the system's
}

// Compaction is what Compact came to.
type Compaction struct {
	Commit      int   `json:"commit"` // the current one afterwards
	Days        int   `json:"days"`   // rewritten
	FilesBefore int   `json:"filesBefore"`
	FilesAfter  int   `json:"filesAfter"` // of a dry run: at most
	BytesBefore int64 `json:"bytesBefore"`
	BytesAfter  int64 `json:"bytesAfter"` // of a dry run: as before
	Rows        int64 `json:"rows"`       // of the files rewritten
	DryRun      bool  `json:"dryRun"`
}

// Compact rewrites the small files of days into large ones, sorted as the tables are, in commits of its own. A reader sees a day as it was or
// as it becomes: one symlink file is replaced a day and table. Files that are replaced stay for gc. Killed anywhere, it can be run again; run
// again it finds nothing to do.
//
// Which events files are brought together tier says; counts come into one file. The rows stay the same multiset, which is checked before a commit
// names them. A file that is truncated or foreign ends it with lake.ErrForeign before anything is written; one that is damaged inside, before
// anything of its day is. The error is ErrUnfinished where a run was interrupted, ErrHeld where one is under way.
func Compact(ctx context.Context, o CompactOptions) (*Compaction, error) {
	if o.Target == 0 {
		o.Target = TargetBytes
	}
	if o.Target < 1 {
		return nil, fmt.Errorf("%w: a target size of %d bytes", ErrUsage, o.Target)
	}
	c, release, err := o.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if err := settledLake(ctx, o.Lake, c); err != nil {
		return nil, err
	}
	k := &compactor{CompactOptions: o, out: Compaction{Commit: c.Number, DryRun: o.DryRun}}
	k.joiner = joiner{o.Lake, o.Temp, o.Target, o.Progress}
	work, err := k.choose(ctx, c)
	if err != nil || len(work) == 0 {
		return &k.out, err
	}
	if o.DryRun {
		for _, d := range work {
			k.foresee(d)
		}
		return &k.out, nil
	}
	return &k.out, k.rewrite(ctx, c, work)
}

// compactor is one compaction under way.
type compactor struct {
	CompactOptions
	joiner
	out Compaction
}

// crowded is a day with files to bring together.
type crowded struct {
	manifest *lake.Manifest
	events   []lake.File // small ones; none: nothing to do for events
	counts   []lake.File // all of them, or none
}

func (d *crowded) bytes() (n int64) {
	for _, f := range slices.Concat(d.events, d.counts) {
		n += f.Bytes
	}
	return n
}

// choose finds the days with something to do, and makes sure that all of their files are ours.
func (k *compactor) choose(ctx context.Context, c *lake.Commit) (work []*crowded, err error) {
	before := trail.DayOf(c.AsOf.Add(-Watermark))
	if k.Before != nil {
		before = *k.Before
	}
	k.Progress.Stage("choose", 0, 0)
	for _, r := range c.Days {
		if r.Day >= before {
			break
		}
		m, err := lake.LoadManifest(ctx, k.Lake, c, r.Day)
		if err != nil {
			return nil, err
		}
		d := &crowded{manifest: m}
		d.events = tier(m.Files[lake.Events], k.Target)
		if all := m.Files[lake.Counts]; len(all) > 1 {
			d.counts = all
		}
		if d.events == nil && d.counts == nil {
			continue
		}
		work = append(work, d)
	}
	return work, k.check(ctx, work)
}

// tier returns the events files to bring together, in the order given; none: it is well as it is. Files of half the target size and more are never
// written again. Of the smaller ones it takes, by size, the most of which the largest is no more than twice the others together. So whatever is
// written again comes to lie in a file half as large again, which can happen to a row some twenty times from 50 kB to half the target and seldom does;
// and those that are left grow at least threefold from one to the next: eight of them at most in the same range.
func tier(files []lake.File, target int64) []lake.File {
	small := slices.DeleteFunc(slices.Clone(files), func(f lake.File) bool { return f.Bytes >= (target+1)/2 })
	slices.SortStableFunc(small, func(a, b lake.File) int { return cmp.Compare(a.Bytes, b.Bytes) })
	take, sum := 0, int64(0)
	for i, f := range small {
		if i > 0 && f.Bytes <= 2*sum {
			take = i + 1
		}
		sum += f.Bytes
	}
	if take == 0 {
		return nil
	}
	chosen := map[lake.File]bool{}
	for _, f := range small[:take] {
		chosen[f] = true
	}
	return slices.DeleteFunc(slices.Clone(files), func(f lake.File) bool { return !chosen[f] })
}

// check reads all footers, so that what is not ours is found before anything is written.
func (k *compactor) check(ctx context.Context, work []*crowded) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(listWorkers)
	for _, d := range work {
		for _, f := range d.events {
			g.Go(func() error { return lake.CheckFile(ctx, k.Lake, lake.Events, f) })
		}
		for _, f := range d.counts {
			g.Go(func() error { return lake.CheckFile(ctx, k.Lake, lake.Counts, f) })
		}
	}
	return g.Wait()
}

// foresee counts what rewriting a day would come to at most.
func (k *compactor) foresee(d *crowded) {
	k.out.Days++
	k.out.FilesBefore += len(d.events) + len(d.counts)
	var events int64
	for _, f := range d.events {
		k.out.Rows += f.Rows
		events += f.Bytes
	}
	for _, f := range d.counts {
		k.out.Rows += f.Rows
	}
	k.out.BytesBefore += d.bytes()
	k.out.BytesAfter += d.bytes()
	if d.events != nil {
		k.out.FilesAfter += int(events/k.Target) + 1
	}
	if d.counts != nil {
		k.out.FilesAfter++
	}
}

// rewrite goes through the days, and commits as it goes.
func (k *compactor) rewrite(ctx context.Context, c *lake.Commit, work []*crowded) error {
	var total int64
	for _, d := range work {
		total += d.bytes()
	}
	k.Progress.Stage("compact", 0, total)
	grown, pending := next(c, c.AsOf), int64(0)
	for i, d := range work {
		if err := k.day(ctx, grown, d); err != nil {
			return fmt.Errorf("compacting %s: %w", d.manifest.Day, err)
		}
		if pending += d.bytes(); pending < commitBytes && i < len(work)-1 {
			continue
		}
		if err := grown.Save(ctx, k.Lake); err != nil {
			return held(err)
		}
		k.out.Commit = grown.Number
		if err := (&Options{Lake: k.Lake}).tidy(ctx, grown); err != nil {
			return err
		}
		grown, pending = next(grown, c.AsOf), 0
	}
	return nil
}
