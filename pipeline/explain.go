package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// ErrNoInsight says that no insight of a lake has the ID asked for. It comes with ErrUsage.
var ErrNoInsight = errors.New("there is no such insight")

// FindInsight returns the insight with an ID as of the lake's newest commit; retracted ones are found too.
func FindInsight(ctx context.Context, s store.Store, id string) (*insight.Insight, error) {
	list, err := findInsights(ctx, s, func(i *insight.Insight) bool { return i.ID == id })
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: finding insight %q in %s: %w", ErrUsage, id, s.URL(""), ErrNoInsight)
	}
	return &list[0], nil
}

// findInsights returns the insights of the newest commit that are wanted, by day.
func findInsights(ctx context.Context, s store.Store, wanted func(*insight.Insight) bool) ([]insight.Insight, error) {
	c, err := lake.Current(ctx, s)
	if err != nil {
		return nil, err
	}
	found := make([][]insight.Insight, len(c.Days))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for k, d := range c.Days {
		g.Go(func() error {
			list, err := insightsOn(ctx, s, c, d.Day)
			for n := range list {
				if wanted(&list[n]) {
					found[k] = append(found[k], list[n])
				}
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// SaidOf returns what was said last of an insight, or of one it is below, and holds; nil when nothing was.
func SaidOf(ctx context.Context, s store.Store, id string) (*insight.Seen, error) {
	marks, err := readMarks(ctx, s)
	if err != nil {
		return nil, err
	}
	var last time.Time
	for _, m := range marks {
		if m.At.After(last) {
			last = m.At
		}
	}
	return insight.NewMarks(marks).About(id, last.Add(time.Second)), nil
}

// insightsOn reads the insights that a commit has of a day, in full.
func insightsOn(ctx context.Context, s store.Store, c *lake.Commit, day trail.Day) (list []insight.Insight, err error) {
	m, err := lake.LoadManifest(ctx, s, c, day)
	if err != nil || m.Found == "" {
		return nil, err
	}
	err = lake.ReadJSON(ctx, s, m.Found, &list)
	return list, err
}
