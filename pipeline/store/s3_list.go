package store

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// List asks for pages of 1,000. General-purpose buckets list in byte order of keys; a server that does not (a directory
// bucket, some clones) is refused with an error rather than believed.
func (b *bucket) List(ctx context.Context, prefix, after string, fn func(Info) error) error {
	if err := checkPrefix(prefix); err != nil {
		return fmt.Errorf("listing s3://%s/%s: %w", b.name, b.root, err)
	}
	in := &s3.ListObjectsV2Input{Prefix: aws.String(b.root + prefix),
		OptionalObjectAttributes: []types.OptionalObjectAttributes{types.OptionalObjectAttributesRestoreStatus}}
	if after != "" {
		in.StartAfter = aws.String(b.root + after)
	}
	last := after
	return b.pages(ctx, prefix, in, func(out *s3.ListObjectsV2Output, decode func(*string) (string, error)) error {
		for _, o := range out.Contents {
			full, err := decode(o.Key)
			if err != nil {
				return err
			}
			key, below := strings.CutPrefix(full, b.root)
			if !below || key <= last && last != "" {
				return fmt.Errorf("listing %s: the server sent %q after %q, out of order", b.URL(prefix), full, b.root+last)
			}
			last = key
			if passedOver(key) {
				b.skips.n.Add(1)
				continue
			}
			if err := ctx.Err(); err != nil {
				return b.wrap(ctx, "listing", prefix, err)
			}
			if err := fn(listed(key, o)); err != nil {
				return err
			}
		}
		return nil
	})
}

func listed(key string, o types.Object) Info {
	restored := o.RestoreStatus != nil && o.RestoreStatus.RestoreExpiryDate != nil && !aws.ToBool(o.RestoreStatus.IsRestoreInProgress)
	return Info{Key: key, Size: aws.ToInt64(o.Size), ETag: etag(o.ETag), Modified: aws.ToTime(o.LastModified),
		Archived: archivedClass(string(o.StorageClass)) && !restored}
}

func (b *bucket) Folders(ctx context.Context, prefix string) ([]string, error) {
	if err := checkFolder(prefix); err != nil {
		return nil, fmt.Errorf("listing folders of s3://%s/%s: %w", b.name, b.root, err)
	}
	var found []string
	in := &s3.ListObjectsV2Input{Prefix: aws.String(b.root + prefix), Delimiter: aws.String("/")}
	err := b.pages(ctx, prefix, in, func(out *s3.ListObjectsV2Output, decode func(*string) (string, error)) error {
		for _, p := range out.CommonPrefixes {
			full, err := decode(p.Prefix)
			if err != nil {
				return err
			}
			folder := strings.TrimPrefix(full, b.root)
			if !strings.HasPrefix(strings.TrimPrefix(folder, prefix), tempPrefix) {
				found = append(found, folder)
			}
		}
		return nil
	})
	return found, err
}

// pages calls fn for each page of a listing, with the function that decodes its keys: XML cannot carry every byte a key may hold, so
// they are asked for in URL encoding, which a server may disregard, and then says so by not naming it in its reply.
func (b *bucket) pages(ctx context.Context, prefix string, in *s3.ListObjectsV2Input,
	fn func(*s3.ListObjectsV2Output, func(*string) (string, error)) error) error {
	in.Bucket, in.ExpectedBucketOwner, in.RequestPayer, in.EncodingType = &b.name, b.owner, b.payer, types.EncodingTypeUrl
	for {
		out, err := b.client.ListObjectsV2(ctx, in)
		if err != nil {
			return b.wrap(ctx, "listing", prefix, err)
		}
		encoded := out.EncodingType == types.EncodingTypeUrl
		err = fn(out, func(s *string) (string, error) {
			if !encoded {
				return aws.ToString(s), nil
			}
			plain, err := url.QueryUnescape(aws.ToString(s))
			if err != nil {
				return "", fmt.Errorf("listing %s: %w", b.URL(prefix), err)
			}
			return plain, nil
		})
		if err != nil || !aws.ToBool(out.IsTruncated) {
			return err
		}
		if aws.ToString(out.NextContinuationToken) == "" {
			return fmt.Errorf("listing %s: the server says there is more but not where", b.URL(prefix))
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}
