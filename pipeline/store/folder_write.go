package store

import (
	"bytes"
	"context"
	"crypto/rand"
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
	return f.write(ctx, key, bytes.NewReader(body), f.replace)
}

// PutFile is Put, of a copy of the file.
func (f *folder) PutFile(ctx context.Context, key, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.URL(key), err)
	}
	defer file.Close()
	return f.write(ctx, key, file, f.replace)
}

// Create is Put with a hard link in the place of the rename: linking fails where the name is taken.
func (f *folder) Create(ctx context.Context, key string, body []byte) error {
	return f.write(ctx, key, bytes.NewReader(body), f.create)
}

// draft is an object without a name: a temporary file in the folder that the object will be in. That folder is opened once, and everything
// reached through it: a path that is followed from the root costs two system calls for each of its folders.
type draft struct {
	dir  *os.Root
	file *os.File
	name string // of the temporary file
}

// write puts body into a draft and lets publish give it its name. A crash may leave a draft there; no listing shows it.
func (f *folder) write(ctx context.Context, key string, body io.Reader, publish func(d *draft, name string) error) error {
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
		dir, err := openDir(root, path.Dir(key))
		if err != nil {
			return err
		}
		defer dir.Close()
		d := &draft{dir: dir, name: tempPrefix + rand.Text()}
		// Not blocking: that makes no difference to a file, but os asks about one that blocks.
		if d.file, err = dir.OpenFile(d.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NONBLOCK, 0o666); err != nil {
			return err
		}
		defer d.file.Close()
		if _, err = io.Copy(d.file, body); err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = publish(d, path.Base(key))
		}
		if err != nil {
			dir.Remove(d.name)
		}
		return err
	})
}

// replace gives a draft its name, be it taken or not.
func (f *folder) replace(d *draft, name string) error {
	return f.last(d, func() error {
		if _, err := d.laterThan(name); err != nil {
			return err
		}
		return d.dir.Rename(d.name, name)
	})
}

// create gives a draft a name that is free.
func (f *folder) create(d *draft, name string) error {
	return f.last(d, func() error {
		err := d.dir.Link(d.name, name)
		switch {
		case err == nil:
			d.dir.Remove(d.name)
		case errors.Is(err, syscall.EPERM), errors.Is(err, errors.ErrUnsupported):
			return fmt.Errorf("this file system has no hard links, which exclusive creation needs: %w", cause(err))
		}
		return err
	})
}

// last lets name give a draft a name that lasts: a power cut leaves the file whole under it, and all that was prepared before.
func (f *folder) last(d *draft, name func() error) error {
	if err := f.flush(); err != nil {
		return err
	}
	if err := d.close(true); err != nil {
		return err
	}
	if err := name(); err != nil {
		return err
	}
	return syncDir(d.dir)
}

// close ends writing. A network file system may say only then what went wrong.
func (d *draft) close(sync bool) (err error) {
	if sync {
		err = d.file.Sync()
	}
	return errors.Join(err, d.file.Close())
}

// laterThan moves the time of a draft after that of the object it is to replace, whose ETag it would otherwise share when both were
// written within one tick of the file system's clock. It tells whether there is such an object.
func (d *draft) laterThan(name string) (replaces bool, err error) {
	old, err := d.dir.Lstat(name)
	if err != nil {
		return false, nil // if it is something else that is in the way, the rename will say so
	}
	fresh, err := d.dir.Lstat(d.name)
	if err != nil || fresh.ModTime().After(old.ModTime()) {
		return true, err
	}
	later := old.ModTime().Add(time.Nanosecond)
	return true, d.dir.Chtimes(d.name, later, later)
}

// openDir opens a folder below root. Where it is not there it is made, and so are those above it.
func openDir(root *os.Root, name string) (*os.Root, error) {
	dir, err := root.OpenRoot(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return dir, err
	}
	above := root
	if up := path.Dir(name); up != "." {
		if above, err = openDir(root, up); err != nil {
			return nil, err
		}
		defer above.Close()
	}
	last := path.Base(name)
	if err := above.Mkdir(last, 0o777); err != nil && !errors.Is(err, fs.ErrExist) { // another write may make it too
		return nil, err
	}
	return above.OpenRoot(last)
}

// syncDir makes a new name in dir last. Some network and FUSE file systems cannot sync a folder; they are trusted to
// order their own metadata.
func syncDir(dir *os.Root) error {
	d, err := dir.OpenFile(".", os.O_RDONLY|syscall.O_NONBLOCK, 0)
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
