package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"syscall"
	"time"
)

// Put writes a temporary file, syncs it, renames it into place and syncs the folder: after a power cut there is the old
// object or the new one.
func (f *folder) Put(ctx context.Context, key string, body []byte) error {
	return f.write(ctx, key, bytes.NewReader(body), replace(key))
}

// PutFile is Put, of a copy of the file.
func (f *folder) PutFile(ctx context.Context, key, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.URL(key), err)
	}
	defer file.Close()
	return f.write(ctx, key, file, replace(key))
}

// replace publishes a temporary file as key.
func replace(key string) func(root *os.Root, name string) error {
	return func(root *os.Root, name string) error {
		if err := laterThan(root, name, key); err != nil {
			return err
		}
		return root.Rename(name, key)
	}
}

// Create is Put with a hard link in the place of the rename: linking fails where the name is taken.
func (f *folder) Create(ctx context.Context, key string, body []byte) error {
	return f.write(ctx, key, bytes.NewReader(body), func(root *os.Root, name string) error {
		err := root.Link(name, key)
		if errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported) {
			return fmt.Errorf("this file system has no hard links, which exclusive creation needs: %w", cause(err))
		}
		return err
	})
}

// write puts body into a temporary file and lets publish give it its name.
func (f *folder) write(ctx context.Context, key string, body io.Reader, publish func(root *os.Root, name string) error) error {
	if err := checkKey(key); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	err := ctx.Err()
	if err == nil {
		err = os.MkdirAll(f.dir, 0o777)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.URL(key), osError(err))
	}
	return f.inside(ctx, "writing", key, func(root *os.Root) error {
		name, err := temp(root, key, body)
		if err != nil {
			return err
		}
		defer root.Remove(name) // after a rename there is nothing left to remove
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := publish(root, name); err != nil {
			return err
		}
		return syncDir(root, path.Dir(key))
	})
}

// laterThan moves the time of the file name after that of the object it is to replace, whose ETag it would otherwise share
// when both were written within one tick of the file system's clock.
func laterThan(root *os.Root, name, key string) error {
	old, err := root.Lstat(key)
	if err != nil {
		return nil // nothing to replace; if it is something else, the rename will say so
	}
	fresh, err := root.Lstat(name)
	if err != nil || fresh.ModTime().After(old.ModTime()) {
		return err
	}
	later := old.ModTime().Add(time.Nanosecond)
	return root.Chtimes(name, later, later)
}

// syncDir makes a new name in dir last. Some network and FUSE file systems cannot sync a folder; they are trusted to
// order their own metadata.
func syncDir(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
