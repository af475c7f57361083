package store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// sessionName is what the trails of other accounts show as the session of their role.
const sessionName = "trailgauge"

// assume returns the credentials of o's role, which cfg's own are exchanged for.
func assume(cfg aws.Config, o S3Options) aws.CredentialsProvider {
	client := sts.NewFromConfig(cfg, func(s *sts.Options) { s.Retryer = newRetryer(o) })
	return aws.NewCredentialsCache(&role{o.RoleARN, stscreds.NewAssumeRoleProvider(client, o.RoleARN, func(r *stscreds.AssumeRoleOptions) {
		r.RoleSessionName = sessionName
		if o.ExternalID != "" {
			r.ExternalID = &o.ExternalID
		}
	})}, func(c *aws.CredentialsCacheOptions) { c.ExpiryWindow = time.Minute })
}

// role says which role it was that could not be assumed, and why.
type role struct {
	arn  string
	from *stscreds.AssumeRoleProvider
}

func (r *role) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := r.from.Retrieve(ctx)
	if err != nil {
		return c, &roleError{r.arn, stsError(err)}
	}
	return c, nil
}

// stsError is ServiceError for AssumeRole, whose denial is one of the role.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func stsError(err error) error {
	meant := ServiceError(err)
	if errors.Is(meant, ErrUnavailable) || errors.Is(meant, ErrCredentials) {
		return meant
	}
	return fmt.Errorf("%w: %w (%w)", ErrDenied, ErrRole, Brief(err))
}

// ServiceError gives an error that another AWS service answered with, through the SDK, this package's meaning: ErrUnavailable, ErrDenied,
// ErrCredentials, or none of them. nil stays nil.
func ServiceError(err error) error {
	status, _ := response(err)
	code := apiCode(err)
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case Passing(err):
		return fmt.Errorf("%w (%w)", ErrUnavailable, Brief(err))
	case lapsed(code), Unsigned(err):
		return fmt.Errorf("%w: %w (%w)", ErrDenied, ErrCredentials, Brief(err))
	case status == http.StatusForbidden, status == http.StatusUnauthorized, strings.HasPrefix(code, "AccessDenied"):
		return fmt.Errorf("%w (%w)", ErrDenied, Brief(err))
	}
	return Brief(err)
}

type roleError struct {
	arn string
	err error
}

func (e *roleError) Error() string { return fmt.Sprintf("assuming role %s: %v", e.arn, e.err) }
func (e *roleError) Unwrap() error { return e.err }
