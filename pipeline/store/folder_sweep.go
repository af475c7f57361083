package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// Sweep removes what writes that were killed have left below a folder store: temporary files last written before the given time, which
// must be longer ago than any write may take. It returns how many. A bucket keeps nothing of the kind: zero.
func Sweep(ctx context.Context, s Store, before time.Time) (removed int, err error) {
	if f, ok := inside[*folder](s); ok {
		return f.sweep(ctx, before)
	}
	return 0, nil
}

func (f *folder) sweep(ctx context.Context, before time.Time) (removed int, err error) {
	err = f.walkFrom(ctx, "", func(root *os.Root) error {
		return fs.WalkDir(root.FS(), ".", func(path string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
			case ctx.Err() != nil:
				return ctx.Err()
			case !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), tempPrefix):
				return nil
			default:
				var stat fs.FileInfo
				if stat, err = e.Info(); err == nil && stat.ModTime().Before(before) {
					if err = root.Remove(path); err == nil {
						removed++
					}
				}
			}
			if errors.Is(err, fs.ErrNotExist) { // its write has ended, or its folder is gone
				return nil
			}
			return err
		})
	})
	if err != nil {
		return removed, fmt.Errorf("sweeping %s: %w", f.dir, osError(err))
	}
	return removed, nil
}
