package store

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// prepared is what a folder's Prepare has written and no sync has covered yet. To wait for the disk at each object costs more than to write most
// of them, so flush waits for all at once (syncfs), before anything is written that may name them: they are in nobody's way until then, whole or not.
// On a file system that others write to it waits for theirs as well.
//
// What an error of the disk lost meanwhile is reported by the sync of a file that was opened before that (Linux 5.8 and later): at is such a one.
type prepared struct {
	writing sync.RWMutex // held for reading while an object is prepared
	syncing sync.Mutex   // held by the flush under way, which the next one must wait for
	opening sync.Mutex
	at      *os.File    // the lake's folder; nil: there is nothing to sync
	place   fs.FileInfo // of at
}

// Prepare is Put without the wait. What it replaces it must not spoil, so there it waits all the same, and so it does below another
// file system's mount point.
func (f *folder) Prepare(ctx context.Context, key string, body []byte) error {
	f.prepared.writing.RLock()
	place := f.prepared.open(f.dir)
	if place == nil {
		f.prepared.writing.RUnlock()
		return f.Put(ctx, key, body)
	}
	defer f.prepared.writing.RUnlock()
	return f.write(ctx, key, bytes.NewReader(body), func(d *draft, name string) error {
		dir, err := d.dir.Stat(".")
		if err != nil {
			return err
		}
		here := device(dir) == device(place)
		replaces, err := d.laterThan(name)
		if err == nil {
			err = d.close(replaces || !here)
		}
		if err == nil {
			err = d.dir.Rename(d.name, name)
		}
		if err == nil && !here {
			err = syncDir(d.dir)
		}
		return err
	})
}

// open opens the folder that is to be synced, unless it is open; nil: it is not there yet, or this system syncs files only.
func (p *prepared) open(dir string) fs.FileInfo {
	p.opening.Lock()
	defer p.opening.Unlock()
	if p.at == nil && canSync {
		file, err := os.Open(dir)
		if err != nil {
			return nil
		}
		stat, err := file.Stat()
		if err != nil {
			file.Close()
			return nil
		}
		p.at, p.place = file, stat
	}
	return p.place
}

// Begin lets the disk begin with what was prepared while something else is done: less is left to wait for before the next commit. It does not wait, and
// what becomes of it does not matter: the flush that follows is told of what the disk lost meanwhile, too, for its own file was opened before. It does
// nothing for a bucket.
func Begin(s Store) {
	if f, ok := inside[*folder](s); ok {
		go beginning(f)
	}
}

// beginning is what Begin lets happen.
var beginning = (*folder).begin // a variable for tests

func (f *folder) begin() {
	if at, err := os.Open(f.dir); err == nil && canSync {
		syncAll(at)
		at.Close()
	}
}

// syncing is what flush waits for.
var syncing = syncAll // a variable for tests

// flush returns when all that was prepared before it was called lasts.
func (f *folder) flush() error {
	p := &f.prepared
	p.syncing.Lock()
	defer p.syncing.Unlock()
	p.writing.Lock() // what is begun ends first
	at := p.at
	p.at, p.place = nil, nil
	p.writing.Unlock()
	if at == nil {
		return nil
	}
	defer at.Close()
	if err := syncing(at); err != nil {
		return fmt.Errorf("syncing the file system: %w", err)
	}
	return nil
}
