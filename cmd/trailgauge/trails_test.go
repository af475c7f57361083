package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"trailgauge/fixtures"
	"trailgauge/pipeline/store"
)

// cloud is an S3 server whose buckets each want credentials of their own, and an STS that gives them out, both on the loopback interface.
type cloud struct {
	*testing.T
	s3, sts *httptest.Server
	refuse  atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool] // answers a request to S3 in its place
}

// roles are whose credentials the buckets take: the access key's owner.
var roles = map[string]string{"conf": "CALLER", "lake": "CALLER", "acme-a": "ROLEA", "acme-b": "ROLEB"}

func newCloud(t *testing.T) *cloud {
	c := &cloud{T: t}
	backend := gofakes3.New(s3mem.New())
	for bucket := range roles {
		r := httptest.NewRequest(http.MethodPut, "/"+bucket, nil)
		backend.Server().ServeHTTP(httptest.NewRecorder(), r)
	}
	c.s3 = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bucket, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		auth := r.Header.Get("Authorization")
		switch refuse := c.refuse.Load(); {
		case refuse != nil && (*refuse)(w, r):
		case !strings.Contains(auth, "Credential="+roles[bucket]+"/"):
			answer(w, http.StatusForbidden, "AccessDenied", "Access Denied")
		case bucket == "acme-b" && r.Header.Get("X-Amz-Request-Payer") != "requester":
			answer(w, http.StatusForbidden, "AccessDenied", "requester pays")
		case bucket == "acme-a" && r.Header.Get("X-Amz-Expected-Bucket-Owner") != "111122223333":
			answer(w, http.StatusForbidden, "AccessDenied", "owner")
		default:
			backend.Server().ServeHTTP(w, r)
		}
	}))
	c.sts = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if r.PostForm.Get("Action") == "GetCallerIdentity" {
			fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::999988887777:user/job</Arn><UserId>A</UserId><Account>999988887777</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
			return
		}
		role := map[string]string{"arn:aws:iam::111122223333:role/audit": "ROLEA", "arn:aws:iam::222233334444:role/audit": "ROLEB"}[r.PostForm.Get("RoleArn")]
		if role == "ROLEB" && r.PostForm.Get("ExternalId") != "abc" || role == "" || r.PostForm.Get("Action") != "AssumeRole" {
			answer(w, http.StatusForbidden, "AccessDenied", "User: arn:aws:iam::999988887777:user/job is not authorized to perform: sts:AssumeRole on resource: "+r.PostForm.Get("RoleArn"))
			return
		}
		fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			role, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(c.s3.Close)
	t.Cleanup(c.sts.Close)
	for name, value := range map[string]string{
		"AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "eu-west-1", "AWS_CONFIG_FILE": os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL_STS": c.sts.URL,
	} {
		t.Setenv(name, value)
	}
	return c
}

func answer(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error><Code>%s</Code><Message>%s</Message></ErrorResponse>", code, message, code, message)
}

// fill puts a small trail into a bucket.
func (c *cloud) fill(bucket string, seed uint64) {
	c.Helper()
	c.Setenv("AWS_ACCESS_KEY_ID", roles[bucket])
	o := store.S3Options{Endpoint: c.s3.URL, PathStyle: true, ChecksumWhenRequired: true, RequesterPays: true}
	if bucket == "acme-a" {
		o.ExpectedBucketOwner = "111122223333"
	}
	s, err := store.S3(c.Context(), bucket, "", o)
	if err != nil {
		c.Fatal(err)
	}
	f := fixtures.Default()
	f.Seed, f.Days, f.Accounts, f.Regions, f.EventsPerDay, f.Anomalies, f.LateShare = seed, 1, 1, 1, 50, false, 0
	if _, err := fixtures.Write(c.Context(), f, func(key string, body []byte) error { return s.Put(c.Context(), key, body) }); err != nil {
		c.Fatal(err)
	}
}

func (c *cloud) put(bucket, key, body string) {
	c.Helper()
	c.Setenv("AWS_ACCESS_KEY_ID", roles[bucket])
	s, err := store.S3(c.Context(), bucket, "", store.S3Options{Endpoint: c.s3.URL, PathStyle: true, ChecksumWhenRequired: true})
	if err == nil {
		err = s.Put(c.Context(), key, []byte(body))
	}
	if err != nil {
		c.Fatal(err)
	}
}

// run runs a command with the caller's credentials and wants an exit status and texts on stderr.
func (c *cloud) run(want int, texts []string, args ...string) string {
	c.Helper()
	c.Setenv("AWS_ACCESS_KEY_ID", "CALLER")
	var out, errs bytes.Buffer
	got := Main(context.Background(), append(args, "--endpoint", c.s3.URL, "--path-style"), &out, &errs)
	if got != want {
		c.Fatalf("trailgauge %q: exit status %d, want %d\n%s%s", args, got, want, &out, &errs)
	}
	for _, text := range texts {
		if !strings.Contains(errs.String(), text) {
			c.Errorf("trailgauge %q says\n%s, not\n%s", args, &errs, text)
		}
	}
	return out.String()
}

const twoTrails = `trails:
  - url: s3://acme-a
    role_arn: arn:aws:iam::111122223333:role/audit
    owner: "111122223333"
  - url: s3://acme-b
    role_arn: arn:aws:iam::222233334444:role/audit
    external_id: abc
    request_payer: requester
`

// TestTrailsOfAccounts reads two accounts' buckets, each through a role of its own, with the configuration in a bucket: real requests of the SDK.
func TestTrailsOfAccounts(t *testing.T) {
	c := newCloud(t)
	c.fill("acme-a", 1)
	c.fill("acme-b", 2)
	c.put("conf", "dir/trailgauge.yaml", twoTrails)
	run := func(lake string) []string {
		return []string{"run", "--config", "s3://conf/dir/trailgauge.yaml", "--lake", lake, "--as-of", "2026-11-01"}
	}
	c.run(0, nil, run(t.TempDir())...)

	// Each thing that can be wrong says what to do, and loses nothing.
	for _, bad := range []struct {
		name   string
		status int
		texts  []string
		refuse func(w http.ResponseWriter, r *http.Request) bool
	}{
		{"credentials expire on the way", 1, []string{"access denied: the credentials do not hold (ExpiredToken: ", "hint: get new credentials"}, func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, ".json.gz") {
				return false
			}
			answer(w, http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
			return true
		}},
		{"another region", 1, []string{"the bucket is in ap-south-1, the requests went to eu-west-1", "hint: name that region"}, func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/acme-b") {
				return false
			}
			w.Header().Set("X-Amz-Bucket-Region", "ap-south-1")
			answer(w, http.StatusMovedPermanently, "PermanentRedirect", "elsewhere")
			return true
		}},
		{"listing is denied", 1, []string{"hint: check the credentials"}, func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/acme-a") {
				return false
			}
			answer(w, http.StatusForbidden, "AccessDenied", "no")
			return true
		}},
	} {
		t.Run(bad.name, func(t *testing.T) {
			lake := t.TempDir()
			c.refuse.Store(&bad.refuse)
			c.run(bad.status, bad.texts, run(lake)...)
			c.refuse.Store(nil)
			if commits, _ := filepath.Glob(filepath.Join(lake, "state", "commits", "*")); len(commits) > 0 {
				t.Errorf("committed %q", commits)
			}
			c.run(0, nil, run(lake)...)
			c.whole(lake)
		})
	}
	// KMS is denied for one trail's objects: they are rejected, and read once it is granted.
	kms := func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/acme-b/") || !strings.HasSuffix(r.URL.Path, ".json.gz") {
			return false
		}
		answer(w, http.StatusForbidden, "AccessDenied", "User: x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/k")
		return true
	}
	lake := t.TempDir()
	c.refuse.Store(&kms)
	if out := c.run(3, nil, run(lake)...); !strings.Contains(out, "the KMS key cannot be used") {
		t.Errorf("the report does not say why objects were rejected\n%s", out)
	}
	c.refuse.Store(nil)
	c.run(0, nil, run(lake)...)
	c.whole(lake)
}

// whole checks that nothing is left to be read, and that the lake's events are those of both trails.
func (c *cloud) whole(lake string) {
	c.Helper()
	out := c.run(0, nil, "plan", "--config", "s3://conf/dir/trailgauge.yaml", "--lake", lake, "--as-of", "2026-11-01")
	if !strings.Contains(out, "would read 0 objects") {
		c.Errorf("after all runs:\n%s", out)
	}
	for _, bucket := range []string{"acme-a", "acme-b"} {
		lists, err := filepath.Glob(filepath.Join(lake, "state", "objects", "*", "*", "*", "*.tsv"))
		if err != nil || len(lists) == 0 {
			c.Fatalf("lists of objects: %q, %v", lists, err)
		}
		n := 0
		for _, name := range lists {
			text, err := os.ReadFile(name)
			if err != nil {
				c.Fatal(err)
			}
			n += strings.Count(string(text), "\tok\t\""+bucket+"/AWSLogs/")
		}
		if n == 0 {
			c.Errorf("nothing was read from %s", bucket)
		}
	}
}

func TestConfigurationInABucket(t *testing.T) {
	c := newCloud(t)
	c.put("conf", "typo.yaml", "score_reads: true\nscore_raeds: true\n")
	c.put("conf", "role.yaml", strings.Replace(twoTrails, "external_id: abc", "external_id: abd", 1))
	args := func(name string) []string { return []string{"plan", "--config", name, "--lake", t.TempDir()} }
	c.run(2, []string{"reading s3://conf/typo.yaml: [2:1] unknown field \"score_raeds\""}, args("s3://conf/typo.yaml")...)
	c.run(2, []string{"reading the configuration: getting s3://conf/none.yaml: no such object"}, args("s3://conf/none.yaml")...)
	c.run(1, []string{"getting s3://acme-a/x.yaml: access denied"}, args("s3://acme-a/x.yaml")...)
	c.run(1, []string{"opening s3://acme-b/: assuming role arn:aws:iam::222233334444:role/audit: access denied: the role cannot be assumed", "hint: the caller (aws sts get-caller-identity) needs sts:AssumeRole"},
		args("s3://conf/role.yaml")...)
	c.put("lake", "AWSLogs/none", "")
	c.run(1, []string{"assuming role arn:aws:iam::333344445555:role/x"}, "plan", "--trail", "s3://acme-a", "--trail-role", "arn:aws:iam::333344445555:role/x", "--lake", t.TempDir())
}
