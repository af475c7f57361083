package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"trailgauge/pipeline"
	"trailgauge/pipeline/eventhistory"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// lookupScheme begins the name of a trail that is the Event History of a region.
const lookupScheme = "lookup-events:"

// lookupPace is a variable for tests, which have no account to spare.
var lookupPace = eventhistory.Pace

// historyFetch brings what is missing of a region's Event History into the lake.
type historyFetch func(ctx context.Context, region string, into store.Store, now time.Time) error

// staged puts the place in the lake where Event History is kept in the place of each region's name, and the first day of it that is asked for.
// What is missing is fetched first.
func (f *jobFlags) staged(ctx context.Context, places []trailPlace, asOf time.Time) (out []trailPlace, first time.Time, err error) {
	if f.HistoryDays < 1 || f.HistoryDays > eventhistory.MaxDays {
		return nil, first, fmt.Errorf("%w: --history-days %d: Event History goes back 1 to %d days", pipeline.ErrUsage, f.HistoryDays, eventhistory.MaxDays)
	}
	for _, p := range places {
		region, isHistory := strings.CutPrefix(p.URL, lookupScheme)
		if !isHistory {
			out = append(out, p)
			continue
		}
		if !trail.IsRegion(region) {
			return nil, first, fmt.Errorf("%w: %s: want the name of a region, as %seu-central-1", pipeline.ErrUsage, p.URL, lookupScheme)
		}
		name := below(f.Lake, "history/"+region)
		if f.fetch != nil {
			into, err := f.place(ctx, name)
			if err != nil {
				return nil, first, err
			}
			if err := f.fetch(ctx, region, into, asOf); err != nil {
				return nil, first, err
			}
		}
		out = append(out, trailPlace{URL: below(name, "trail"), history: true})
		first = asOf.AddDate(0, 0, -f.HistoryDays)
	}
	return out, first, nil
}

// below returns the name of a place within another one.
func below(name, path string) string {
	if strings.Contains(name, "://") {
		return strings.TrimSuffix(name, "/") + "/" + path
	}
	return filepath.Join(name, filepath.FromSlash(path))
}

// fetchHistory fetches what is missing of a region's Event History, and tells how far it is every ten seconds.
func (f *jobFlags) fetchHistory(t *terminal) historyFetch {
	return func(ctx context.Context, region string, into store.Store, now time.Time) error {
		client, account, err := newLookup(ctx, region)
		if err != nil {
			return fmt.Errorf("fetching the events of %s: %w", region, err)
		}
		var told time.Time
		_, err = eventhistory.Fetch(ctx, eventhistory.Options{
			Account: account, Region: region, Lookup: lookup(client), Into: into, Now: now, Days: f.HistoryDays, Pace: lookupPace,
			Told: func(p eventhistory.Progress) {
				if p.Done == p.Hours || time.Since(told) > 10*time.Second {
					told = time.Now()
					t.note("Event History of %s: %d of %d hours, back to %s, %d events, about %s left", region, p.Done, p.Hours, p.Hour.Format("2006-01-02 15:04Z"), p.Events, p.Left.Round(time.Second))
				}
			},
		})
		return err
	}
}

// newLookup returns a client for Event History, and whose account it is.
func newLookup(ctx context.Context, region string) (*cloudtrail.Client, string, error) {
	patient := retry.NewStandard(func(s *retry.StandardOptions) {
		s.MaxAttempts, s.MaxBackoff, s.RateLimiter = 10, 20*time.Second, ratelimit.None // others may use up the two requests a second
	})
	client, err := newCloudTrail(ctx, region, func(o *cloudtrail.Options) { o.Retryer = patient })
	if err != nil {
		return nil, "", err
	}
	arn, err := store.Caller(ctx, store.S3Options{Region: region})
	return client, identityOf(arn).AccountID, err
}

// lookup asks CloudTrail for pages of events.
func lookup(client *cloudtrail.Client) eventhistory.Lookup {
	return func(ctx context.Context, from, to time.Time, token string) (p eventhistory.Page, err error) {
		in := &cloudtrail.LookupEventsInput{StartTime: &from, EndTime: &to, MaxResults: aws.Int32(50)}
		if token != "" {
			in.NextToken = &token
		}
		out, err := client.LookupEvents(ctx, in)
		var expired *types.InvalidNextTokenException
		switch {
		case errors.As(err, &expired):
			return p, fmt.Errorf("%w (%w)", eventhistory.ErrToken, store.ServiceError(err))
		case err != nil:
			return p, &needsError{store.ServiceError(err), "the caller needs cloudtrail:LookupEvents"}
		}
		for _, e := range out.Events {
			p.Events = append(p.Events, aws.ToString(e.CloudTrailEvent))
		}
		p.Next = aws.ToString(out.NextToken)
		return p, nil
	}
}
