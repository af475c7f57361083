package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// List walks the tree with the names of one folder for each level in memory. A folder sorts as its name with a slash, which is
// what puts whole keys into byte order: "a-b/1", "a.txt", "a/1".
func (f *folder) List(ctx context.Context, prefix, after string, fn func(Info) error) error {
	if err := checkPrefix(prefix); err != nil {
		return fmt.Errorf("listing %s: %w", f.dir, err)
	}
	dir, _, nested := cutLast(prefix)
	if nested {
		dir += "/"
	}
	return f.walkFrom(ctx, dir, func(root *os.Root) error {
		w := walk{ctx: ctx, root: root, prefix: prefix, after: after, fn: fn, skips: &f.skips}
		return w.folder(dir)
	})
}

func (f *folder) Folders(ctx context.Context, prefix string) ([]string, error) {
	if err := checkFolder(prefix); err != nil {
		return nil, fmt.Errorf("listing folders of %s: %w", f.dir, err)
	}
	var found []string
	err := f.walkFrom(ctx, prefix, func(root *os.Root) error {
		entries, err := sortedEntries(root, prefix)
		for _, e := range entries {
			if !e.IsDir() || strings.HasPrefix(e.Name(), tempPrefix) {
				continue
			}
			full, err := holdsObject(ctx, root, prefix+e.Name()+"/")
			if err != nil {
				return err
			}
			if full {
				found = append(found, prefix+e.Name()+"/")
			}
		}
		return err
	})
	return found, err
}

// holdsObject tells whether there is any object below dir: Delete leaves empty folders behind, and a bucket has none.
func holdsObject(ctx context.Context, root *os.Root, dir string) (bool, error) {
	w := walk{ctx: ctx, root: root, fn: func(Info) error { return ErrEnough }, skips: new(skips)}
	err := w.folder(dir)
	if err == ErrEnough {
		return true, nil
	}
	return false, err
}

// walkFrom opens the root and runs fn on it; no root, nothing to walk.
func (f *folder) walkFrom(ctx context.Context, dir string, fn func(*os.Root) error) error {
	root, err := os.OpenRoot(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("listing %s: %w", f.URL(dir), osError(err))
	}
	defer root.Close()
	return fn(root)
}

// walk is one listing under way.
type walk struct {
	ctx           context.Context
	root          *os.Root
	prefix, after string
	fn            func(Info) error
	skips         *skips
}

// folder lists everything below dir, which is empty or ends with a slash.
func (w *walk) folder(dir string) error {
	if err := w.ctx.Err(); err != nil {
		return fmt.Errorf("listing %s: %w", dir, err)
	}
	entries, err := sortedEntries(w.root, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := w.entry(dir, e); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) entry(dir string, e fs.DirEntry) error {
	key := dir + e.Name()
	switch {
	case strings.HasPrefix(e.Name(), tempPrefix):
		return nil
	case e.IsDir():
		key += "/"
		if !strings.HasPrefix(key, w.prefix) && !strings.HasPrefix(w.prefix, key) {
			return nil
		}
		if key < w.after && !strings.HasPrefix(w.after, key) { // all of it lies before
			return nil
		}
		return w.folder(key)
	case !strings.HasPrefix(key, w.prefix), key <= w.after:
		return nil
	case !e.Type().IsRegular():
		w.skips.n.Add(1)
		return nil
	}
	if err := w.ctx.Err(); err != nil {
		return fmt.Errorf("listing %s: %w", dir, err)
	}
	stat, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) { // deleted meanwhile
		return nil
	}
	if err != nil {
		return fmt.Errorf("listing %s: %w", key, osError(err))
	}
	return w.fn(fileInfo(key, stat))
}

// sortedEntries reads one folder in byte order of the keys in it. A folder that is not there, or a link, is empty.
func sortedEntries(root *os.Root, dir string) ([]fs.DirEntry, error) {
	name := path.Clean(dir) // "." for the root itself
	stat, err := root.Lstat(name)
	if err == nil && !stat.IsDir() {
		return nil, nil
	}
	var entries []fs.DirEntry
	if err == nil {
		entries, err = readDir(root, name)
	}
	if errors.Is(osError(err), ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", path.Join(root.Name(), dir), osError(err))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(slashed(a), slashed(b)) })
	return entries, nil
}

func readDir(root *os.Root, name string) ([]fs.DirEntry, error) {
	d, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.ReadDir(-1)
}

func slashed(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}
