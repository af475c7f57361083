package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"trailgauge/fixtures"
)

// cloudTrail answers requests to CloudTrail itself: AWS's JSON 1.1, with the operation in a header. answer returns the reply, or a status and an
// error code.
func cloudTrail(t *testing.T, answer func(operation, region string, input map[string]any) (output any, status int, code string)) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		operation := r.Header.Get("X-Amz-Target")
		operation = operation[strings.LastIndexByte(operation, '.')+1:]
		scope := strings.Split(r.Header.Get("Authorization"), "/") // …Credential=KEY/DATE/REGION/SERVICE/aws4_request…
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" || len(scope) < 4 || scope[3] != "cloudtrail" ||
			!strings.HasSuffix(r.Header.Get("X-Amz-Target"), "CloudTrail_20131101."+operation) {
			t.Errorf("%s %s with %v is no request to CloudTrail", r.Method, r.URL, r.Header)
		}
		var input map[string]any
		if err := json.NewDecoder(r.Body).Decode(&input); err != nil {
			t.Errorf("%s: %v", operation, err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		output, status, code := answer(operation, scope[2], input)
		if code != "" {
			w.WriteHeader(status)
			output = map[string]string{"__type": code, "message": "about " + code}
		}
		_ = json.NewEncoder(w).Encode(output)
	}))
	t.Cleanup(s.Close)
	t.Setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", s.URL)
}

// TestVerifyBucket verifies a bucket with the signatures in metadata, and keys that CloudTrail is asked for.
func TestVerifyBucket(t *testing.T) {
	c := newCloud(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "CALLER")
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.BaseEndpoint, o.UsePathStyle = &c.s3.URL, true })
	put := func(key string, body []byte, metadata map[string]string) error {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("lake"), Key: &key, Body: bytes.NewReader(body), Metadata: metadata})
		return err
	}
	d := fixtures.NewDigester(3)
	d.Bucket = "lake"
	f := fixtures.Default()
	f.Seed, f.Days, f.Accounts, f.Regions, f.EventsPerDay, f.Anomalies, f.LateShare = 1, 1, 1, 1, 50, false, 0
	truth, err := fixtures.Write(t.Context(), f, func(key string, body []byte) error {
		if err := d.Add(key, body); err != nil {
			return err
		}
		return put(key, body, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write(truth.Delivered.Add(time.Minute), put); err != nil {
		t.Fatal(err)
	}
	asked, status, code := atomic.Int64{}, 0, ""
	cloudTrail(t, func(operation, region string, input map[string]any) (any, int, string) {
		asked.Add(1)
		from, _ := input["StartTime"].(float64)
		to, _ := input["EndTime"].(float64)
		if operation != "ListPublicKeys" || region != "eu-central-1" && region != "us-east-1" || time.Unix(int64(from), 0).After(f.End.AddDate(0, 0, -1)) || time.Unix(int64(to), 0).Before(f.End) {
			t.Errorf("%s in %s with %v", operation, region, input)
		}
		if code != "" {
			return nil, status, code
		}
		if input["NextToken"] == nil { // pages may be empty
			return map[string]any{"PublicKeyList": []any{}, "NextToken": "more"}, 0, ""
		}
		var keys map[string]any
		if err := json.Unmarshal(d.PublicKeys(), &keys); err != nil {
			t.Error(err)
		}
		return keys, 0, ""
	})
	verify := []string{"verify", "--trail", "s3://lake", "--from", f.End.AddDate(0, 0, -1).Format("2006-01-02"), "--to", f.End.Format("2006-01-02")}
	out := c.run(0, nil, verify...)
	if !strings.Contains(out, " digest files valid\n") || strings.Contains(out, "NOT PROVEN") || asked.Load() != 4 {
		t.Errorf("told, after %d requests,\n%s", asked.Load(), out)
	}
	// A file of keys does without CloudTrail; one that is not there can be asked for in CloudTrail alone.
	name := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(name, d.PublicKeys(), 0o666); err != nil {
		t.Fatal(err)
	}
	if again := c.run(0, nil, append(verify, "--public-keys", name)...); again != out || asked.Load() != 4 {
		t.Errorf("told, after %d requests,\n%s", asked.Load(), again)
	}
	for _, bad := range []struct {
		status int
		code   string
		want   int
		text   string
	}{
		{400, "AccessDeniedException", 1, "hint: the caller needs cloudtrail:ListPublicKeys"},
		{400, "ExpiredTokenException", 1, "hint: get new credentials"},
		{400, "ThrottlingException", 75, "hint: nothing is lost: run again later"},
	} {
		status, code = bad.status, bad.code
		c.run(bad.want, []string{" for its public keys: ", fmt.Sprintf("(%s: about %s", bad.code, bad.code), bad.text}, verify...)
	}
}
