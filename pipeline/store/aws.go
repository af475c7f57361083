package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
)

// AWS returns the configuration of the SDK's default chain, for services other than S3: their requests are tried once, for callers that try again entry
// by entry. region may be empty. The error wraps ErrProfile where the environment names a profile that is not there.
func AWS(ctx context.Context, region string) (aws.Config, error) {
	cfg, err := loadConfig(ctx, S3Options{Region: region})
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return cfg, err
}

// CheckCredentials asks the credential chain of cfg, so that what is missing is said before anything is sent. The error wraps ErrDenied and ErrCredentials;
// ErrNoCredentials, too, where the chain ended at its last resort, a role of the machine, and there was none.
func CheckCredentials(ctx context.Context, cfg aws.Config) error {
	const doing = "finding AWS credentials"
	_, err := cfg.Credentials.Retrieve(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	case aws.IsCredentialsProvider(cfg.Credentials, (*ec2rolecreds.Provider)(nil)):
		return fmt.Errorf("%s: %w: %w", doing, ErrDenied, ErrNoCredentials)
	}
	return fmt.Errorf("%s: %w: %w (%w)", doing, ErrDenied, ErrCredentials, err)
}

// ErrNoCredentials is ErrCredentials where there are none at all.
var ErrNoCredentials error = noCredentials{}

type noCredentials struct{}

func (noCredentials) Error() string {
	return "there are none, neither in the environment nor in the shared files (~/.aws) nor of a role of this machine"
}
func (noCredentials) Unwrap() error { return ErrCredentials }

// ErrProfile says that a profile of the shared files (AWS_PROFILE) is not there.
var ErrProfile = errors.New("there is none of that name in the shared files (~/.aws)")

// HintProfile says what to do about ErrProfile.
const HintProfile = "aws configure list-profiles shows which there are: name one of them (AWS_PROFILE), or none"

// HintNoCredentials says what to do about ErrNoCredentials.
const HintNoCredentials = "log in (aws configure sso, then aws sso login), name a profile that has them (AWS_PROFILE), or run where a role is attached (EC2, ECS, Lambda); aws sts get-caller-identity shows what is found"

// Assume returns cfg with the credentials of a role, which cfg's own are exchanged for; externalID is empty where the role's policy asks for none. An
// empty role is no role: cfg as it is. Nothing is sent before the first request; where the role cannot be assumed, that one's error wraps ErrRole,
// ErrCredentials or ErrUnavailable.
func Assume(cfg aws.Config, role, externalID string) aws.Config {
	if role == "" {
		return cfg
	}
	cfg = cfg.Copy()
	cfg.Credentials = assume(cfg, S3Options{RoleARN: role, ExternalID: externalID, Retries: 2, MaxWait: 5 * time.Second})
	return cfg
}
