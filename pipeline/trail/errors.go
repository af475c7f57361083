package trail

import (
	"encoding/json"
	"strings"
)

// The families of error codes. The code itself stays the key; a family groups codes for people.
const (
	AccessDenied   = "access-denied"
	Authentication = "authentication"
	Throttling     = "throttling"
	Quota          = "quota"
	NotFound       = "not-found"
	Validation     = "validation"
	Conflict       = "conflict"
	Server         = "server"
	OtherError     = "other"
)

// ErrorOf tells whether the call failed, with which code, and which family the code belongs to. A console
// event that failed without an errorCode (sign-ins do) gets a code of our own, such as ConsoleLogin.Failure.
// A dry run that would have succeeded is not an error. All of it is empty for a call that succeeded.
func ErrorOf(r *Record) (code, family string, isError bool) {
	switch r.ErrorCode {
	case "", "Success", "DryRunOperation", "Client.DryRunOperation":
	default:
		return r.ErrorCode, FamilyOf(r.ErrorCode), true
	}
	if consoleFailure(r) {
		return r.EventName + ".Failure", Authentication, true
	}
	return "", "", false
}

// consoleFailure looks where console events tell their outcome: responseElements is {"<eventName>":"Failure"},
// or a sign-in has an errorMessage.
func consoleFailure(r *Record) bool {
	if r.ErrorMessage != "" && strings.EqualFold(r.EventType, "AwsConsoleSignIn") {
		return true
	}
	if r.EventName == "" || !strings.Contains(r.ResponseElements, `Failure"`) {
		return false
	}
	var outcome map[string]json.RawMessage
	err := json.Unmarshal([]byte(r.ResponseElements), &outcome)
	return err == nil && string(outcome[r.EventName]) == `"Failure"`
}

// FamilyOf returns the family of an error code. It applies the exact names first, throttling before quota, and parts of names last.
func FamilyOf(code string) string {
	name := code[strings.LastIndexByte(code, '#')+1:]
	name = strings.TrimPrefix(name, "Client.")
	name, server := strings.CutPrefix(name, "Server.")
	name = strings.TrimSuffix(strings.TrimSuffix(name, "Exception"), "Fault")
	if f := exactFamily(name); f != "" {
		return f
	}
	has := func(part string) bool { return strings.Contains(name, part) }
	switch {
	case has("AccessDenied"), has("Unauthorized"), has("NotAuthorized"):
		return AccessDenied
	case has("Throttl"), has("TooManyRequests"):
		return Throttling
	case strings.HasSuffix(name, "LimitExceeded"), has("QuotaExceeded"):
		return Quota
	case has("NotFound"), strings.HasPrefix(name, "NoSuch"):
		return NotFound
	case has("AlreadyExists"), strings.HasSuffix(name, "State"):
		return Conflict
	case server:
		return Server
	case strings.HasPrefix(name, "Invalid"), strings.HasPrefix(name, "Malformed"), strings.HasPrefix(name, "Missing"):
		return Validation
	}
	return OtherError
}

// exactFamily knows codes by their name without Client., Server., a name space, Exception and Fault.
// Throttling is the list botocore retries on; LimitExceeded means a quota in some services and is in it.
func exactFamily(name string) string {
	switch name {
	case "AccessDenied", "UnauthorizedOperation", "Unauthorized", "NotAuthorized", "AuthorizationError",
		"OptInRequired", "VpceAccessDenied":
		return AccessDenied
	case "AuthFailure", "InvalidClientTokenId", "UnrecognizedClient", "MissingAuthenticationToken",
		"ExpiredToken", "RequestExpired", "IncompleteSignature", "SignatureDoesNotMatch":
		return Authentication
	case "Throttling", "Throttled", "RequestThrottled", "TooManyRequests", "ProvisionedThroughputExceeded",
		"TransactionInProgress", "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceeded", "SlowDown",
		"PriorRequestNotComplete", "EC2Throttled":
		return Throttling
	case "ServiceQuotaExceeded":
		return Quota
	case "ValidationError", "Validation", "InvalidRequest", "MalformedPolicyDocument", "MissingParameter",
		"UnknownParameter":
		return Validation
	case "EntityAlreadyExists", "Conflict", "BucketNotEmpty", "DependencyViolation", "IncorrectState",
		"InvalidDBInstanceState":
		return Conflict
	case "InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable":
		return Server
	}
	return ""
}
