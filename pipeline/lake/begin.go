package lake

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"trailgauge/pipeline/store"
)

// ErrNone says that a place holds no lake: what was meant lies elsewhere, or nobody has begun it.
var ErrNone = errors.New("there is no lake")

// LeaseKey is where who is running says so.
const LeaseKey = "state/lease"

// Begin marks a place as a lake before there is anything in it, so that a run that found nothing to read leaves one too. The mark is the hint of
// which commit is current; one that says 0 points at none.
func Begin(ctx context.Context, s store.Store) error { return (&Commit{}).Hint(ctx, s) }

// Check returns ErrNone where a place holds no lake. One it is that has anything below state/ but a lease, which also those leave for a while who look at a
// place that is none.
func Check(ctx context.Context, s store.Store) error {
	_, _, err := s.Get(ctx, latestKey, 64)
	if !errors.Is(err, store.ErrNotExist) && !errors.Is(err, store.ErrTooLarge) {
		return err
	}
	found := false
	err = store.ListUntil(ctx, s, "state/", "", func(i store.Info) error {
		if i.Key == LeaseKey {
			return nil
		}
		found = true
		return store.ErrEnough
	})
	if err == nil && !found {
		return fmt.Errorf("%w in %s%s", ErrNone, strings.TrimSuffix(s.URL(""), "/"), below(ctx, s))
	}
	return err
}

// below names a lake one folder further down, since the prefix of a bucket is easily left out; "" where there is none among the first few.
func below(ctx context.Context, s store.Store) string {
	folders, err := s.Folders(ctx, "")
	if err != nil {
		return "" // the place was readable a moment ago, and this is a courtesy
	}
	for _, f := range folders[:min(len(folders), 20)] {
		if _, err := s.Stat(ctx, f+latestKey); err == nil {
			return "; there is one in " + strings.TrimSuffix(s.URL(f+latestKey), "/"+latestKey)
		}
	}
	return ""
}
