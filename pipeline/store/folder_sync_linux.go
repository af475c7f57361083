package store

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// canSync tells whether syncAll can do it.
const canSync = true

// syncAll waits until everything written to the file system that dir is in has reached the disk, and reports what has not since dir was
// opened (https://man7.org/linux/man-pages/man2/syncfs.2.html).
func syncAll(dir *os.File) error {
	for {
		if err := unix.Syncfs(int(dir.Fd())); err != unix.EINTR {
			return err
		}
	}
}

// device tells file systems apart.
func device(dir fs.FileInfo) uint64 { return dir.Sys().(*syscall.Stat_t).Dev }
