package store

import (
	"context"
	"os"
	"sync/atomic"
)

// listPage is the number of keys S3 returns for one LIST request.
const listPage = 1000

// Requests counts the requests S3 would charge for, without retries. A listing counts one for each 1,000 names begun, at least one;
// a HEAD counts as a GET, as on AWS's bill; DELETE is free and counted all the same.
type Requests struct{ List, Get, Put, Delete int64 }

// Load returns the counts so far; safe while a Counted store is in use, as reading the fields is not.
func (r *Requests) Load() Requests {
	return Requests{List: atomic.LoadInt64(&r.List), Get: atomic.LoadInt64(&r.Get),
		Put: atomic.LoadInt64(&r.Put), Delete: atomic.LoadInt64(&r.Delete)}
}

// Counted returns s with every call added to r, whether it succeeds or not.
func Counted(s Store, r *Requests) Store { return &counted{s, r} }

type counted struct {
	Store
	r *Requests
}

func (c *counted) Unwrap() Store { return c.Store }

// inside returns the first of s, and of what it wraps, that is a T.
func inside[T any](s Store) (t T, ok bool) {
	for {
		if t, ok = s.(T); ok {
			return t, true
		}
		w, wraps := s.(interface{ Unwrap() Store })
		if !wraps {
			return t, false
		}
		s = w.Unwrap()
	}
}

func (c *counted) List(ctx context.Context, prefix, after string, fn func(Info) error) error {
	atomic.AddInt64(&c.r.List, 1)
	n := 0
	return c.Store.List(ctx, prefix, after, func(i Info) error {
		if n++; n > 1 && n%listPage == 1 {
			atomic.AddInt64(&c.r.List, 1)
		}
		return fn(i)
	})
}

func (c *counted) Folders(ctx context.Context, prefix string) ([]string, error) {
	found, err := c.Store.Folders(ctx, prefix)
	atomic.AddInt64(&c.r.List, max(1, int64(len(found)+listPage-1)/listPage))
	return found, err
}

func (c *counted) Get(ctx context.Context, key string, limit int64) ([]byte, Info, error) {
	atomic.AddInt64(&c.r.Get, 1)
	return c.Store.Get(ctx, key, limit)
}

func (c *counted) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	atomic.AddInt64(&c.r.Get, 1)
	return c.Store.GetRange(ctx, key, off, n)
}

func (c *counted) Stat(ctx context.Context, key string) (Info, error) {
	atomic.AddInt64(&c.r.Get, 1)
	return c.Store.Stat(ctx, key)
}

func (c *counted) Put(ctx context.Context, key string, body []byte) error {
	atomic.AddInt64(&c.r.Put, 1)
	return c.Store.Put(ctx, key, body)
}

func (c *counted) Prepare(ctx context.Context, key string, body []byte) error {
	atomic.AddInt64(&c.r.Put, 1)
	return c.Store.Prepare(ctx, key, body)
}

// PutFile counts one request for each part of a large file, and two that begin and end it.
func (c *counted) PutFile(ctx context.Context, key, name string) error {
	n := int64(1)
	if stat, err := os.Stat(name); err == nil && stat.Size() > multipartAbove {
		n = (stat.Size()+partSize-1)/partSize + 2
	}
	atomic.AddInt64(&c.r.Put, n)
	return c.Store.PutFile(ctx, key, name)
}

func (c *counted) Create(ctx context.Context, key string, body []byte) error {
	atomic.AddInt64(&c.r.Put, 1)
	return c.Store.Create(ctx, key, body)
}

func (c *counted) Delete(ctx context.Context, key string) error {
	atomic.AddInt64(&c.r.Delete, 1)
	return c.Store.Delete(ctx, key)
}
