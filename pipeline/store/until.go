package store

import (
	"context"
	"errors"
)

// ErrEnough ends a ListUntil.
var ErrEnough = errors.New("enough was listed")

// Last sorts behind everything in a folder: folder + Last comes after all of its keys.
const Last = "\U0010FFFF"

// ListUntil is s.List, which fn may end with ErrEnough before its end: that is no error.
func ListUntil(ctx context.Context, s Store, prefix, after string, fn func(Info) error) error {
	err := s.List(ctx, prefix, after, fn)
	if errors.Is(err, ErrEnough) {
		return nil
	}
	return err
}
