package store

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// callerTime bounds the question of who one is: it only serves a label.
const callerTime = 5 * time.Second

// Caller returns the ARN that CloudTrail has for the credentials of the SDK's default chain: of a user, or of a role's session. STS answers without any
// permission.
func Caller(ctx context.Context, o S3Options) (arn string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callerTime)
	defer cancel()
	o.Retries = 1
	cfg, err := loadConfig(ctx, o)
	if err != nil {
		return "", fmt.Errorf("asking STS who this job is: %w", err)
	}
	out, err := sts.NewFromConfig(cfg, func(s *sts.Options) { s.Retryer = newRetryer(o) }).GetCallerIdentity(ctx, nil)
	if err != nil {
		return "", fmt.Errorf("asking STS who this job is: %w", stsError(err))
	}
	return *out.Arn, nil
}
