package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"trailgauge/pipeline"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// trailFlag and lakeFlag name the two places. Environment variables serve containers, where there is no command line to edit.
type trailFlag struct {
	Trail string `required:"" placeholder:"SRC" env:"TRAILGAUGE_TRAIL" help:"Where the trail's objects are: a folder, or s3://bucket/prefix."`
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
}

func (b bucketFlags) trail(ctx context.Context, name string) (store.Store, error) {
	return store.Open(ctx, name, store.S3Options{
		Region: b.Region, Endpoint: b.Endpoint, PathStyle: b.PathStyle, ChecksumWhenRequired: b.Endpoint != "",
		ExpectedBucketOwner: b.TrailBucketOwner, RequesterPays: b.RequesterPays,
	})
}

func (b bucketFlags) lake(ctx context.Context, name string) (store.Store, error) {
	return store.Open(ctx, name, store.S3Options{
		Region: b.Region, Endpoint: b.Endpoint, PathStyle: b.PathStyle, ChecksumWhenRequired: b.Endpoint != "",
		ExpectedBucketOwner: b.LakeBucketOwner, KMSKey: b.KMSKey,
	})
}

// jobFlags are what run and plan share.
type jobFlags struct {
	trailFlag
	lakeFlag
	Config    string `placeholder:"FILE" env:"TRAILGAUGE_CONFIG" help:"YAML file with the settings; unknown keys are refused."`
	AsOf      string `placeholder:"TIME" help:"See nothing that was delivered later; the same as-of gives the same lake (default: now). 2026-11-01 or 2026-11-01T06:00:00Z."`
	ScoreFrom string `placeholder:"TIME" help:"First hour to decide on a new lake (default: 24 hours before as-of). What lies before is history at once."`
	From      string `placeholder:"DATE" help:"First delivery day to read (default on a new lake: 42 days before as-of)."`
	Workers   int    `default:"0" help:"Shards worked on at once (default: one a processor)."`
	bucketFlags
}

// options turns flags and file into what the pipeline takes.
func (f *jobFlags) options(ctx context.Context, now time.Time) (pipeline.Options, error) {
	o := pipeline.Options{Config: pipeline.DefaultConfig(), AsOf: now.UTC().Truncate(time.Second), Workers: f.Workers}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Workers < 0 {
		return o, fmt.Errorf("%w: --workers %d: want 1 or more, or 0 for one a processor", pipeline.ErrUsage, o.Workers)
	}
	for flag, value := range map[string]string{"--trail": f.Trail, "--lake": f.Lake} {
		if value == "" {
			return o, fmt.Errorf("%w: %s is empty", pipeline.ErrUsage, flag)
		}
	}
	if err := readConfig(f.Config, &o.Config); err != nil {
		return o, err
	}
	var err error
	if f.AsOf != "" {
		if o.AsOf, err = parseTime("--as-of", f.AsOf); err != nil {
			return o, err
		}
		if o.AsOf.Before(firstTrail) {
			return o, fmt.Errorf("%w: --as-of %s lies before CloudTrail began, in %d", pipeline.ErrUsage, f.AsOf, firstTrail.Year())
		}
	}
	if f.ScoreFrom != "" {
		if o.ScoreFrom, err = parseTime("--score-from", f.ScoreFrom); err != nil {
			return o, err
		}
		if o.ScoreFrom.After(o.AsOf) {
			return o, fmt.Errorf("%w: --score-from %s lies after --as-of", pipeline.ErrUsage, f.ScoreFrom)
		}
	}
	if f.From != "" {
		day, err := trail.ParseDay(f.From)
		if err != nil {
			return o, fmt.Errorf("%w: --from: %w", pipeline.ErrUsage, err)
		}
		o.From = &day
		if !o.ScoreFrom.IsZero() && o.ScoreFrom.Before(day.Start()) {
			return o, fmt.Errorf("%w: --score-from %s lies before --from %s: what is not read cannot be decided", pipeline.ErrUsage, f.ScoreFrom, f.From)
		}
	}
	if store.Overlap(f.Trail, f.Lake) {
		return o, fmt.Errorf("%w: the lake %s and the trail %s overlap: the job would read its own output", pipeline.ErrUsage, f.Lake, f.Trail)
	}
	if o.Trail, err = f.trail(ctx, f.Trail); err != nil {
		return o, usage(err)
	}
	if o.Lake, err = f.lake(ctx, f.Lake); err != nil {
		return o, usage(err)
	}
	o.TrailPath = pathOf(f.Trail)
	return o, checkFolder(f.Trail)
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
	if err != nil {
		return fmt.Errorf("%w: opening the trail: %w", pipeline.ErrUsage, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: opening the trail: %s is not a folder", pipeline.ErrUsage, name)
	}
	return nil
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

// readConfig reads the YAML file. Keys it does not know are refused by name and line.
func readConfig(name string, into *pipeline.Config) error {
	if name == "" {
		return nil
	}
	body, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("%w: reading the configuration: %w", pipeline.ErrUsage, err)
	}
	var document any
	if err := yaml.Unmarshal(body, &document); err == nil && document == nil {
		return nil // empty, or comments alone: decoding it would wipe out the defaults
	}
	file := struct {
		Settings     pipeline.Config `yaml:",inline"`
		AccountsFile string          `yaml:"accounts_file"` // names and owners of accounts, see readAccounts
	}{Settings: *into}
	err = yaml.NewDecoder(bytes.NewReader(body), yaml.Strict()).Decode(&file)
	var wrong *yaml.TypeError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("%w: reading %s: [%d:%d] %s", pipeline.ErrUsage, name, wrong.Token.Position.Line, wrong.Token.Position.Column, wantedType(wrong.DstType.Kind()))
	case err != nil:
		return fmt.Errorf("%w: reading %s: %s", pipeline.ErrUsage, name, yaml.FormatError(err, false, false))
	}
	*into = file.Settings
	if err := into.Validate(); err != nil {
		return fmt.Errorf("%w: reading %s: %s%w", pipeline.ErrUsage, name, placeOf(body, err), err)
	}
	if err := readAccounts(file.AccountsFile, name, into); err != nil {
		return err
	}
	if err := into.Validate(); err != nil { // of the accounts' names
		return fmt.Errorf("%w: reading %s: %w", pipeline.ErrUsage, file.AccountsFile, err)
	}
	return nil
}

// placeOf says where in the file the setting is that an error is about, as "[2:5] "; "" when that is not known.
func placeOf(body []byte, err error) string {
	var wrong *pipeline.SettingError
	if !errors.As(err, &wrong) {
		return ""
	}
	path := (&yaml.PathBuilder{}).Root()
	for _, name := range wrong.Setting {
		var item uint
		if _, err := fmt.Sscanf(name, "[%d]", &item); err == nil {
			path = path.Index(item)
			continue
		}
		path = path.Child(name)
	}
	node, err := path.Build().ReadNode(bytes.NewReader(body))
	if err != nil {
		return ""
	}
	at := node.GetToken().Position
	return fmt.Sprintf("[%d:%d] ", at.Line, at.Column)
}

// wantedType says what a setting takes, in the words of who writes the file.
func wantedType(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "want true or false here"
	case reflect.Float64, reflect.Int, reflect.Int64:
		return "want a number here"
	case reflect.String:
		return "want a text here"
	}
	return "want settings here, as name: value"
}
