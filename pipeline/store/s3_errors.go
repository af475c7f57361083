package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ErrArchived is returned by Get and GetRange for an object whose storage class or access tier needs a restore first.
var ErrArchived = errors.New("object is archived")

// wrap says what was being done to what; nil stays nil. A cancelled context is reported as itself, whatever broke because of it.
func (b *bucket) wrap(ctx context.Context, what, key string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s %s: %w", what, b.URL(key), ctx.Err())
	}
	return fmt.Errorf("%s %s: %w", what, b.URL(key), s3Error(err, b.region))
}

// s3Error gives an error of the SDK this package's meaning. Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func s3Error(err error, region string) error {
	status, header := response(err)
	code := apiCode(err)
	if home := header.Get("X-Amz-Bucket-Region"); wrongRegion(status, code) && home != "" && home != region {
		return &elsewhere{fmt.Sprintf("the bucket is in %s, the requests went to %s", home, region)}
	}
	var broken *brokenBody
	var role *roleError
	switch {
	case errors.As(err, &role):
		return role
	case wrongRegion(status, code):
		return &elsewhere{fmt.Sprintf("the bucket is in another region than %s: %v", region, Brief(err))}
	case code == "NoSuchBucket":
		return ErrNoBucket
	case code == "InvalidObjectState": // a 403 too
		return fmt.Errorf("%w (%w)", ErrArchived, Brief(err))
	case code == "NoSuchKey", code == "NotFound", status == http.StatusNotFound:
		return ErrNotExist
	case code == "PreconditionFailed":
		return fmt.Errorf("%w (%w)", ErrExist, Brief(err))
	case errors.As(err, &broken), Passing(err):
		return fmt.Errorf("%w (%w)", ErrUnavailable, Brief(err))
	case lapsed(code), Unsigned(err):
		return fmt.Errorf("%w: %w (%w)", ErrDenied, ErrCredentials, Brief(err))
	case strings.HasPrefix(code, "KMS."), code == "AccessDenied" && strings.Contains(err.Error(), "kms:"):
		return fmt.Errorf("%w: %w (%w)", ErrDenied, ErrKMS, Brief(err))
	case status == http.StatusForbidden, status == http.StatusUnauthorized, code == "AccessDenied":
		return fmt.Errorf("%w (%w)", ErrDenied, Brief(err))
	}
	return Brief(err)
}

// elsewhere is ErrRegion in words of its own.
type elsewhere struct{ text string }

func (e *elsewhere) Error() string        { return e.text }
func (e *elsewhere) Is(target error) bool { return target == ErrRegion }

// lapsed tells the codes with which S3 and STS refuse credentials, whoever they are of.
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
func lapsed(code string) bool {
	switch code {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId",
		"InvalidClientTokenId", "MissingAuthenticationToken", "UnrecognizedClientException", "IncompleteSignature", "SignatureDoesNotMatch", "NotSignedUp":
		return true
	}
	return false
}

// wrongRegion tells the answers S3 gives when a request went to, or was signed for, a region that is not the bucket's.
func wrongRegion(status int, code string) bool {
	return status == http.StatusMovedPermanently || status == http.StatusTemporaryRedirect ||
		code == "PermanentRedirect" || code == "AuthorizationHeaderMalformed" || code == "IllegalLocationConstraintException"
}

// brokenReply makes a reply that cannot be read to its end, a page of a listing or an error's text, a passing failure: the SDK takes it for a
// final one, and the status alone ("412") would then be all that is left of it.
func brokenReply(err error) aws.Ternary {
	var unreadable *smithy.DeserializationError
	if errors.As(err, &unreadable) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// Passing tells whether err is one that passes by itself: what the SDK tries again (that it was met at all means the attempts are used up), a
// deadline of this package's own, or a name that does not resolve. That is no network, most likely: services have names whatever is asked of them.
func Passing(err error) bool {
	var gaveUp *retry.MaxAttemptsError
	var name *net.DNSError
	return errors.As(err, &gaveUp) || errors.As(err, &name) || errors.Is(err, context.DeadlineExceeded) ||
		brokenReply(err).Bool() || retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err).Bool()
}

// Unsigned tells whether no request was sent because the credential chain had nothing to sign it with. The SDK has no type for it.
func Unsigned(err error) bool {
	return strings.Contains(err.Error(), "get identity: get credentials:")
}

// response returns the status and headers of the reply that err stands for; 0 and none if there was no reply.
func response(err error) (int, http.Header) {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) && r.Response != nil {
		return r.HTTPStatusCode(), r.Response.Header
	}
	return 0, nil
}

// apiCode returns the error code of S3's reply, or "".
func apiCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Brief drops the SDK's account of its own layers and keeps code, message and the request ID that AWS support asks for.
func Brief(err error) error {
	var api smithy.APIError
	var send *smithyhttp.RequestSendError
	var op *smithy.OperationError
	switch {
	case errors.As(err, &api):
	case errors.As(err, &send): // no reply at all
		return send.Err
	case errors.As(err, &op):
		return op.Err
	default:
		return err
	}
	text := strings.TrimSuffix(api.ErrorCode()+": "+api.ErrorMessage(), ": ")
	var id interface{ ServiceRequestID() string }
	if errors.As(err, &id) && id.ServiceRequestID() != "" {
		text += ", request " + id.ServiceRequestID()
	}
	return errors.New(text)
}

// orContext returns the context's error if it has one, else err.
func orContext(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
