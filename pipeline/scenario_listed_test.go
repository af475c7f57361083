package pipeline

import (
	"context"
	"slices"
	"strings"

	"trailgauge/pipeline/store"
)

// listed adds objects to a listing that no folder can hold.
type listed struct {
	store.Store
	more []store.Info
}

func (l *listed) List(ctx context.Context, prefix, after string, fn func(store.Info) error) error {
	var all []store.Info
	if err := l.Store.List(ctx, prefix, after, func(i store.Info) error { all = append(all, i); return nil }); err != nil {
		return err
	}
	for _, i := range l.more {
		if strings.HasPrefix(i.Key, prefix) && i.Key > after {
			all = append(all, i)
		}
	}
	slices.SortFunc(all, func(a, b store.Info) int { return strings.Compare(a.Key, b.Key) })
	for _, i := range all {
		if err := fn(i); err != nil {
			return err
		}
	}
	return nil
}

func (l *listed) Folders(ctx context.Context, prefix string) ([]string, error) {
	return foldersOf(ctx, l, prefix)
}

// foldersOf is what a bucket makes of its keys: the distinct next segments below prefix.
func foldersOf(ctx context.Context, s store.Store, prefix string) (found []string, err error) {
	err = s.List(ctx, prefix, "", func(i store.Info) error {
		if name, _, below := strings.Cut(i.Key[len(prefix):], "/"); below && !slices.Contains(found, prefix+name+"/") {
			found = append(found, prefix+name+"/")
		}
		return nil
	})
	return found, err
}
