package store

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

const s3Scheme = "s3://"

// Open returns the store that a person calls name: "s3://bucket/prefix", or the path of a folder. o is for buckets only.
func Open(ctx context.Context, name string, o S3Options) (Store, error) {
	if bucket, prefix, ok := cutS3(name); ok {
		return S3(ctx, bucket, prefix, o)
	}
	if hint := notAPlace(name); hint != "" {
		return nil, fmt.Errorf("opening %q: %s", name, hint)
	}
	return Folder(name)
}

// cutS3 takes "s3://bucket/prefix" apart; the prefix has no slash at its end.
func cutS3(name string) (bucket, prefix string, ok bool) {
	rest, ok := strings.CutPrefix(name, s3Scheme)
	if !ok {
		return "", "", false
	}
	bucket, prefix, _ = strings.Cut(rest, "/")
	return bucket, strings.TrimSuffix(prefix, "/"), true
}

// notAPlace returns what to write instead of a name that is neither a bucket nor meant as a folder; "" where all is well.
func notAPlace(name string) string {
	const want = "a folder or s3://bucket/prefix is wanted"
	scheme, _, isURL := strings.Cut(name, "://")
	arn, isARN := strings.CutPrefix(name, "arn:")
	switch {
	case name == "":
		return want
	case isARN:
		return "write s3://" + arn[strings.LastIndexByte(arn, ':')+1:]
	case isURL && strings.EqualFold(scheme, "s3"), isURL && strings.EqualFold(scheme, "s3a"), isURL && strings.EqualFold(scheme, "s3n"):
		return "write s3:// in lower case, without a letter after it"
	case isURL && scheme == "file":
		return "write the path alone"
	case isURL:
		return want + "; " + scheme + ":// is not supported"
	case strings.HasPrefix(name, "s3:"):
		return "write s3://bucket/prefix, with two slashes; for a folder of that name, ./" + name
	}
	return ""
}

// Overlap tells whether two names, as Open takes them, are the same place or one lies inside the other. Folders are compared with
// their symbolic links resolved as far as they exist; prefixes segment by segment ("logs" holds "logs/a", not "logs2").
// A bucket that is mounted as a folder goes unnoticed.
func Overlap(a, b string) bool {
	bucketA, prefixA, isA := cutS3(a)
	bucketB, prefixB, isB := cutS3(b)
	switch {
	case isA != isB:
		return false
	case isA:
		return bucketA == bucketB && within(prefixA, prefixB)
	}
	return within(resolved(a), resolved(b))
}

// within tells whether one of two clean paths is the other or a folder above it.
func within(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if a != "" && !strings.HasSuffix(a, "/") {
		a += "/"
	}
	return strings.HasPrefix(b+"/", a)
}

// resolved returns the absolute path with the links of its longest existing beginning followed.
func resolved(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil { // no working directory
		abs = filepath.Clean(dir)
	}
	rest := ""
	for at := abs; ; at = filepath.Dir(at) {
		if real, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(real, rest)
		}
		if at == filepath.Dir(at) {
			return abs
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}
