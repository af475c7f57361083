package digest

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"
)

// The vector of aws-cli, tests/unit/customizations/cloudtrail/test_validation.py.
func TestStringToSign(t *testing.T) {
	d := &digest{EndTime: "a", Bucket: "b", Object: "c", sum: sha256.Sum256([]byte("abc"))}
	if got, want := d.signed(), "a\nb/c\nba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\nnull"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	before := "xyz"
	if d.PrevSign = &before; !strings.HasSuffix(d.signed(), "\nxyz") {
		t.Errorf("got %q", d.signed())
	}
}

func TestNameOf(t *testing.T) {
	at := time.Date(2026, 3, 11, 9, 12, 5, 0, time.UTC)
	for key, want := range map[string]name{
		"AWSLogs/1/CloudTrail-Digest/eu-central-1/2026/03/11/111122223333_CloudTrail-Digest_eu-central-1_main_eu-west-1_20260311T091205Z.json.gz": {"main_eu-west-1", "main (eu-west-1)", at, false},
		"111122223333_CloudTrail-Digest_us-gov-west-1_a_b_c.d-e_us-gov-west-1_20260311T091205Z_backfill.json.gz":                                  {"a_b_c.d-e_us-gov-west-1_backfill", "a_b_c.d-e (us-gov-west-1)", at, true},
	} {
		if got, ok := nameOf(key); !ok || got != want {
			t.Errorf("%s: %+v, %v", key, got, ok)
		}
	}
	for _, key := range []string{"", "a.json.gz", "1_CloudTrail_eu-west-1_main_eu-west-1_20260311T091205Z.json.gz", "1_CloudTrail-Digest_eu-west-1_main_eu-west-1_20261311T091205Z.json.gz"} {
		if got, ok := nameOf(key); ok {
			t.Errorf("%q is %+v", key, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"digestStartTime":"2026-03-11T08:12:05Z","digestEndTime":"2026-03-11T09:12:05Z","digestS3Bucket":"b","digestS3Object":"o","digestSignatureAlgorithm":"SHA256withRSA","previousDigestSignature":null,"logFiles":[]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := read(body)
		if err == nil && (d.Object == "" || d.end.Before(d.start) || d.PrevSign != nil && (d.PrevObject == nil || d.PrevHash == nil || d.PrevBucket == nil)) {
			t.Errorf("read %+v", d)
		}
	})
}
