package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"
)

// Put writes a temporary file, syncs it, renames it into place and syncs the folder: after a power cut there is the old
// object or the new one.
func (f *folder) Put(ctx context.Context, key string, body []byte) error {
	return f.write(ctx, key, bytes.NewReader(body), replace)
}

// PutFile is Put, of a copy of the file.
func (f *folder) PutFile(ctx context.Context, key, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.URL(key), err)
	}
	defer file.Close()
	return f.write(ctx, key, file, replace)
}

// replace gives a temporary file its name.
func replace(dir *os.Root, temporary, name string) error {
	if err := laterThan(dir, temporary, name); err != nil {
		return err
	}
	return dir.Rename(temporary, name)
}

// Create is Put with a hard link in the place of the rename: linking fails where the name is taken.
func (f *folder) Create(ctx context.Context, key string, body []byte) error {
	return f.write(ctx, key, bytes.NewReader(body), func(dir *os.Root, temporary, name string) error {
		err := dir.Link(temporary, name)
		if errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported) {
			return fmt.Errorf("this file system has no hard links, which exclusive creation needs: %w", cause(err))
		}
		return err
	})
}

// write puts body into a temporary file and lets publish give it its name. Both are in one folder, which is opened once: a path that is
// followed from the root costs a system call for each of its folders.
func (f *folder) write(ctx context.Context, key string, body io.Reader, publish func(dir *os.Root, temporary, name string) error) error {
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
		dir, err := makeDir(root, path.Dir(key))
		if err != nil {
			return err
		}
		defer dir.Close()
		name, err := temp(dir, body)
		if err != nil {
			return err
		}
		defer dir.Remove(name) // after a rename there is nothing left to remove
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := publish(dir, name, path.Base(key)); err != nil {
			return err
		}
		return syncDir(dir)
	})
}

// makeDir opens a folder, which is made where it is not there.
func makeDir(root *os.Root, name string) (*os.Root, error) {
	dir, err := root.OpenRoot(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := root.MkdirAll(name, 0o777); err != nil {
			return nil, err
		}
		dir, err = root.OpenRoot(name)
	}
	return dir, err
}

// laterThan moves the time of a temporary file after that of the object it is to replace, whose ETag it would otherwise share
// when both were written within one tick of the file system's clock.
func laterThan(dir *os.Root, temporary, name string) error {
	old, err := dir.Lstat(name)
	if err != nil {
		return nil // nothing to replace; if it is something else, the rename will say so
	}
	fresh, err := dir.Lstat(temporary)
	if err != nil || fresh.ModTime().After(old.ModTime()) {
		return err
	}
	later := old.ModTime().Add(time.Nanosecond)
	return dir.Chtimes(temporary, later, later)
}

// syncDir makes a new name in dir last. Some network and FUSE file systems cannot sync a folder; they are trusted to
// order their own metadata.
func syncDir(dir *os.Root) error {
	d, err := dir.Open(".")
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
