package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/uuid"
)

// tokenKey is the user metadata by which Create knows its own object again.
const tokenKey = "trailgauge-create"

func (b *bucket) Put(ctx context.Context, key string, body []byte) error {
	return b.wrap(ctx, "putting", key, b.put(ctx, key, bytes.NewReader(body), int64(len(body)), nil))
}

// Prepare is Put: what S3 has taken lasts.
func (b *bucket) Prepare(ctx context.Context, key string, body []byte) error {
	return b.Put(ctx, key, body)
}

// Create is a PutObject with If-None-Match: *. When the reply to a first attempt is lost, the retry finds the key taken by the
// attempt before; so each Create marks its object with a random token, and a refusal counts only if another token is there.
func (b *bucket) Create(ctx context.Context, key string, body []byte) error {
	token := uuid.NewString()
	err := b.put(ctx, key, bytes.NewReader(body), int64(len(body)), &token)
	if apiCode(err) != "PreconditionFailed" {
		return b.wrap(ctx, "creating", key, err)
	}
	out, err := b.head(ctx, key)
	switch {
	case err == nil && out.Metadata[tokenKey] == token:
		return nil
	case err == nil, errors.Is(s3Error(err, b.region), ErrNotExist): // taken, or taken and deleted since
		return fmt.Errorf("creating %s: %w", b.URL(key), ErrExist)
	}
	return b.wrap(ctx, "finding out who created", key, err)
}

// put writes the object; with a token, only where there is none.
func (b *bucket) put(ctx context.Context, key string, body io.ReadSeeker, size int64, token *string) error {
	full, err := b.key(key)
	if err != nil {
		return err
	}
	in := &s3.PutObjectInput{Bucket: &b.name, Key: full, Body: body, ContentLength: aws.Int64(size),
		ContentType: contentType(key), ExpectedBucketOwner: b.owner, RequestPayer: b.payer}
	if token != nil {
		in.IfNoneMatch = aws.String("*")
		in.Metadata = map[string]string{tokenKey: *token}
	}
	if b.o.KMSKey != "" {
		in.ServerSideEncryption = types.ServerSideEncryptionAwsKms
		in.SSEKMSKeyId = &b.o.KMSKey
		in.BucketKeyEnabled = aws.Bool(true) // one call to KMS for many objects
	}
	_, err = b.client.PutObject(ctx, in)
	return err
}

// contentType names what a person may open in a browser; nil leaves S3's binary/octet-stream.
func contentType(key string) *string {
	switch path.Ext(key) {
	case ".html":
		return aws.String("text/html; charset=utf-8")
	case ".json":
		return aws.String("application/json")
	case ".txt":
		return aws.String("text/plain; charset=utf-8")
	}
	return nil
}

func (b *bucket) Delete(ctx context.Context, key string) error {
	full, err := b.key(key)
	if err == nil {
		_, err = b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: full, ExpectedBucketOwner: b.owner, RequestPayer: b.payer})
	}
	err = b.wrap(ctx, "deleting", key, err)
	if errors.Is(err, ErrNotExist) { // S3 itself does not say so; other servers do
		return nil
	}
	return err
}
