package store_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"trailgauge/pipeline/store"
)

// tokens answers AssumeRole as STS does (AWS query protocol, version 2011-06-15) with credentials that hold for life, or with an error.
type tokens struct {
	t        *testing.T
	life     time.Duration
	status   int // of an error; 0: none
	code     string
	requests atomic.Int64
}

func (s *tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := s.requests.Add(1)
	if err := r.ParseForm(); err != nil {
		s.t.Error(err)
	}
	want := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {"arn:aws:iam::222233334444:role/audit"}, "ExternalId": {"abc"}, "RoleSessionName": {"trailgauge"}, "DurationSeconds": {"900"}}
	for name, values := range want {
		if r.PostForm.Get(name) != values[0] {
			s.t.Errorf("AssumeRole with %s %q, want %q", name, r.PostForm.Get(name), values[0])
		}
	}
	if auth := r.Header.Get("Authorization"); !strings.Contains(auth, "Credential=test/") || !strings.Contains(auth, "/sts/aws4_request") {
		s.t.Errorf("AssumeRole is signed with %q, not with the caller's credentials", auth)
	}
	w.Header().Set("Content-Type", "text/xml")
	if s.status != 0 {
		w.WriteHeader(s.status)
		fmt.Fprintf(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>about %s</Message></Error><RequestId>R1</RequestId></ErrorResponse>`, s.code, s.code)
		return
	}
	fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA:trailgauge</AssumedRoleId><Arn>arn:aws:sts::222233334444:assumed-role/audit/trailgauge</Arn></AssumedRoleUser>`+
		`<Credentials><AccessKeyId>ASIA%d</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token%d</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>R1</RequestId></ResponseMetadata></AssumeRoleResponse>`,
		n, n, time.Now().Add(s.life).UTC().Format(time.RFC3339))
}

// assuming opens a store whose requests need the role that s answers for.
func assuming(t *testing.T, s *tokens, reply http.HandlerFunc) (store.Store, error) {
	t.Helper()
	environment(t)
	sts, bucket := httptest.NewServer(s), httptest.NewServer(reply)
	t.Cleanup(sts.Close)
	t.Cleanup(bucket.Close)
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
	o := options(bucket.URL)
	o.RoleARN, o.ExternalID, o.RequesterPays = "arn:aws:iam::222233334444:role/audit", "abc", true
	return store.S3(t.Context(), "trail", "", o)
}

// Requests are signed with the role's credentials, which are asked for once, and again when they are about to end.
func TestS3Role(t *testing.T) {
	for life, want := range map[time.Duration]string{time.Hour: "1 1 1", 0: "2 3 4"} {
		var used []string
		s, err := assuming(t, &tokens{t: t, life: life}, func(w http.ResponseWriter, r *http.Request) {
			key := regexp.MustCompile(`Credential=ASIA([0-9]+)/`).FindStringSubmatch(r.Header.Get("Authorization"))
			if key == nil || r.Header.Get("X-Amz-Security-Token") != "token"+key[1] || r.Header.Get("X-Amz-Request-Payer") != "requester" {
				t.Errorf("headers %v", r.Header)
				return
			}
			used = append(used, key[1])
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, _, err := s.Get(t.Context(), "k", 0); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(used, " "); got != want {
			t.Errorf("sessions of %v: used %s, want %s", life, got, want)
		}
	}
}

func TestS3RoleErrors(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   []error
		text   string
	}{
		{403, "AccessDenied", []error{store.ErrDenied, store.ErrRole}, "opening s3://trail/: assuming role arn:aws:iam::222233334444:role/audit: access denied: the role cannot be assumed (AccessDenied: about AccessDenied, request R1)"},
		{403, "ExpiredToken", []error{store.ErrDenied, store.ErrCredentials}, "the credentials do not hold (ExpiredToken"},
		{403, "InvalidClientTokenId", []error{store.ErrDenied, store.ErrCredentials}, "InvalidClientTokenId"},
		{400, "Throttling", []error{store.ErrUnavailable}, "Throttling"},
		{503, "ServiceUnavailable", []error{store.ErrUnavailable}, "ServiceUnavailable"},
	} {
		sts := &tokens{t: t, status: c.status, code: c.code}
		_, err := assuming(t, sts, nil)
		for _, kind := range []error{store.ErrDenied, store.ErrRole, store.ErrCredentials, store.ErrUnavailable, store.ErrKMS} {
			want := false
			for _, w := range c.want {
				want = want || w == kind
			}
			if errors.Is(err, kind) != want {
				t.Errorf("%s: errors.Is(%v, %v) = %v", c.code, err, kind, !want)
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want the text %q", c.code, err, c.text)
		}
		if retried := sts.requests.Load() > 1; retried != errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %d requests", c.code, sts.requests.Load())
		}
	}
}

// A session that cannot be renewed in the middle of a run is told as what it is.
func TestS3RoleEnds(t *testing.T) {
	sts := &tokens{t: t}
	s, err := assuming(t, sts, func(http.ResponseWriter, *http.Request) {})
	if err != nil {
		t.Fatal(err)
	}
	sts.status, sts.code = 403, "AccessDenied"
	_, _, err = s.Get(t.Context(), "k", 0)
	if !errors.Is(err, store.ErrRole) || !strings.HasPrefix(err.Error(), "getting s3://trail/k: assuming role arn:aws:iam::222233334444:role/audit: access denied") {
		t.Errorf("%v", err)
	}
}

func TestS3Denials(t *testing.T) {
	for text, want := range map[string]error{
		`<Code>AccessDenied</Code><Message>User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/k because no resource-based policy allows the kms:Decrypt action</Message>`: store.ErrKMS,
		`<Code>KMS.DisabledException</Code><Message>key is disabled</Message>`:                store.ErrKMS,
		`<Code>AccessDenied</Code><Message>Access Denied</Message>`:                           nil,
		`<Code>ExpiredToken</Code><Message>The provided token has expired.</Message>`:         store.ErrCredentials,
		`<Code>InvalidAccessKeyId</Code><Message>does not exist in our records</Message>`:     store.ErrCredentials,
		`<Code>PermanentRedirect</Code><Message>must be addressed elsewhere</Message>`:        store.ErrRegion,
		`<Code>AuthorizationHeaderMalformed</Code><Message>the region 'a' is wrong</Message>`: store.ErrRegion,
	} {
		s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
			status := 403
			if want == store.ErrRegion {
				status = 400
			}
			w.WriteHeader(status)
			fmt.Fprintf(w, "<Error>%s</Error>", text)
		})
		_, _, err := s.Get(t.Context(), "k", 0)
		if errors.Is(err, store.ErrDenied) != (want != store.ErrRegion) {
			t.Errorf("%s: denied: %v", text, err)
		}
		for _, kind := range []error{store.ErrKMS, store.ErrCredentials, store.ErrRole, store.ErrRegion} {
			if errors.Is(err, kind) != (kind == want) {
				t.Errorf("%s: errors.Is(%v, %v) = %v", text, err, kind, kind != want)
			}
		}
	}
}
