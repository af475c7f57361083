package pipeline

import (
	"context"
	"hash/fnv"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"trailgauge/pipeline/store"
)

// powerCut is a folder that knows what a power cut may damage: new objects that were prepared, up to the next call that makes all last.
type powerCut struct {
	store.Store
	dir      string
	mu       sync.Mutex
	prepared map[string]bool
}

func (p *powerCut) Unwrap() store.Store { return p.Store }

func (p *powerCut) Prepare(ctx context.Context, key string, body []byte) error {
	_, err := os.Lstat(filepath.Join(p.dir, key))
	fresh := os.IsNotExist(err)
	if err := p.Store.Prepare(ctx, key, body); err != nil || !fresh {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.prepared[key] = true
	return nil
}

// lasting does what makes all last that was prepared before it.
func (p *powerCut) lasting(do func() error) error {
	p.mu.Lock()
	before := maps.Clone(p.prepared)
	p.mu.Unlock()
	if err := do(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.prepared, func(key string, _ bool) bool { return before[key] })
	return nil
}

func (p *powerCut) Put(ctx context.Context, key string, body []byte) error {
	return p.lasting(func() error { return p.Store.Put(ctx, key, body) })
}

func (p *powerCut) PutFile(ctx context.Context, key, name string) error {
	return p.lasting(func() error { return p.Store.PutFile(ctx, key, name) })
}

func (p *powerCut) Create(ctx context.Context, key string, body []byte) error {
	return p.lasting(func() error { return p.Store.Create(ctx, key, body) })
}

// damage does to each of them one of the things that a power cut may do. Which ones, follows from the name and seed.
func (p *powerCut) damage(seed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key := range p.prepared {
		file := filepath.Join(p.dir, key)
		body, err := os.ReadFile(file)
		if err != nil { // deleted since
			continue
		}
		h := fnv.New32a()
		h.Write([]byte(key + strconv.Itoa(seed)))
		switch h.Sum32() % 5 {
		case 0: // nothing: it was written just in time
		case 1:
			os.Remove(file)
		case 2:
			os.Truncate(file, 0)
		case 3:
			os.Truncate(file, int64(len(body)/2))
		case 4: // its size had reached the disk, and nothing else of it
			os.WriteFile(file, make([]byte, len(body)), 0o666)
		}
	}
}
