package store

import (
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// maxKey is the longest key in bytes that S3 takes, the store's own prefix included
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html).
const maxKey = 1024

// tempPrefix begins the names of files that a folder store has not finished writing. No key may hold such a segment, in
// either kind of store, so that a listing can pass over what a crash left behind.
const tempPrefix = ".tmp-"

// checkKey returns ErrBadKey for a key that is not Clean.
func checkKey(key string) error {
	switch {
	case len(key) > maxKey:
		return fmt.Errorf("%.40q… (%d bytes): %w", key, len(key), ErrBadKey)
	case !utf8.ValidString(key), strings.IndexByte(key, 0) >= 0:
		return fmt.Errorf("%q: %w", key, ErrBadKey)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.HasPrefix(segment, tempPrefix) {
			return fmt.Errorf("%q: %w", key, ErrBadKey)
		}
	}
	return nil
}

// Clean tells whether a store takes key: see the package comment; besides, a key is UTF-8 without NUL, at most 1,024 bytes
// long, and no segment begins with ".tmp-".
func Clean(key string) bool { return checkKey(key) == nil }

// passedOver tells whether a listing leaves a key out: a console's folder marker, or a write that was never finished.
func passedOver(key string) bool {
	return strings.HasSuffix(key, "/") || strings.HasPrefix(key, tempPrefix) || strings.Contains(key, "/"+tempPrefix)
}

// checkPrefix returns ErrBadKey for a prefix of a listing whose folders are not a clean key. What follows the last
// slash is only compared with names and may be anything.
func checkPrefix(prefix string) error {
	dir, _, nested := cutLast(prefix)
	if !nested {
		return nil
	}
	return checkKey(dir)
}

// checkFolder is checkPrefix for Folders, where the prefix is empty or ends with a slash.
func checkFolder(prefix string) error {
	if prefix == "" {
		return nil
	}
	dir, ok := strings.CutSuffix(prefix, "/")
	if !ok {
		return fmt.Errorf("%q does not end with a slash: %w", prefix, ErrBadKey)
	}
	return checkKey(dir)
}

// cutLast cuts s around its last slash.
func cutLast(s string) (dir, name string, found bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// skips counts what listings passed over because it is no object.
type skips struct{ n atomic.Int64 }

func (s *skips) Skipped() int64 { return s.n.Load() }

// Skipped returns how many names the listings of s have passed over since it was opened, over all calls of List: in a bucket a
// console's folder markers ("a/"), in a folder symbolic links and whatever is neither file nor folder. They cannot be read
// through a Store. Zero for a Store of another make.
func Skipped(s Store) int64 {
	if t, ok := inside[interface{ Skipped() int64 }](s); ok {
		return t.Skipped()
	}
	return 0
}
