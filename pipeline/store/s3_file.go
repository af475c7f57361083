package store

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// A file above multipartAbove bytes is uploaded in parts, so that a connection that breaks costs one of them and not all. S3 takes
// parts of 5 MiB to 5 GiB and at most 10,000 of them (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
const (
	multipartAbove = 64 << 20
	partSize       = 32 << 20
	maxParts       = 10_000
)

// abortTime is how long taking back an upload that failed may take, a cancelled one too.
const abortTime = 30 * time.Second

func (b *bucket) PutFile(ctx context.Context, key, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("putting %s: %w", b.URL(key), err)
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return fmt.Errorf("putting %s: %w", b.URL(key), err)
	}
	if stat.Size() <= multipartAbove {
		return b.wrap(ctx, "putting", key, b.put(ctx, key, file, stat.Size(), nil))
	}
	return b.wrap(ctx, "putting", key, b.putParts(ctx, key, file, stat.Size()))
}

// putParts uploads in parts; the object appears when the last request completes it. What fails is taken back: the parts of an upload that is
// neither completed nor aborted are invisible, and charged for.
func (b *bucket) putParts(ctx context.Context, key string, file io.ReaderAt, size int64) (err error) {
	full, err := b.key(key)
	if err != nil {
		return err
	}
	if size > partSize*maxParts {
		return fmt.Errorf("%d bytes: %w", size, ErrTooLarge)
	}
	in := &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: full, ContentType: contentType(key), ExpectedBucketOwner: b.owner, RequestPayer: b.payer}
	if b.o.KMSKey != "" {
		in.ServerSideEncryption = types.ServerSideEncryptionAwsKms
		in.SSEKMSKeyId = &b.o.KMSKey
		in.BucketKeyEnabled = aws.Bool(true)
	}
	upload, err := b.client.CreateMultipartUpload(ctx, in, signedOnly)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
			defer cancel()
			_, _ = b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: full, UploadId: upload.UploadId,
				ExpectedBucketOwner: b.owner, RequestPayer: b.payer})
		}
	}()
	var parts []types.CompletedPart
	for off := int64(0); off < size; off += partSize {
		n := min(partSize, size-off)
		number := aws.Int32(int32(len(parts) + 1))
		out, err := b.client.UploadPart(ctx, &s3.UploadPartInput{Bucket: &b.name, Key: full, UploadId: upload.UploadId, PartNumber: number,
			Body: io.NewSectionReader(file, off, n), ContentLength: aws.Int64(n), ExpectedBucketOwner: b.owner, RequestPayer: b.payer}, signedOnly)
		if err != nil {
			return err
		}
		parts = append(parts, types.CompletedPart{PartNumber: number, ETag: out.ETag})
	}
	_, err = b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b.name, Key: full, UploadId: upload.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}, ExpectedBucketOwner: b.owner, RequestPayer: b.payer}, signedOnly)
	return err
}

// signedOnly leaves the integrity of a part to the hash in its signature: a checksum of the parts could not be compared with the object
// read back as a whole, and without one S3 computes its own over all of it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
func signedOnly(o *s3.Options) {
	o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
}
