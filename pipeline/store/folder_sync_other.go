//go:build !linux

package store

import (
	"errors"
	"io/fs"
	"os"
)

// canSync: there is no call that syncs a file system and waits for it.
const canSync = false

func syncAll(*os.File) error { return errors.ErrUnsupported }

func device(fs.FileInfo) uint64 { return 0 }
