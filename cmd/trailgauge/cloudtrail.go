package main

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/smithy-go/logging"

	"trailgauge/pipeline/digest"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// newCloudTrail returns a client of CloudTrail itself in a region, with the credentials of the SDK's default chain.
func newCloudTrail(ctx context.Context, region string, o ...func(*cloudtrail.Options)) (*cloudtrail.Client, error) {
	cfg, err := store.AWS(ctx, region)
	if err == nil {
		err = store.CheckCredentials(ctx, cfg)
	}
	if err != nil {
		return nil, err
	}
	cfg.Retryer, cfg.Logger = nil, logging.Nop{}
	return cloudtrail.NewFromConfig(cfg, o...), nil
}

// publicKeys asks CloudTrail for the keys of each region that a digest comes from, once. They are the same for every account.
type publicKeys struct {
	from, to time.Time
	mu       sync.Mutex
	regions  map[string]digest.Ring
}

// Key implements digest.Keys.
func (p *publicKeys) Key(ctx context.Context, region, fingerprint string, at time.Time) (*rsa.PublicKey, error) {
	if !trail.IsRegion(region) {
		return nil, digest.ErrNoKey
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	ring, ok := p.regions[region]
	if !ok {
		var err error
		if ring, err = p.list(ctx, region); err != nil {
			return nil, fmt.Errorf("asking CloudTrail in %s for its public keys: %w", region, err)
		}
		if p.regions == nil {
			p.regions = map[string]digest.Ring{}
		}
		p.regions[region] = ring
	}
	return ring.Key(ctx, region, fingerprint, at)
}

// list asks for all keys of a region that were in use in the time.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html
func (p *publicKeys) list(ctx context.Context, region string) (digest.Ring, error) {
	client, err := newCloudTrail(ctx, region)
	if err != nil {
		return nil, err
	}
	ring := digest.Ring{}
	pages := cloudtrail.NewListPublicKeysPaginator(client, &cloudtrail.ListPublicKeysInput{StartTime: &p.from, EndTime: &p.to})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, &needsError{store.ServiceError(err), "the caller needs cloudtrail:ListPublicKeys; or give the keys: --public-keys FILE, of aws cloudtrail list-public-keys"}
		}
		for _, k := range page.PublicKeyList {
			key, err := digest.ParseKey(k.Value)
			if err != nil {
				continue // of a kind that no digest is signed with
			}
			ring[aws.ToString(k.Fingerprint)] = key
		}
	}
	return ring, nil
}

// needsError is an answer of CloudTrail's, with what to do about it where it is a denial.
type needsError struct {
	error
	hint string
}

func (e *needsError) Unwrap() error { return e.error }

// hintForCloudTrail says what to do about an error of CloudTrail itself; "" when it is none.
func hintForCloudTrail(err error) string {
	var needs *needsError
	switch {
	case errors.Is(err, digest.ErrNoDigests):
		return "is log file validation on (aws cloudtrail describe-trails: LogFileValidationEnabled), and is this the trail's bucket and prefix, not a folder below it?"
	case errors.As(err, &needs) && errors.Is(err, store.ErrDenied) && !errors.Is(err, store.ErrCredentials):
		return needs.hint
	}
	return ""
}
