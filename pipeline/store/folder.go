package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// folder keeps each object as a file below dir. All access goes through os.Root, so that no key and no symbolic link in
// the tree leads out of it; it is opened anew by every call because dir may come into being, or be replaced, at any time.
type folder struct {
	skips
	dir      string
	prepared prepared
}

// Folder returns the store of the files below dir, which need not exist before the first write: until then it is empty.
// It is an error if dir is something other than a folder.
//
// An object's ETag is its size and the modification time of its file in nanoseconds, in hexadecimal: hashing a whole trail at
// every listing would cost as much as reading it. Put makes sure that replacing an object changes it. Copying a trail
// without keeping times changes every ETag.
func Folder(dir string) (Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening folder %q: %w", dir, err)
	}
	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("opening folder: %w", osError(err))
	case !info.IsDir():
		return nil, fmt.Errorf("opening folder %s: it is not a folder", abs)
	}
	return &folder{dir: abs}, nil
}

// Local tells whether the objects of s are files, which the operating system mostly has in its memory.
func Local(s Store) bool {
	_, ok := inside[*folder](s)
	return ok
}

func (f *folder) URL(key string) string { return filepath.Join(f.dir, filepath.FromSlash(key)) }

func (f *folder) Get(ctx context.Context, key string, limit int64) ([]byte, Info, error) {
	var info Info
	var body []byte
	err := f.read(ctx, "reading", key, func(file *os.File, stat fs.FileInfo) error {
		info = fileInfo(key, stat)
		if limit > 0 && info.Size > limit {
			return fmt.Errorf("%d bytes, limit %d: %w", info.Size, limit, ErrTooLarge)
		}
		body = newBody(info.Size)
		_, err := io.ReadFull(file, body)
		return err
	})
	if err != nil {
		return nil, info, err
	}
	return body, info, nil
}

func (f *folder) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	var body []byte
	err := f.read(ctx, "reading", key, func(file *os.File, stat fs.FileInfo) error {
		if off < 0 || n < 0 {
			return fmt.Errorf("range of %d bytes from %d: negative", n, off)
		}
		body = make([]byte, min(n, max(0, stat.Size()-off)))
		_, err := io.ReadFull(io.NewSectionReader(file, off, int64(len(body))), body)
		return err
	})
	if err != nil {
		return nil, err
	}
	return body, nil
}

func (f *folder) Stat(ctx context.Context, key string) (Info, error) {
	var info Info
	err := f.inside(ctx, "looking at", key, func(root *os.Root) error {
		stat, err := root.Lstat(key)
		if err == nil && !stat.Mode().IsRegular() {
			err = ErrNotExist
		}
		if err == nil {
			info = fileInfo(key, stat)
		}
		return err
	})
	return info, err
}

func (f *folder) Delete(ctx context.Context, key string) error {
	err := f.inside(ctx, "deleting", key, func(root *os.Root) error {
		stat, err := root.Lstat(key)
		if err != nil || stat.IsDir() { // an object is a file: a folder of that name is none
			return err
		}
		return root.Remove(key)
	})
	if errors.Is(err, ErrNotExist) {
		return nil
	}
	return err
}

// read opens a regular file and hands it to fn.
func (f *folder) read(ctx context.Context, what, key string, fn func(*os.File, fs.FileInfo) error) error {
	return f.inside(ctx, what, key, func(root *os.Root) error {
		// Not blocking: a named pipe in the tree must not hang the job.
		file, err := root.OpenFile(key, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		defer file.Close()
		stat, err := file.Stat()
		if err != nil {
			return err
		}
		if !stat.Mode().IsRegular() {
			return ErrNotExist
		}
		return fn(file, stat)
	})
}

// inside opens the root for one operation on key and names both in its error.
func (f *folder) inside(ctx context.Context, what, key string, fn func(*os.Root) error) error {
	if err := checkKey(key); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	err := ctx.Err()
	if err == nil {
		var root *os.Root
		if root, err = os.OpenRoot(f.dir); err == nil {
			defer root.Close()
			err = fn(root)
		}
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", what, f.URL(key), osError(err))
	}
	return nil
}

func fileInfo(key string, stat fs.FileInfo) Info {
	etag := strconv.FormatInt(stat.Size(), 16) + "-" + strconv.FormatInt(stat.ModTime().UnixNano(), 16)
	return Info{Key: key, Size: stat.Size(), ETag: etag, Modified: stat.ModTime().UTC().Round(time.Nanosecond)}
}

// osError gives the system's errors this package's meaning and keeps their text. A path that leads through a file
// ("a/b" where "a" is an object) names nothing, as in a bucket.
func osError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w (%w)", ErrNotExist, cause(err))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w (%w)", ErrDenied, cause(err))
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w (%w)", ErrExist, cause(err))
	case errors.Is(err, syscall.ESTALE), errors.Is(err, syscall.ETIMEDOUT): // a network file system
		return fmt.Errorf("%w (%w)", ErrUnavailable, cause(err))
	}
	return cause(err)
}

// cause drops the operation and the path, which the caller has named better.
func cause(err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}
