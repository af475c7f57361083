package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// AWS returns the configuration of the SDK's default chain, for services other than S3: their requests are tried once, for callers that try again entry
// by entry. region may be empty.
func AWS(ctx context.Context, region string) (aws.Config, error) {
	cfg, err := loadConfig(ctx, S3Options{Region: region})
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return cfg, err
}

// Assume returns cfg with the credentials of a role, which cfg's own are exchanged for; externalID is empty where the role's policy asks for none. An empty role
// is no role: cfg as it is. Nothing is sent before the first request; where the role cannot be assumed, that one's error wraps ErrRole,
// ErrCredentials or ErrUnavailable.
func Assume(cfg aws.Config, role, externalID string) aws.Config {
	if role == "" {
		return cfg
	}
	cfg = cfg.Copy()
	cfg.Credentials = assume(cfg, S3Options{RoleARN: role, ExternalID: externalID, Retries: 2, MaxWait: 5 * time.Second})
	return cfg
}
