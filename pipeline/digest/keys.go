package digest

import (
	"context"
	"crypto/md5"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Keys finds the public key that CloudTrail signs a region's digests with. ErrNoKey when there is none of that fingerprint; other errors end
// the verification.
type Keys interface {
	Key(ctx context.Context, region, fingerprint string, at time.Time) (*rsa.PublicKey, error)
}

// Ring holds keys by fingerprint, of whatever region.
type Ring map[string]*rsa.PublicKey

// Key implements Keys.
func (r Ring) Key(_ context.Context, _, fingerprint string, _ time.Time) (*rsa.PublicKey, error) {
	if k := r[fingerprint]; k != nil {
		return k, nil
	}
	return nil, ErrNoKey
}

// ParseKeys reads what "aws cloudtrail list-public-keys" prints: {"PublicKeyList": [{"Value": …, "Fingerprint": …}]}.
func ParseKeys(body []byte) (Ring, error) {
	var file struct {
		PublicKeyList []struct {
			Value       []byte
			Fingerprint string
		}
	}
	if err := json.Unmarshal(body, &file); err != nil {
		return nil, err
	}
	if len(file.PublicKeyList) == 0 {
		return nil, errors.New("it lists no keys: want the output of: aws cloudtrail list-public-keys --output json")
	}
	ring := Ring{}
	for i, k := range file.PublicKeyList {
		key, err := ParseKey(k.Value)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		if k.Fingerprint == "" {
			k.Fingerprint = Fingerprint(k.Value)
		}
		ring[k.Fingerprint] = key
	}
	return ring, nil
}

// ParseKey reads a public key in DER: PKCS #1, as the API documents it, or SPKI, as it has been seen to send.
func ParseKey(der []byte) (*rsa.PublicKey, error) {
	key, err := x509.ParsePKCS1PublicKey(der)
	if err == nil {
		return key, nil
	}
	if spki, err := x509.ParsePKIXPublicKey(der); err == nil {
		if key, ok := spki.(*rsa.PublicKey); ok {
			return key, nil
		}
	}
	return nil, fmt.Errorf("it is no RSA public key in DER: %w", err)
}

// Fingerprint is the name that CloudTrail gives a key: the MD5 of its DER, in hex. It only names the key, MD5 protects nothing here.
func Fingerprint(der []byte) string {
	sum := md5.Sum(der)
	return hex.EncodeToString(sum[:])
}
