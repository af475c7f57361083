package sink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"trailgauge/pipeline/store"
)

// What to do about credentials.
const (
	hintExpired     = "the credentials have expired: renew them (aws sso login, or a role), then run again; the messages wait"
	hintCredentials = "the credentials do not hold: check them (aws sts get-caller-identity), then run again; the messages wait"
	hintRole        = "check that the role is there, that its trust policy lets the caller assume it, and the external_id"
)

// requestTime bounds one request: a receiver that says nothing is busy.
const requestTime = 30 * time.Second

// awsError gives an error of the SDK this package's meaning. what is what was being done. Codes are those of
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html, and each service's own.
func awsError(ctx context.Context, what string, err error) error {
	var code string
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	told := fmt.Errorf("%s: %s", what, said(store.Brief(err).Error()))
	switch {
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", what, ctx.Err())
	case errors.Is(err, store.ErrRole):
		return &HintError{told, hintRole}
	case errors.Is(err, store.ErrUnavailable):
		return &BusyError{Err: told}
	case strings.HasPrefix(code, "Expired"), code == "RequestExpired":
		return &HintError{told, hintExpired}
	case store.Unsigned(err), errors.Is(store.ServiceError(err), store.ErrCredentials):
		return &HintError{told, hintCredentials}
	case strings.HasPrefix(code, "AccessDenied"), code == "AuthorizationError", code == "NotAuthorized", code == "AuthorizationErrorException", code == "KMSAccessDenied":
		return &HintError{told, "the policy does not allow it: see the permissions each sink needs in trailgauge deliver --help"}
	case code == "ResourceNotFoundException", code == "NotFound", code == "NotFoundException":
		return &HintError{told, "check the arn and the region of the sink in the configuration"}
	case busy(err):
		return &BusyError{Err: told}
	}
	return told
}

// busy tells whether a failure passes by itself: what does so anywhere, and every reply of 429 or 5xx, for a receiver that is broken today may not be tomorrow.
func busy(err error) bool {
	var reply *smithyhttp.ResponseError
	return store.Passing(err) || errors.As(err, &reply) && (reply.HTTPStatusCode() == http.StatusTooManyRequests || reply.HTTPStatusCode() >= 500)
}

// passing tells whether a code in a reply about one message is one of a failure that passes by itself.
func passing(code string) bool {
	for _, part := range []string{"Throttl", "Internal", "Unavailable", "LimitExceeded", "TooManyRequests", "Timeout", "KMSThrottling"} {
		if strings.Contains(code, part) {
			return true
		}
	}
	return false
}
