package storetest

import (
	"context"

	"trailgauge/pipeline/store"
)

// A Hook is called with the name of a method ("List", "Folders", "Get", "GetRange", "Stat", "Put", "PutFile", "Create", "Delete") and its key or prefix. Prepare
// is a "Put" too.
// Its error becomes the method's.
type Hook func(op, key string) error

// Hooked returns s with before called ahead of each operation, which is not done if before fails, and after called
// once it has succeeded, so that an error of after is a reply lost: done, but the caller cannot know. Either may be nil.
// Tests stop a run at each of its operations in turn this way, on both sides of the effect, and see it resumed.
func Hooked(s store.Store, before, after Hook) store.Store {
	pass := func(string, string) error { return nil }
	if before == nil {
		before = pass
	}
	if after == nil {
		after = pass
	}
	return &hooked{s, before, after}
}

type hooked struct {
	store.Store
	before, after Hook
}

func (h *hooked) Unwrap() store.Store { return h.Store }

// around runs do between the two hooks.
func (h *hooked) around(op, key string, do func() error) error {
	if err := h.before(op, key); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return h.after(op, key)
}

func (h *hooked) List(ctx context.Context, prefix, after string, fn func(store.Info) error) error {
	return h.around("List", prefix, func() error { return h.Store.List(ctx, prefix, after, fn) })
}

func (h *hooked) Folders(ctx context.Context, prefix string) (found []string, err error) {
	err = h.around("Folders", prefix, func() (err error) { found, err = h.Store.Folders(ctx, prefix); return })
	return
}

func (h *hooked) Get(ctx context.Context, key string, limit int64) (body []byte, info store.Info, err error) {
	err = h.around("Get", key, func() (err error) { body, info, err = h.Store.Get(ctx, key, limit); return })
	return
}

func (h *hooked) GetRange(ctx context.Context, key string, off, n int64) (body []byte, err error) {
	err = h.around("GetRange", key, func() (err error) { body, err = h.Store.GetRange(ctx, key, off, n); return })
	return
}

func (h *hooked) Stat(ctx context.Context, key string) (info store.Info, err error) {
	err = h.around("Stat", key, func() (err error) { info, err = h.Store.Stat(ctx, key); return })
	return
}

func (h *hooked) Put(ctx context.Context, key string, body []byte) error {
	return h.around("Put", key, func() error { return h.Store.Put(ctx, key, body) })
}

func (h *hooked) Prepare(ctx context.Context, key string, body []byte) error {
	return h.around("Put", key, func() error { return h.Store.Prepare(ctx, key, body) })
}

func (h *hooked) PutFile(ctx context.Context, key, name string) error {
	return h.around("PutFile", key, func() error { return h.Store.PutFile(ctx, key, name) })
}

func (h *hooked) Create(ctx context.Context, key string, body []byte) error {
	return h.around("Create", key, func() error { return h.Store.Create(ctx, key, body) })
}

func (h *hooked) Delete(ctx context.Context, key string) error {
	return h.around("Delete", key, func() error { return h.Store.Delete(ctx, key) })
}
