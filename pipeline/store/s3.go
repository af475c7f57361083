package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// S3Options says how to reach a bucket. The zero value is AWS with the region and the credentials of the SDK's default chain:
// environment, shared files, container or instance role. There is no field for a secret, on purpose.
type S3Options struct {
	Region   string // of the bucket; empty: the default chain's, else us-east-1
	Endpoint string // URL of another S3 server ("http://127.0.0.1:9000"); empty: AWS, or AWS_ENDPOINT_URL_S3

	PathStyle            bool // bucket in the path, not in the host name; most servers other than AWS need it
	ChecksumWhenRequired bool // send and check only the checksums S3 demands, for servers that do not know the newer ones

	KMSKey              string // ID, alias or ARN: objects are written with SSE-KMS under it (with a bucket key); empty: the bucket's default
	ExpectedBucketOwner string // 12-digit account; any request to a bucket of another account is denied; empty: not checked
	RequesterPays       bool   // accept the charges of a requester-pays bucket
	RoleARN             string // role to assume for every request, renewed before it ends; empty: the credentials found are used themselves
	ExternalID          string // that the role's trust policy asks for; empty: none

	Retries     int           // attempts for one request, the first included; 0: 8
	MaxWait     time.Duration // longest pause between two attempts; the pauses double, with full jitter; 0: 20 s
	ReadTimeout time.Duration // longest time one attempt may take to deliver a body; 0: 5 min
}

// responseTimeout bounds the wait for the first byte of a reply: without it a silent connection would hang the job.
const responseTimeout = time.Minute

// bucket keeps each object under root + key.
type bucket struct {
	skips
	client  *s3.Client
	retryer aws.Retryer
	name    string
	root    string // empty or ends with a slash
	region  string
	o       S3Options
	owner   *string            // ExpectedBucketOwner, nil if none
	payer   types.RequestPayer // empty, or "requester"
}

// S3 returns the store of the objects whose keys begin with prefix + "/"; all of the bucket where prefix is empty. It asks the
// credential chain once, so that missing credentials are found at once (ErrDenied), but sends the bucket nothing.
//
// A listing reports an object of a GLACIER or DEEP_ARCHIVE class as archived unless it is restored. That one of INTELLIGENT_TIERING
// has moved to its archive tiers shows only in Stat, and as ErrArchived in Get and GetRange.
func S3(ctx context.Context, name, prefix string, o S3Options) (Store, error) {
	prefix = strings.TrimSuffix(prefix, "/")
	where := fmt.Sprintf("s3://%s/%s", name, prefix)
	if name == "" || strings.ContainsAny(name, "/\\ ?#\x00") {
		return nil, fmt.Errorf("opening %q: that is not the name of a bucket", where)
	}
	if prefix != "" {
		if err := checkKey(prefix); err != nil {
			return nil, fmt.Errorf("opening %q: prefix %w", where, err)
		}
		prefix += "/"
	}
	if o.Retries < 0 || o.MaxWait < 0 || o.ReadTimeout < 0 {
		return nil, fmt.Errorf("opening %s: retries %d, longest pause %v, read timeout %v: none may be negative", where, o.Retries, o.MaxWait, o.ReadTimeout)
	}
	o.Retries = cmp.Or(o.Retries, 8)
	o.MaxWait = cmp.Or(o.MaxWait, 20*time.Second)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, 5*time.Minute)

	cfg, err := loadConfig(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", where, err)
	}
	if err := CheckCredentials(ctx, cfg); err != nil {
		return nil, fmt.Errorf("opening %s: %w", where, err)
	}
	if o.RoleARN != "" {
		cfg.Credentials = assume(cfg, o)
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return nil, fmt.Errorf("opening %s: %w", where, orContext(ctx, s3Error(err, cfg.Region)))
		}
	}
	b := &bucket{name: name, root: prefix, region: cfg.Region, o: o, retryer: newRetryer(o)}
	if o.ExpectedBucketOwner != "" {
		b.owner = &o.ExpectedBucketOwner
	}
	if o.RequesterPays {
		b.payer = types.RequestPayerRequester
	}
	b.client = s3.NewFromConfig(cfg, func(s *s3.Options) {
		s.UsePathStyle = o.PathStyle
		s.Retryer = b.retryer
		s.DisableLogOutputChecksumValidationSkipped = true // most objects of a trail carry none: no news
		if o.Endpoint != "" {
			s.BaseEndpoint = &o.Endpoint
		}
	})
	return b, nil
}

func loadConfig(ctx context.Context, o S3Options) (aws.Config, error) {
	load := []func(*config.LoadOptions) error{
		config.WithAppID("trailgauge"),
		config.WithDefaultRegion("us-east-1"), // where it is wrong, the bucket's answer names the right one
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = responseTimeout
			t.MaxIdleConnsPerHost = 64 // one for each of many workers; the default of 10 would reconnect all the time
		})),
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.ChecksumWhenRequired {
		load = append(load, config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
			config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	var missing config.SharedConfigProfileNotExistError
	if errors.As(err, &missing) {
		err = fmt.Errorf("profile %q: %w", missing.Profile, ErrProfile)
	}
	if err != nil {
		err = fmt.Errorf("reading the AWS configuration: %w", err)
	}
	return cfg, err
}

// newRetryer is the SDK's standard retryer without its token bucket: when S3 throttles a batch job, waiting is right, and to
// fail the hundredth request because the ninety-nine before were slow is not.
func newRetryer(o S3Options) aws.Retryer {
	return retry.NewStandard(func(s *retry.StandardOptions) {
		s.MaxAttempts = o.Retries
		s.MaxBackoff = o.MaxWait
		s.RateLimiter = ratelimit.None
		s.Retryables = append(s.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{
			"ConditionalRequestConflict": {}, // 409: another conditional write was under way
			"OperationAborted":           {}, // 409: another operation on the bucket was
		}}, retry.IsErrorRetryableFunc(brokenReply))
	})
}

func (b *bucket) URL(key string) string { return "s3://" + b.name + "/" + b.root + key }

// key returns the full key in the bucket, or ErrBadKey.
func (b *bucket) key(key string) (*string, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	full := b.root + key
	if len(full) > maxKey {
		return nil, fmt.Errorf("%.40q… (%d bytes with the prefix): %w", full, len(full), ErrBadKey)
	}
	return &full, nil
}
