package sink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
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
	var code, text string
	var api smithy.APIError
	if errors.As(err, &api) {
		code, text = api.ErrorCode(), said(api.ErrorCode(), api.ErrorMessage())
	} else {
		text = said(brief(err))
	}
	told := fmt.Errorf("%s: %s", what, text)
	switch {
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", what, ctx.Err())
	case errors.Is(err, store.ErrRole):
		return &HintError{told, hintRole}
	case errors.Is(err, store.ErrUnavailable):
		return &BusyError{Err: told}
	case strings.HasPrefix(code, "Expired"), code == "RequestExpired":
		return &HintError{told, hintExpired}
	case code == "MissingAuthenticationToken", errors.Is(err, store.ErrCredentials), errors.Is(store.ServiceError(err), store.ErrCredentials),
		strings.Contains(err.Error(), "get identity: get credentials:"): // nothing was sent
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

// busy tells whether a failure passes by itself: what the SDK would try again, no reply at all, and every reply of 429 or 5xx.
func busy(err error) bool {
	var reply *smithyhttp.ResponseError
	if errors.As(err, &reply) && (reply.HTTPStatusCode() == http.StatusTooManyRequests || reply.HTTPStatusCode() >= 500) {
		return true
	}
	var unreadable *smithy.DeserializationError
	var unsent *smithyhttp.RequestSendError
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &unreadable) || errors.As(err, &unsent) ||
		retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err).Bool()
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

// brief drops the SDK's account of its own layers.
func brief(err error) string {
	var send *smithyhttp.RequestSendError
	var op *smithy.OperationError
	switch {
	case errors.As(err, &send):
		return send.Err.Error()
	case errors.As(err, &op):
		return op.Err.Error()
	}
	return err.Error()
}
