package store

import "context"

// Metadata returns what was stored beside an object's bytes, by name in lower case without S3's "x-amz-meta-"; nil where a store keeps none, as
// a folder does. ErrNotExist when the object is not there.
func Metadata(ctx context.Context, s Store, key string) (map[string]string, error) {
	type keeper interface {
		Metadata(ctx context.Context, key string) (map[string]string, error)
	}
	if t, ok := inside[keeper](s); ok {
		return t.Metadata(ctx, key)
	}
	return nil, nil
}

// Metadata asks for an object's head.
func (b *bucket) Metadata(ctx context.Context, key string) (map[string]string, error) {
	out, err := b.head(ctx, key)
	if err != nil {
		return nil, b.wrap(ctx, "looking at", key, err)
	}
	return out.Metadata, nil
}

// Metadata asks the place that the object is in.
func (j *joined) Metadata(ctx context.Context, key string) (map[string]string, error) {
	s, below, err := j.of(key)
	if err != nil {
		return nil, err
	}
	return Metadata(ctx, s, below)
}
