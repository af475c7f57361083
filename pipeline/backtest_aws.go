package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// insightFolder is where CloudTrail delivers its own insights, beside the log files.
const insightFolder = "CloudTrail-Insight"

// aws compares a replay with CloudTrail's own insights of the window.
func (o *BacktestOptions) aws(ctx context.Context, r *replayed) (*report.AWS, error) {
	out := &report.AWS{OnlyOurs: []report.Brief{}, OnlyAWS: []report.AWSInsight{}}
	keys, err := o.insightObjects(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing CloudTrail's own insights: %w", err)
	}
	lists := make([][]awsEvent, len(keys))
	unreadable := make([]bool, len(keys))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(listWorkers)
	for k, key := range keys {
		g.Go(func() (err error) {
			if lists[k], err = readInsightEvents(gctx, o.Trail, key); errors.Is(err, errUnreadable) {
				unreadable[k], err = true, nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	events := slices.Concat(lists...)
	out.Objects = len(keys)
	for _, bad := range unreadable {
		if bad {
			out.Unreadable++
		}
	}
	theirs := insightsOf(events, o.To)
	for _, a := range theirs {
		if !a.From.Before(o.To) || !a.To.After(o.From) {
			continue
		}
		out.Insights++
		if slices.ContainsFunc(r.made.now, func(i insight.Insight) bool { return sameAsAWS(&i, &a) }) {
			out.Both++
		} else {
			out.OnlyAWS = append(out.OnlyAWS, a)
		}
	}
	var ours []insight.Insight
	for _, i := range o.opened(r.made.now) {
		if i.Kind.IsAWS() && !i.IsTotal() && !slices.ContainsFunc(theirs, func(a report.AWSInsight) bool { return sameAsAWS(&i, &a) }) {
			ours = append(ours, i)
		}
	}
	out.OnlyOurs = report.Briefs(ours)
	return out, nil
}

func sameAsAWS(i *insight.Insight, a *report.AWSInsight) bool {
	return i.Account == a.Account && i.Region == a.Region && i.Source == a.Source && i.Name == a.Name && i.Kind.String() == a.Type &&
		i.Whole.Start.Before(a.To) && a.From.Before(i.Whole.End)
}

// insightObjects lists the objects of CloudTrail's own insights below AWSLogs that may tell of the window: an End comes up to weeks after its Start.
func (o *BacktestOptions) insightObjects(ctx context.Context) ([]string, error) {
	l := &lister{store: o.Trail, base: strings.Trim(o.TrailPath, "/"), first: trail.DayOf(o.From), asOf: o.To, out: listing{foreign: map[string]int64{}, alive: hours{}}}
	roots, err := l.flat(ctx)
	if err != nil {
		return nil, err
	}
	var keys []string
	for len(roots) > 0 {
		accounts, err := l.accounts(ctx, roots[0])
		if err != nil {
			return nil, err
		}
		roots = roots[1:]
		for _, account := range accounts {
			if path.Base(account) == "AWSLogs" { // the account was the prefix of a trail
				roots = append(roots, account)
				continue
			}
			regions, err := l.folders(ctx, account+insightFolder+"/")
			if err != nil {
				return nil, err
			}
			for _, region := range regions {
				from, end := region+(trail.DayOf(o.From)-1).Path(), region+(trail.DayOf(o.To)+lookback).Path()+store.Last
				err := store.ListUntil(ctx, o.Trail, region, from, func(i store.Info) error {
					if i.Key > end {
						return store.ErrEnough
					}
					if trail.ParseKey(i.Key).Folder == insightFolder && strings.Contains(path.Base(i.Key), ".json") && !i.Archived {
						keys = append(keys, i.Key)
					}
					return nil
				})
				if err != nil {
					return nil, err
				}
			}
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// awsEvent is a Start or End record of CloudTrail Insights, as far as it is compared.
type awsEvent struct {
	EventTime time.Time `json:"eventTime"`
	Region    string    `json:"awsRegion"`
	Account   string    `json:"recipientAccountId"`
	ID        string    `json:"sharedEventID"`
	Details   struct {
		State     string `json:"state"`
		Source    string `json:"eventSource"`
		Name      string `json:"eventName"`
		Type      string `json:"insightType"`
		ErrorCode string `json:"errorCode"`
		Context   struct {
			Statistics struct {
				Minutes int64 `json:"insightDuration"`
			} `json:"statistics"`
		} `json:"insightContext"`
	} `json:"insightDetails"`
}

var errUnreadable = errors.New("no insight events")

// readInsightEvents reads one object. What it holds besides insight events is passed over.
func readInsightEvents(ctx context.Context, s store.Store, key string) ([]awsEvent, error) {
	body, _, err := s.Get(ctx, key, decode.MaxObject)
	if errors.Is(err, store.ErrTooLarge) || errors.Is(err, store.ErrBadKey) {
		return nil, errUnreadable
	}
	if err != nil {
		return nil, err
	}
	text, err := decode.Inflate(nil, body, decode.MaxObject)
	if err != nil {
		return nil, errUnreadable
	}
	var object struct{ Records []json.RawMessage }
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, errUnreadable
	}
	var events []awsEvent
	for _, record := range object.Records {
		var e awsEvent
		if json.Unmarshal(record, &e) == nil && e.ID != "" && e.Details.Type != "" && !e.EventTime.IsZero() {
			events = append(events, e)
		}
	}
	return events, nil
}

// insightsOf pairs Starts with Ends, whatever their order and however often they were delivered. One without an End goes on until upto; one without
// a Start began as long before its End as that says.
func insightsOf(events []awsEvent, upto time.Time) []report.AWSInsight {
	type id struct{ account, region, shared string }
	found := map[id]*report.AWSInsight{}
	for _, e := range events {
		k := id{e.Account, e.Region, e.ID}
		a := found[k]
		if a == nil {
			d := &e.Details
			a = &report.AWSInsight{ID: e.ID, Type: d.Type, Account: e.Account, Region: e.Region, Source: d.Source, Name: d.Name, ErrorCode: d.ErrorCode}
			found[k] = a
		}
		at := e.EventTime.UTC()
		if e.Details.State != "End" {
			a.From = at
			continue
		}
		a.To = at
		if minutes := e.Details.Context.Statistics.Minutes; a.From.IsZero() && minutes > 0 && minutes < 366*trail.MinutesPerDay {
			a.From = at.Add(-time.Duration(minutes) * time.Minute)
		}
	}
	var out []report.AWSInsight
	for _, a := range found {
		switch {
		case a.To.IsZero():
			a.To = upto
			if upto.Before(a.From) {
				a.To = a.From
			}
		case a.From.IsZero():
			a.From = a.To.Add(-time.Minute)
		}
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b report.AWSInsight) int {
		return cmp.Or(a.From.Compare(b.From), strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region), strings.Compare(a.ID, b.ID))
	})
	return out
}
