package digest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// digest is the content of a digest file.
type digest struct {
	StartTime   string  `json:"digestStartTime"`
	EndTime     string  `json:"digestEndTime"`
	Bucket      string  `json:"digestS3Bucket"`
	Object      string  `json:"digestS3Object"`
	Fingerprint string  `json:"digestPublicKeyFingerprint"`
	Algorithm   string  `json:"digestSignatureAlgorithm"`
	PrevBucket  *string `json:"previousDigestS3Bucket"`
	PrevObject  *string `json:"previousDigestS3Object"`
	PrevHash    *string `json:"previousDigestHashValue"`
	PrevHashAlg *string `json:"previousDigestHashAlgorithm"`
	PrevSign    *string `json:"previousDigestSignature"`
	Logs        []log   `json:"logFiles"`

	start, end time.Time
	sum        [sha256.Size]byte // of the file, uncompressed
}

type log struct {
	Bucket    string `json:"s3Bucket"`
	Object    string `json:"s3Object"`
	Hash      string `json:"hashValue"`
	Algorithm string `json:"hashAlgorithm"`
}

var errFormat = errors.New("invalid format")

// read reads an uncompressed digest.
func read(body []byte) (*digest, error) {
	d := &digest{sum: sha256.Sum256(body)}
	if err := json.Unmarshal(body, d); err != nil {
		return nil, fmt.Errorf("%w: %w", errFormat, err)
	}
	var present struct { // null is a value: the chain begins here
		Sign json.RawMessage `json:"previousDigestSignature"`
	}
	if err := json.Unmarshal(body, &present); err != nil || present.Sign == nil {
		return nil, fmt.Errorf("%w: previousDigestSignature is missing", errFormat)
	}
	for name, value := range map[string]string{"digestS3Bucket": d.Bucket, "digestS3Object": d.Object} {
		if value == "" {
			return nil, fmt.Errorf("%w: %s is missing", errFormat, name)
		}
	}
	var err1, err2 error
	d.start, err1 = time.Parse(time.RFC3339, d.StartTime)
	d.end, err2 = time.Parse(time.RFC3339, d.EndTime)
	if err1 != nil || err2 != nil || d.end.Before(d.start) {
		return nil, fmt.Errorf("%w: from %.30q to %.30q is no time", errFormat, d.StartTime, d.EndTime)
	}
	if d.Algorithm != "SHA256withRSA" || d.PrevHashAlg != nil && *d.PrevHashAlg != "SHA-256" {
		return nil, fmt.Errorf("%w: the algorithm %.30q is not SHA256withRSA", errFormat, d.Algorithm)
	}
	if (d.PrevObject == nil) != (d.PrevSign == nil) || (d.PrevObject == nil) != (d.PrevBucket == nil) || (d.PrevObject == nil) != (d.PrevHash == nil) {
		return nil, fmt.Errorf("%w: it names the digest before in part", errFormat)
	}
	return d, nil
}

// signed returns what the signature is of.
func (d *digest) signed() string {
	before := "null"
	if d.PrevSign != nil {
		before = *d.PrevSign
	}
	return d.EndTime + "\n" + d.Bucket + "/" + d.Object + "\n" + hex.EncodeToString(d.sum[:]) + "\n" + before
}

// verify checks one signature, in hex: RSASSA-PKCS1-v1_5 with SHA-256.
func (d *digest) verify(key *rsa.PublicKey, signature string) error {
	raw, err := hex.DecodeString(signature)
	if err != nil {
		return errors.New("signature verification failed: it is no hex")
	}
	sum := sha256.Sum256([]byte(d.signed()))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw) != nil {
		return errors.New("signature verification failed")
	}
	return nil
}

// name is what a digest's file name tells.
type name struct {
	chain    string    // trail, home region and whether it is a chain of backfills
	trail    string    // trail and home region
	stamp    time.Time // end of the time that it is of
	backfill bool
}

var names = regexp.MustCompile(`^[^_/]+_CloudTrail-Digest_[a-z0-9-]+_(.+)_([a-z0-9-]+)_([0-9]{8}T[0-9]{6}Z)(_backfill)?\.json\.gz$`)

// nameOf reads the file name of a digest:
// <account>_CloudTrail-Digest_<region>_<trail>_<home region>_YYYYMMDDTHHmmssZ[_backfill].json.gz
func nameOf(key string) (name, bool) {
	m := names.FindStringSubmatch(key[strings.LastIndexByte(key, '/')+1:])
	if m == nil {
		return name{}, false
	}
	at, err := time.Parse("20060102T150405Z", m[3])
	return name{m[1] + "_" + m[2] + m[4], m[1] + " (" + m[2] + ")", at, m[4] != ""}, err == nil
}
