package pipeline

import (
	"context"
	"fmt"
	"time"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// maxLoose is how many events files below half the target size a run leaves of a day that grows. With the large ones, some thirty of a day of
// 8 GB, that stays below 50. Variables for tests.
var (
	maxLoose         = 16
	foldTarget int64 = TargetBytes
)

// fold brings events files of a day together within the run that adds to it, so that a day that is still growing has few files in every commit,
// and not only after compact. Days before yesterday, which a first run or a catch-up brings in whole, are left to compact. It is done when more than
// maxLoose small files are there and halves them at least, so tier's rule rewrites a row a few times at most in all. It returns those of
// the replaced files that no commit ever named.
//
// The names follow from the run alone: all that is merged was fixed by its plan and the commit before.
func (m *merger) fold(ctx context.Context, man *lake.Manifest) (dropped []string, err error) {
	files := man.Files[lake.Events]
	take := overgrown(files, man.Day, m.plan.AsOf)
	if take == nil {
		return nil, nil
	}
	j := &joiner{lake: m.lake, target: foldTarget, progress: noProgress{}}
	made, err := j.join(ctx, man.Day, m.commit.Number, take, func(i int) string { return fmt.Sprintf("fold-%04d", i) })
	if err != nil {
		return nil, fmt.Errorf("bringing the events files of %s together: %w", man.Day, err)
	}
	man.Files[lake.Events] = append(without(files, take), made...)
	for _, f := range take {
		if lake.RunOf(f.Key) == m.commit.Number {
			dropped = append(dropped, f.Key)
		}
	}
	return dropped, nil
}

// overgrown returns the events files of a day that a run as of then brings together.
func overgrown(files []lake.File, day trail.Day, asOf time.Time) []lake.File {
	loose := 0
	for _, f := range files {
		if f.Bytes < (foldTarget+1)/2 {
			loose++
		}
	}
	if loose <= maxLoose || day < trail.DayOf(asOf.Add(-24*time.Hour)) {
		return nil
	}
	return tier(files, foldTarget)
}
