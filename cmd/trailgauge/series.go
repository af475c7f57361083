package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"trailgauge/pipeline"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/series"
	"trailgauge/pipeline/trail"
)

// lakeBucket is bucketFlags for a command that reads the lake alone and whose --region is something else.
type lakeBucket struct {
	BucketRegion    string `placeholder:"NAME" group:"Buckets" env:"TRAILGAUGE_REGION" help:"Region of the lake's bucket (default: as the AWS SDK finds it)."`
	Endpoint        string `placeholder:"URL" group:"Buckets" env:"TRAILGAUGE_ENDPOINT" help:"Another S3 server than AWS."`
	PathStyle       bool   `group:"Buckets" env:"TRAILGAUGE_PATH_STYLE" help:"Bucket in the path, as most other servers want it."`
	LakeBucketOwner string `placeholder:"ACCOUNT" group:"Buckets" env:"TRAILGAUGE_LAKE_BUCKET_OWNER" help:"Refuse a lake bucket of another account."`
}

func (b lakeBucket) flags() bucketFlags {
	return bucketFlags{Region: b.BucketRegion, Endpoint: b.Endpoint, PathStyle: b.PathStyle, LakeBucketOwner: b.LakeBucketOwner}
}

// seriesCommand streams the counts to a notebook or a spreadsheet.
type seriesCommand struct {
	lakeFlag
	lakeBucket
	API       string `name:"api" placeholder:"GLOB" help:"APIs, as eventsource:eventname or eventname: 'ec2.amazonaws.com:*', 'Delete*'. In a GLOB * is any text, ? one character, [a-z] a class."`
	Principal string `placeholder:"GLOB" help:"Principals, as 'arn:aws:iam::*:role/deploy*'."`
	Account   string `placeholder:"GLOB" help:"Accounts."`
	Region    string `placeholder:"GLOB" help:"Regions of the calls; the bucket's own is --bucket-region here."`
	From      string `placeholder:"TIME" help:"First minute (default: all there is). 2026-11-01 or 2026-11-01T06:00:00Z."`
	To        string `placeholder:"TIME" help:"First minute after the last."`
	By        string `enum:"minute,hour,day" default:"hour" help:"What a row sums up: minute, hour or day, UTC."`
	Format    string `required:"" enum:"arrow,csv,json" help:"arrow (IPC stream), csv (RFC 4180; cells that a spreadsheet would take for a formula get a leading apostrophe) or json (an object a line)."`
}

func (c *seriesCommand) query() (q series.Query, err error) {
	q.Step = series.Step(c.By)
	for _, g := range []struct {
		flag, text string
		into       *trail.Glob
	}{{"--api", c.API, &q.API}, {"--principal", c.Principal, &q.Principal}, {"--account", c.Account, &q.Account}, {"--region", c.Region, &q.Region}} {
		if *g.into, err = trail.ParseGlob(g.text); err != nil {
			return q, fmt.Errorf("%w: %s: %w", pipeline.ErrUsage, g.flag, err)
		}
	}
	for _, f := range []struct {
		flag, text string
		into       *time.Time
	}{{"--from", c.From, &q.From}, {"--to", c.To, &q.To}} {
		if f.text == "" {
			continue
		}
		if *f.into, err = parseTime(f.flag, f.text); err != nil {
			return q, err
		}
	}
	return q, nil
}

func (c *seriesCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	q, err := c.query()
	if err != nil {
		return outcome{}, err
	}
	_, tty := size(t.out)
	if tty && c.Format == "arrow" {
		return outcome{}, fmt.Errorf("%w: an Arrow stream is not for a terminal: send stdout to a file or a program", pipeline.ErrUsage)
	}
	s, err := c.flags().lake(ctx, c.Lake)
	if err != nil {
		return outcome{}, err
	}
	commit, err := lake.Current(ctx, s)
	if err != nil {
		return outcome{}, err
	}
	w, err := series.NewWriter(c.Format, t.out, tty)
	if err != nil {
		return outcome{}, err
	}
	err = series.Each(ctx, s, commit, q, w.Write)
	return outcome{}, errors.Join(err, w.Close())
}
