package store_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
)

func TestS3(t *testing.T) {
	environment(t)
	fake := s3mem.New()
	server := httptest.NewServer(gofakes3.New(fake).Server())
	t.Cleanup(server.Close)
	n := 0
	for _, prefix := range []string{"", "lake/of é+1"} {
		t.Run("prefix="+prefix, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Store {
				n++
				bucket := fmt.Sprintf("bucket-%d", n)
				if err := fake.CreateBucket(bucket); err != nil {
					t.Fatal(err)
				}
				return open(t, bucket, prefix, options(server.URL))
			})
		})
	}
}

// environment gives the SDK's default chain credentials and keeps out those of the machine.
func environment(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

func options(endpoint string) store.S3Options {
	return store.S3Options{Endpoint: endpoint, PathStyle: true, Retries: 3, MaxWait: time.Millisecond}
}

func open(t *testing.T, bucket, prefix string, o store.S3Options) store.Store {
	t.Helper()
	s, err := store.S3(t.Context(), bucket, prefix, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve opens a store on a server that gives every request to reply, with the number of requests so far.
func serve(t *testing.T, reply func(w http.ResponseWriter, r *http.Request, n int)) (store.Store, *atomic.Int64) {
	t.Helper()
	environment(t)
	n := new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reply(w, r, int(n.Add(1))) }))
	t.Cleanup(server.Close)
	return open(t, "trail", "", options(server.URL)), n
}

func s3Error(w http.ResponseWriter, status int, code string) {
	w.Header().Set("x-amz-request-id", "REQ1")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>about %s</Message></Error>", code, code)
}

func TestS3Errors(t *testing.T) {
	for _, c := range []struct {
		status   int
		code     string
		want     error // nil: none of the package's
		requests int64 // that one Get makes, retries included
		text     string
	}{
		{404, "NoSuchKey", store.ErrNotExist, 1, "getting s3://trail/a/b: no such object"},
		{404, "NoSuchBucket", nil, 1, "there is no such bucket"},
		{403, "AccessDenied", store.ErrDenied, 1, "getting s3://trail/a/b: access denied (AccessDenied: about AccessDenied, request REQ1)"},
		{403, "SignatureDoesNotMatch", store.ErrDenied, 1, "SignatureDoesNotMatch"},
		{400, "ExpiredToken", store.ErrDenied, 1, "ExpiredToken"},
		{400, "KMS.DisabledException", store.ErrDenied, 1, "KMS.DisabledException"},
		{403, "InvalidObjectState", store.ErrArchived, 1, "object is archived"},
		{503, "SlowDown", store.ErrUnavailable, 3, "SlowDown"},
		{500, "InternalError", store.ErrUnavailable, 3, "InternalError"},
		{400, "RequestTimeout", store.ErrUnavailable, 3, "RequestTimeout"},
		{409, "OperationAborted", store.ErrUnavailable, 3, "OperationAborted"},
		{400, "InvalidArgument", nil, 1, "InvalidArgument: about InvalidArgument"},
		{301, "PermanentRedirect", nil, 1, "getting s3://trail/a/b: the bucket is in eu-west-1, the requests went to us-east-1"},
		{400, "AuthorizationHeaderMalformed", nil, 1, "the bucket is in eu-west-1"},
	} {
		t.Run(c.code, func(t *testing.T) {
			s, n := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.Header().Set("x-amz-bucket-region", "eu-west-1")
				s3Error(w, c.status, c.code)
			})
			_, _, err := s.Get(t.Context(), "a/b", 0)
			for _, kind := range []error{store.ErrNotExist, store.ErrDenied, store.ErrArchived, store.ErrUnavailable, store.ErrExist} {
				if errors.Is(err, kind) != (kind == c.want) {
					t.Errorf("errors.Is(%v, %v) = %v", err, kind, kind != c.want)
				}
			}
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v, want the text %q", err, c.text)
			}
			if n.Load() != c.requests {
				t.Errorf("%d requests, want %d", n.Load(), c.requests)
			}
		})
	}
}

// A HEAD has no body that could name the error.
func TestS3StatErrors(t *testing.T) {
	for status, want := range map[int]error{404: store.ErrNotExist, 403: store.ErrDenied, 503: store.ErrUnavailable, 301: nil} {
		s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("x-amz-bucket-region", "eu-west-1")
			w.WriteHeader(status)
		})
		_, err := s.Stat(t.Context(), "k")
		if want == nil && (err == nil || !strings.Contains(err.Error(), "the bucket is in eu-west-1")) {
			t.Errorf("%d: %v", status, err)
		}
		if want != nil && !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", status, err, want)
		}
	}
}

func TestS3Unreachable(t *testing.T) {
	environment(t)
	server := httptest.NewServer(nil)
	server.Close() // the port is free now: connections are refused
	s := open(t, "trail", "", options(server.URL))
	_, _, err := s.Get(t.Context(), "k", 0)
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Get: %v", err)
	}
	if err := s.Put(t.Context(), "k", nil); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Put: %v", err)
	}
}

func TestS3NoCredentials(t *testing.T) {
	environment(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err := store.S3(t.Context(), "trail", "", options("http://127.0.0.1:1"))
	if !errors.Is(err, store.ErrDenied) || !errors.Is(err, store.ErrNoCredentials) || !errors.Is(err, store.ErrCredentials) {
		t.Errorf("S3: %v", err)
	}
	if strings.Contains(err.Error(), "IMDS") || !strings.Contains(err.Error(), "finding AWS credentials: access denied: there are none") {
		t.Errorf("S3: %v", err)
	}
	// A process that should have them is there, and fails: another story.
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, []byte("[default]\ncredential_process = false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", config)
	if _, err := store.S3(t.Context(), "trail", "", options("http://127.0.0.1:1")); !errors.Is(err, store.ErrCredentials) || errors.Is(err, store.ErrNoCredentials) {
		t.Errorf("a process that fails: %v", err)
	}
}

func listing(objects string) string {
	return `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType>` + objects + `</ListBucketResult>`
}

func object(key, more string) string {
	return "<Contents><Key>" + key + `</Key><Size>1</Size><ETag>"e"</ETag>` + more + "</Contents>"
}

// S3 encodes keys that XML cannot carry when asked to; folder markers are passed over and counted; unclean keys are
// listed, and refused by Get.
func TestS3ListDecodesKeys(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.URL.Query().Get("encoding-type") != "url" {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		fmt.Fprint(w, listing(object("a%01b", "")+object("a+b", "")+object("a%2Bb", "")+object("b%2F", "")+object("b%2F%2Fc", "")+object("c%2F..%2F..%2Fd", "")+object("c%2F.tmp-1", "")+object("%C3%A9", "")))
	})
	if diff := cmp.Diff([]string{"a\x01b", "a b", "a+b", "b//c", "c/../../d", "é"}, keysOf(t, s, "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := store.Skipped(s); n != 2 {
		t.Errorf("Skipped = %d, want 2", n)
	}
}

func TestS3Archived(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Method == http.MethodHead {
			w.Header().Set("x-amz-storage-class", "INTELLIGENT_TIERING")
			w.Header().Set("x-amz-archive-status", "ARCHIVE_ACCESS")
			return
		}
		if r.Header.Get("x-amz-optional-object-attributes") != "RestoreStatus" {
			t.Errorf("headers %v", r.Header)
		}
		class := func(c string) string { return "<StorageClass>" + c + "</StorageClass>" }
		restored := `<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>2026-12-01T00:00:00Z</RestoreExpiryDate></RestoreStatus>`
		fmt.Fprint(w, listing(object("1", class("STANDARD"))+object("2", class("GLACIER"))+object("3", class("GLACIER_IR"))+
			object("4", class("DEEP_ARCHIVE"))+object("5", class("GLACIER")+restored)+object("6", class("INTELLIGENT_TIERING"))+object("7", "")))
	})
	var archived []string
	err := s.List(t.Context(), "", "", func(i store.Info) error {
		if i.Archived {
			archived = append(archived, i.Key)
		}
		return nil
	})
	if diff := cmp.Diff([]string{"2", "4"}, archived); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if info, err := s.Stat(t.Context(), "6"); err != nil || !info.Archived {
		t.Errorf("Stat = %+v, %v", info, err)
	}
}

func TestS3ListOutOfOrder(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		fmt.Fprint(w, listing(object("b", "")+object("a", "")))
	})
	err := s.List(t.Context(), "", "", func(store.Info) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("List: %v", err)
	}
}

// Each request carries what S3Options promises.
func TestS3RequestHeaders(t *testing.T) {
	environment(t)
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		seen = append(seen, r.Method)
		if h.Get("x-amz-expected-bucket-owner") != "111122223333" || h.Get("x-amz-request-payer") != "requester" {
			t.Errorf("%s without owner or payer: %v", r.Method, h)
		}
		if !strings.Contains(h.Get("User-Agent"), "trailgauge") || !strings.Contains(h.Get("Authorization"), "/eu-central-1/s3/") {
			t.Errorf("%s: User-Agent %q, Authorization %q", r.Method, h.Get("User-Agent"), h.Get("Authorization"))
		}
		if r.Method == http.MethodPut {
			got := [...]string{h.Get("x-amz-server-side-encryption"), h.Get("x-amz-server-side-encryption-aws-kms-key-id"),
				h.Get("x-amz-server-side-encryption-bucket-key-enabled"), h.Get("Content-Type"), h.Get("x-amz-checksum-crc32")}
			if diff := cmp.Diff([...]string{"aws:kms", "alias/lake", "true", "text/html; charset=utf-8", ""}, got); diff != "" {
				t.Errorf("PUT (-want +got):\n%s", diff)
			}
		}
		if r.URL.Path == "/lake/" || r.URL.Path == "/lake" {
			fmt.Fprint(w, listing(""))
		} else if h.Get("Range") != "" {
			w.Header().Set("Content-Range", "bytes 0-0/1")
			w.WriteHeader(http.StatusPartialContent)
			fmt.Fprint(w, "x")
		}
	}))
	t.Cleanup(server.Close)
	o := options(server.URL)
	o.Region, o.ExpectedBucketOwner, o.RequesterPays, o.KMSKey, o.ChecksumWhenRequired = "eu-central-1", "111122223333", true, "alias/lake", true
	s := open(t, "lake", "p", o)
	ctx := t.Context()
	_, _, err1 := s.Get(ctx, "k.html", 0)
	_, err2 := s.GetRange(ctx, "k.html", 0, 1)
	_, err3 := s.Stat(ctx, "k.html")
	_, err4 := s.Folders(ctx, "")
	err := errors.Join(err1, err2, err3, err4, s.Put(ctx, "k.html", nil), s.Create(ctx, "k.html", nil), s.Delete(ctx, "k.html"),
		s.List(ctx, "", "", func(store.Info) error { return nil }))
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"GET", "GET", "HEAD", "GET", "PUT", "PUT", "DELETE", "GET"}, seen); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// A name that does not resolve is a network that is not there: to be tried again later.
func TestNoNetwork(t *testing.T) {
	environment(t)
	s := open(t, "trail", "", options("http://s3.example.invalid"))
	if _, _, err := s.Get(t.Context(), "a", 0); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if err := store.ServiceError(fmt.Errorf("asking: %w", &net.DNSError{Err: "no such host", Name: "cloudtrail.example.invalid", IsNotFound: true})); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("another service: got %v", err)
	}
}
