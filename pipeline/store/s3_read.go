package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func (b *bucket) Get(ctx context.Context, key string, limit int64) ([]byte, Info, error) {
	body, info, err := b.get(ctx, key, nil, limit)
	return body, info, b.wrap(ctx, "getting", key, err)
}

func (b *bucket) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	switch {
	case off < 0 || n < 0 || off+n < 0:
		return nil, fmt.Errorf("getting %s: range of %d bytes from %d: negative or too large", b.URL(key), n, off)
	case n == 0: // HTTP has no empty range, but the object must be there all the same
		_, err := b.Stat(ctx, key)
		return []byte{}, err
	}
	body, _, err := b.get(ctx, key, aws.String(fmt.Sprintf("bytes=%d-%d", off, off+n-1)), 0)
	if apiCode(err) == "InvalidRange" { // it begins at or after the end
		return []byte{}, nil
	}
	return body, b.wrap(ctx, "getting", key, err)
}

// get reads a body to its end. The SDK retries until the headers have come; that a connection breaks in the middle of the body, or
// ends early without a word, is found and retried here, from the start, because the object may have been replaced.
func (b *bucket) get(ctx context.Context, key string, byteRange *string, limit int64) (body []byte, info Info, err error) {
	full, err := b.key(key)
	if err != nil {
		return nil, info, err
	}
	in := &s3.GetObjectInput{Bucket: &b.name, Key: full, Range: byteRange, ExpectedBucketOwner: b.owner, RequestPayer: b.payer}
	for attempt := 1; ; attempt++ {
		body, info, err = b.getOnce(ctx, key, in, limit)
		var broken *brokenBody
		if !errors.As(err, &broken) || attempt >= b.o.Retries || ctx.Err() != nil {
			return body, info, err
		}
		if err := b.pause(ctx, attempt, err); err != nil {
			return nil, info, err
		}
	}
}

func (b *bucket) getOnce(ctx context.Context, key string, in *s3.GetObjectInput, limit int64) ([]byte, Info, error) {
	ctx, cancel := context.WithTimeout(ctx, b.o.ReadTimeout)
	defer cancel()
	out, err := b.client.GetObject(ctx, in, func(o *s3.Options) {
		if in.Range != nil { // a checksum is the whole object's; servers that send it with a range all the same would fail
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		}
	})
	if err != nil {
		return nil, Info{}, err
	}
	defer out.Body.Close()
	size := int64(-1) // unknown: sent in chunks
	if out.ContentLength != nil {
		size = *out.ContentLength
	}
	info := Info{Key: key, Size: size, ETag: etag(out.ETag), Modified: aws.ToTime(out.LastModified)}
	if in.Range != nil && out.ContentRange == nil {
		return nil, info, errors.New("the server ignored the range asked for")
	}
	if limit > 0 && size > limit {
		return nil, info, fmt.Errorf("%d bytes, limit %d: %w", size, limit, ErrTooLarge)
	}
	body, err := readBody(out.Body, size, limit)
	info.Size = int64(len(body))
	return body, info, err
}

// readBody reads size bytes, or where the size is unknown (-1) as many as there are, up to limit if that is positive.
func readBody(r io.Reader, size, limit int64) ([]byte, error) {
	if size < 0 {
		if limit > 0 {
			r = io.LimitReader(r, limit+1)
		}
		body, err := io.ReadAll(r)
		switch {
		case err != nil:
			return nil, &brokenBody{int64(len(body)), size, err}
		case limit > 0 && int64(len(body)) > limit:
			return nil, fmt.Errorf("more than %d bytes: %w", limit, ErrTooLarge)
		}
		return body, nil
	}
	body := newBody(size)
	n, err := io.ReadFull(r, body)
	if err == nil {
		// Reading on to the end is what makes the SDK compare the checksum.
		switch more, end := io.CopyN(io.Discard, r, 1); {
		case more > 0:
			err = errors.New("there is more than was announced")
		case end != io.EOF:
			err = end
		}
	}
	if err != nil {
		return nil, &brokenBody{int64(n), size, err}
	}
	return body, nil
}

// brokenBody is a body that ended early, came with a wrong checksum or took too long.
type brokenBody struct {
	got, want int64 // bytes; want is -1 when not announced
	err       error
}

func (e *brokenBody) Error() string {
	return fmt.Sprintf("body broke off at byte %d of %d: %v", e.got, e.want, e.err)
}

func (e *brokenBody) Unwrap() error { return e.err }

// pause waits as long as the retryer says between two attempts; a cancelled context ends it at once.
func (b *bucket) pause(ctx context.Context, attempt int, cause error) error {
	wait, err := b.retryer.RetryDelay(attempt, cause)
	if err != nil {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *bucket) Stat(ctx context.Context, key string) (Info, error) {
	out, err := b.head(ctx, key)
	if err != nil {
		return Info{}, b.wrap(ctx, "looking at", key, err)
	}
	return Info{
		Key: key, Size: aws.ToInt64(out.ContentLength), ETag: etag(out.ETag), Modified: aws.ToTime(out.LastModified),
		Archived: (archivedClass(string(out.StorageClass)) || out.ArchiveStatus != "") &&
			!strings.Contains(aws.ToString(out.Restore), `ongoing-request="false"`),
	}, nil
}

func (b *bucket) head(ctx context.Context, key string) (*s3.HeadObjectOutput, error) {
	full, err := b.key(key)
	if err != nil {
		return nil, err
	}
	return b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: full, ExpectedBucketOwner: b.owner, RequestPayer: b.payer})
}

// archivedClass tells whether a storage class needs a restore before reading. GLACIER_IR ("instant retrieval") does not.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
func archivedClass(class string) bool {
	return class == string(types.ObjectStorageClassGlacier) || class == string(types.ObjectStorageClassDeepArchive)
}

func etag(quoted *string) string { return strings.Trim(aws.ToString(quoted), `"`) }
