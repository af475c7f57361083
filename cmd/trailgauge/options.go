package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"trailgauge/pipeline"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// trailFlag and lakeFlag name the two places. Environment variables serve containers, where there is no command line to edit.
type trailFlag struct {
	Trail []string `sep:"none" placeholder:"SRC" env:"TRAILGAUGE_TRAIL" help:"Where the trail's objects are: a folder, s3://bucket/prefix, or lookup-events:REGION for the Event History of an account without a trail. Again for another trail; without it, those of the configuration (trails:) are read."`
}

type lakeFlag struct {
	Lake string `required:"" placeholder:"DST" env:"TRAILGAUGE_LAKE" help:"Where the lake is, or is to be: a folder, or s3://bucket/prefix."`
}

// bucketFlags say how to reach buckets. Credentials come from the SDK's default chain alone.
type bucketFlags struct {
	Region           string `placeholder:"NAME" group:"Buckets" env:"TRAILGAUGE_REGION" help:"Region of the buckets (default: as the AWS SDK finds it)."`
	Endpoint         string `placeholder:"URL" group:"Buckets" env:"TRAILGAUGE_ENDPOINT" help:"Another S3 server than AWS."`
	PathStyle        bool   `group:"Buckets" env:"TRAILGAUGE_PATH_STYLE" help:"Bucket in the path, as most other servers want it."`
	KMSKey           string `placeholder:"KEY" group:"Buckets" env:"TRAILGAUGE_KMS_KEY" help:"Write to the lake with SSE-KMS under this key."`
	TrailBucketOwner string `placeholder:"ACCOUNT" group:"Buckets" env:"TRAILGAUGE_TRAIL_BUCKET_OWNER" help:"Refuse a trail bucket of another account."`
	LakeBucketOwner  string `placeholder:"ACCOUNT" group:"Buckets" env:"TRAILGAUGE_LAKE_BUCKET_OWNER" help:"Refuse a lake bucket of another account."`
	RequesterPays    bool   `group:"Buckets" env:"TRAILGAUGE_REQUESTER_PAYS" help:"Pay for the requests to the trail's bucket."`
	TrailRole        string `placeholder:"ARN" group:"Buckets" env:"TRAILGAUGE_TRAIL_ROLE" help:"Role to assume for reading the trail."`
	TrailExternalID  string `placeholder:"ID" group:"Buckets" env:"TRAILGAUGE_TRAIL_EXTERNAL_ID" help:"External ID that the role asks for."`
}

// lake opens a lake. A place that holds none is a mistake, which an answer of nothing would hide.
func (b bucketFlags) lake(ctx context.Context, name string) (store.Store, error) {
	s, err := b.place(ctx, name)
	if err != nil {
		return nil, err
	}
	err = lake.Check(ctx, s)
	if errors.Is(err, lake.ErrNone) || errors.Is(err, store.ErrNoBucket) {
		err = fmt.Errorf("%w: opening the lake: %w", pipeline.ErrUsage, err)
	}
	return s, err
}

// s3 is how all buckets are reached.
func (b bucketFlags) s3() store.S3Options {
	return store.S3Options{Region: b.Region, Endpoint: b.Endpoint, PathStyle: b.PathStyle, ChecksumWhenRequired: b.Endpoint != ""}
}

// place opens what is written to: a lake, or where one may begin.
func (b bucketFlags) place(ctx context.Context, name string) (store.Store, error) {
	o := b.s3()
	o.ExpectedBucketOwner, o.KMSKey = b.LakeBucketOwner, b.KMSKey
	s, err := store.Open(ctx, name, o)
	if err != nil {
		return nil, usage(err)
	}
	return s, nil
}

// placeFlags are what everything takes that reads the trail.
type placeFlags struct {
	trailFlag
	lakeFlag
	Config string `placeholder:"FILE" env:"TRAILGAUGE_CONFIG" help:"YAML file with the settings; unknown keys are refused."`
	workersFlag
	bucketFlags
}

type workersFlag struct {
	Workers int `default:"0" help:"Shards or series worked on at once (default: one a processor)."`
}

// workers fills in the default.
func (f workersFlag) workers() (int, error) {
	switch {
	case f.Workers < 0:
		return 0, fmt.Errorf("%w: --workers %d: want 1 or more, or 0 for one a processor", pipeline.ErrUsage, f.Workers)
	case f.Workers == 0:
		return runtime.GOMAXPROCS(0), nil
	}
	return f.Workers, nil
}

// jobFlags are what run and plan share.
type jobFlags struct {
	placeFlags
	AsOf        string `placeholder:"TIME" help:"See nothing that was delivered later; the same as-of gives the same lake (default: now). 2026-11-01 or 2026-11-01T06:00:00Z."`
	ScoreFrom   string `placeholder:"TIME" help:"First hour to decide on a new lake (default: 24 hours before as-of). What lies before is history at once."`
	From        string `placeholder:"DATE" help:"First delivery day to read (default on a new lake: 42 days before as-of)."`
	HistoryDays int    `default:"7" placeholder:"N" help:"With --trail lookup-events:REGION: how far back to fetch, 1 to 90 days, the newest first (default ${default})."`

	begun bool         // the lake is to be there: only plan and run begin one
	fetch historyFetch // nil: of Event History what is there is read
}

// options turns flags and file into what the pipeline takes.
func (f *jobFlags) options(ctx context.Context, t *terminal, now time.Time) (pipeline.Options, error) {
	o := pipeline.Options{AsOf: now.UTC().Truncate(time.Second)}
	var err error
	if o.Workers, err = f.workers(); err != nil {
		return o, err
	}
	if f.Lake == "" {
		return o, fmt.Errorf("%w: --lake is empty", pipeline.ErrUsage)
	}
	file, err := f.readConfig(ctx, t, f.Config)
	if err != nil {
		return o, err
	}
	o.Config = file.Config
	if err = f.times(&o); err != nil {
		return o, err
	}
	err = f.reach(ctx, &o, file)
	return o, err
}

// times reads the flags that are times.
func (f *jobFlags) times(o *pipeline.Options) (err error) {
	if f.AsOf != "" {
		if o.AsOf, err = parseTime("--as-of", f.AsOf); err != nil {
			return err
		}
		if o.AsOf.Before(firstTrail) {
			return fmt.Errorf("%w: --as-of %s lies before CloudTrail began, in %d", pipeline.ErrUsage, f.AsOf, firstTrail.Year())
		}
	}
	if f.ScoreFrom != "" {
		if o.ScoreFrom, err = parseTime("--score-from", f.ScoreFrom); err != nil {
			return err
		}
		if o.ScoreFrom.After(o.AsOf) {
			return fmt.Errorf("%w: --score-from %s lies after --as-of", pipeline.ErrUsage, f.ScoreFrom)
		}
	}
	if f.From != "" {
		day, err := trail.ParseDay(f.From)
		if err != nil {
			return fmt.Errorf("%w: --from: %w", pipeline.ErrUsage, err)
		}
		o.From = &day
		if !o.ScoreFrom.IsZero() && o.ScoreFrom.Before(day.Start()) {
			return fmt.Errorf("%w: --score-from %s lies before --from %s: what is not read cannot be decided", pipeline.ErrUsage, f.ScoreFrom, f.From)
		}
	}
	return nil
}

// reach opens the trails, those of the flags or else those that are configured, and the lake, and finds out whom they show the job as.
func (f *jobFlags) reach(ctx context.Context, o *pipeline.Options, file *settings) error {
	places, err := f.places(f.Trail, file.Trails)
	if err != nil {
		return err
	}
	if err := file.apart(f.Lake, places); err != nil {
		return err
	}
	places, history, err := f.staged(ctx, places, o.AsOf)
	if err != nil {
		return err
	}
	if o.From == nil && !history.IsZero() && !slices.ContainsFunc(places, func(p trailPlace) bool { return !p.history }) {
		day := trail.DayOf(history) // older hours may have come since
		o.From = &day
	}
	for _, p := range places {
		if !p.history && store.Overlap(p.URL, f.Lake) {
			return fmt.Errorf("%w: the lake %s and the trail %s overlap: the job would read its own output", pipeline.ErrUsage, f.Lake, p.URL)
		}
	}
	if o.Trail, o.TrailPath, err = f.openTrails(ctx, places, len(f.Trail) == 1); err != nil {
		return err
	}
	open := f.place
	if f.begun {
		open = f.lake
	}
	if o.Lake, err = open(ctx, f.Lake); err != nil {
		return err
	}
	if o.Config.OwnPrincipals == nil {
		o.Config.OwnPrincipals = f.ownPrincipals(ctx, f.Lake, places)
	}
	return nil
}

// firstTrail is when CloudTrail began to deliver.
var firstTrail = time.Date(2013, 11, 13, 0, 0, 0, 0, time.UTC)

// usage marks what went wrong before anything was tried as a mistake of the caller, unless the network had a part in it.
func usage(err error) error {
	if errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrDenied) {
		return err
	}
	return fmt.Errorf("%w: %w", pipeline.ErrUsage, err)
}

// checkFolder refuses a trail that is a folder and is not there: an empty report would hide the mistake.
func checkFolder(name string) error {
	if strings.Contains(name, "://") {
		return nil
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: opening the trail: %w", pipeline.ErrUsage, &noFolderError{name})
	}
	if err != nil {
		return fmt.Errorf("%w: opening the trail: %w", pipeline.ErrUsage, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: opening the trail: %s is not a folder", pipeline.ErrUsage, name)
	}
	return nil
}

// noFolderError is a folder that is not there.
type noFolderError struct{ name string }

func (e *noFolderError) Error() string { return "there is no folder " + e.name }

// hint says how far the path is right, and how else the name may be meant.
func (e *noFolderError) hint() string {
	there := pathOf(e.name)
	for {
		if _, err := os.Stat(there); err == nil || there == filepath.Dir(there) {
			break
		}
		there = filepath.Dir(there)
	}
	hint := "what is there of this path is " + there
	if here, err := os.Getwd(); err == nil && here == there {
		hint += "; a bucket is written s3://" + filepath.ToSlash(filepath.Clean(e.name))
	}
	return hint
}

// pathOf returns the path of a place within its bucket or file system: layout is recognised in it too.
func pathOf(name string) string {
	if rest, ok := strings.CutPrefix(name, "s3://"); ok {
		_, prefix, _ := strings.Cut(rest, "/")
		return prefix
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return filepath.ToSlash(name)
	}
	return filepath.ToSlash(abs)
}

// parseTime reads an instant, or a day as its first instant, UTC.
func parseTime(flag, s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: %s %q: want 2026-11-01 or 2026-11-01T06:00:00Z", pipeline.ErrUsage, flag, s)
}
