package pipeline

import (
	"context"
	"slices"
	"strings"
	"time"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// maxNewAPIs bounds the names that an insight tells.
const maxNewAPIs = 100

// nameNew fills in which APIs the principals of Novelty insights used for the first time, from the counts that were decided on.
func (t *tileCache) nameNew(ctx context.Context, list []*insight.Insight, data bool) error {
	for _, i := range list {
		if i.Kind != insight.Novelty || i.State == insight.Retracted || i.NewAPIs != nil && i.State == insight.Closed {
			continue
		}
		last := trail.DayOf(i.Whole.End.Add(-time.Minute))
		tiles, err := t.principals(ctx, last-HistoryDays, last)
		if err != nil {
			return err
		}
		if err := nameNew(i, tiles, data); err != nil {
			return err
		}
	}
	return nil
}

func nameNew(i *insight.Insight, tiles counts.Reader, data bool) error {
	type use struct {
		at   time.Time
		name string
	}
	first := map[string]time.Time{}
	for {
		t, err := tiles.Next()
		if err != nil {
			return err
		}
		if t == nil {
			break
		}
		if t.Account != i.Account || t.Principal != i.Principal || t.Data && !data || len(t.Minutes) == 0 {
			continue
		}
		at := t.Day.Start().Add(time.Duration(t.Minutes[0]) * time.Minute)
		api := t.Source + " " + t.Name
		if was, ok := first[api]; !ok || at.Before(was) {
			first[api] = at
		}
	}
	var uses []use
	for name, at := range first {
		if !at.Before(i.Whole.Start) && at.Before(i.Whole.End) {
			uses = append(uses, use{at, name})
		}
	}
	slices.SortFunc(uses, func(a, b use) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	i.NewAPIs = []string{}
	for _, u := range uses[:min(len(uses), maxNewAPIs)] {
		i.NewAPIs = append(i.NewAPIs, u.name)
	}
	return nil
}
