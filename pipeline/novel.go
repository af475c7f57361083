package pipeline

import (
	"context"
	"maps"
	"slices"
	"time"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// maxNewAPIs bounds the names that an insight tells.
const maxNewAPIs = 100

// unnamed is a Novelty insight whose new APIs are looked for.
type unnamed struct {
	*insight.Insight
	last trail.Day            // of the counts it was decided on
	used map[string]time.Time // by API, when it was used first
}

// nameNew fills in which APIs the principals of Novelty insights used for the first time, from the counts that were decided on. It takes those of
// the principals alone out of the files, once for all insights.
func (t *tileCache) nameNew(ctx context.Context, list []*insight.Insight) error {
	asked := map[counts.Series][]*unnamed{} // by principal
	days := map[trail.Day]bool{}
	for _, i := range list {
		if i.Kind != insight.Novelty || i.State == insight.Retracted || i.NewAPIs != nil && i.State == insight.Closed {
			continue
		}
		u := &unnamed{i, trail.DayOf(i.Whole.End.Add(-time.Minute)), map[string]time.Time{}}
		who := counts.Series{Account: i.Account, Principal: i.Principal}
		asked[who] = append(asked[who], u)
		for d := u.last - HistoryDays; d <= u.last; d++ {
			days[d] = true
		}
	}
	of := func(s counts.Series) []*unnamed {
		return asked[counts.Series{Account: s.Account, Principal: s.Principal}]
	}
	for d := range days {
		tiles, err := t.some(ctx, d, func(s counts.Series) bool { return of(s) != nil })
		if err != nil {
			return err
		}
		for _, tile := range tiles {
			for _, u := range of(tile.Series) {
				if d >= u.last-HistoryDays && d <= u.last && (u.DataToo || !tile.Data) && len(tile.Minutes) > 0 {
					u.use(tile.Source+" "+tile.Name, d.Start().Add(time.Duration(tile.Minutes[0])*time.Minute))
				}
			}
		}
	}
	for _, list := range asked {
		for _, u := range list {
			u.name()
		}
	}
	return nil
}

// use notes that an API was used.
func (u *unnamed) use(api string, at time.Time) {
	if first, ok := u.used[api]; !ok || at.Before(first) {
		u.used[api] = at
	}
}

// name keeps the APIs that were used first in the insight's time, in order of use.
func (u *unnamed) name() {
	u.NewAPIs = []string{}
	for _, api := range slices.Sorted(maps.Keys(u.used)) {
		if at := u.used[api]; !at.Before(u.Whole.Start) && at.Before(u.Whole.End) {
			u.NewAPIs = append(u.NewAPIs, api)
		}
	}
	slices.SortStableFunc(u.NewAPIs, func(a, b string) int { return u.used[a].Compare(u.used[b]) })
	u.NewAPIs = u.NewAPIs[:min(len(u.NewAPIs), maxNewAPIs)]
}
