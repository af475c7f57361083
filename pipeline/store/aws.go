package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Assume returns cfg with the credentials of a role, taken on with cfg's own; externalID is empty where the role's policy asks for none. An empty role is no
// role: cfg as it is. Nothing is sent before the first request.
func Assume(cfg aws.Config, role, externalID string) aws.Config {
	if role == "" {
		return cfg
	}
	p := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "trailgauge"
		if externalID != "" {
			o.ExternalID = &externalID
		}
	})
	cfg = cfg.Copy()
	cfg.Credentials = aws.NewCredentialsCache(p)
	return cfg
}

// AWS returns the configuration of the SDK's default chain, for services other than S3: their requests are tried once, for callers that try again entry
// by entry. region may be empty.
func AWS(ctx context.Context, region string) (aws.Config, error) {
	cfg, err := loadConfig(ctx, S3Options{Region: region})
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return cfg, err
}
