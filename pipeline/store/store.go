// Package store is named bytes: a folder or a bucket. One conformance suite (storetest) holds for both.
//
// Keys are slash-separated, relative to the store's root, never empty, and hold no "." or ".." segment and no
// empty one; a key that breaks this is refused with ErrBadKey before anything is touched.
package store

import (
	"context"
	"errors"
	"time"
)

// Info describes one stored object.
type Info struct {
	Key      string
	Size     int64     // bytes
	ETag     string    // changes whenever the content does; opaque otherwise
	Modified time.Time // only for leases and grace periods, never for data
	Archived bool      // its storage class needs a restore before it can be read
}

// Store reads and writes whole objects. Methods may be called from several goroutines at once. Calls that fail for
// a passing reason (throttling, a reset connection) have already been retried when they return; the error then
// wraps ErrUnavailable.
type Store interface {
	// List calls fn for every object whose key begins with prefix and is greater than after, in byte order of keys.
	// An error of fn ends the listing and is returned. Objects whose key is not clean (see Clean) are listed too, so that a caller
	// can say that they are there; every other method refuses them. Folder markers (keys that end in "/") and what a folder's
	// unfinished writes left behind (".tmp-") are passed over.
	List(ctx context.Context, prefix, after string, fn func(Info) error) error

	// Folders returns the distinct next segments below prefix that have something below them, each as
	// prefix + segment + "/", in byte order. prefix is empty or ends with "/". Segments that make no clean key are returned too: what
	// is below them, List yields for the prefix without its last slash.
	Folders(ctx context.Context, prefix string) ([]string, error)

	// Get returns an object's bytes. ErrNotExist when it is not there. If limit > 0 and the object is larger than limit
	// bytes, nothing is read and ErrTooLarge is returned.
	Get(ctx context.Context, key string, limit int64) ([]byte, Info, error)

	// GetRange returns n bytes from off; fewer only where the object ends.
	GetRange(ctx context.Context, key string, off, n int64) ([]byte, error)

	// Stat returns the Info of one object, or ErrNotExist.
	Stat(ctx context.Context, key string) (Info, error)

	// Put writes an object as a whole, replacing what was there; a reader sees the old bytes or the new, never a mix. When it returns, and the
	// same goes for PutFile and Create, the object outlasts a power cut, and so does all that was prepared before the call.
	Put(ctx context.Context, key string, body []byte) error

	// Prepare is Put of an object that nobody looks for before another one names it: a power cut before the next call of Put, PutFile or Create
	// has returned may leave a new object damaged, empty or gone (one that is replaced is the old one or the new).
	Prepare(ctx context.Context, key string, body []byte) error

	// PutFile is Put with what the local file of that name holds, for bodies too large for memory. The file must not change meanwhile.
	PutFile(ctx context.Context, key, name string) error

	// Create writes an object only if the key is free; ErrExist otherwise. Of several at once exactly one succeeds.
	Create(ctx context.Context, key string, body []byte) error

	// Delete removes an object; it is no error when it is not there.
	Delete(ctx context.Context, key string) error

	// URL returns how a person or Athena names the object: an absolute path, or s3://bucket/prefix/key.
	URL(key string) string
}

// Errors that callers tell apart with errors.Is.
var (
	ErrNotExist    = errors.New("no such object")
	ErrExist       = errors.New("object already exists")
	ErrTooLarge    = errors.New("object is larger than the limit")
	ErrBadKey      = errors.New("key is not a clean relative path")
	ErrDenied      = errors.New("access denied")                // credentials, bucket policy or KMS key
	ErrUnavailable = errors.New("store is unavailable for now") // throttled or unreachable, after retries
)

// What was denied more exactly, where the reply says so. Errors that wrap one of the first three wrap ErrDenied as well.
var (
	ErrCredentials = errors.New("the credentials do not hold")  // there are none, or they have expired or are not known: nothing will work
	ErrRole        = errors.New("the role cannot be assumed")   // nor will anything where the role is needed
	ErrKMS         = errors.New("the KMS key cannot be used")   // by whoever asked
	ErrRegion      = errors.New("the bucket is somewhere else") // the requests went to another region
	ErrNoBucket    = errors.New("there is no such bucket")      // not ErrNotExist: a mistyped bucket must not look like an empty lake
)
