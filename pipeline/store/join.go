package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Place is a store among several that Join makes one of: its keys begin with Name + "/" there.
type Place struct {
	Name string // a clean key
	Store
}

// Join returns the store that holds several to be read, in the order of their names. Names must differ, and none may lie within another. It is
// not written to: what writes returns an error that wraps errors.ErrUnsupported.
func Join(places []Place) (Store, error) {
	j := &joined{places: slices.Clone(places)}
	slices.SortFunc(j.places, func(a, b Place) int { return cmp.Compare(a.root(), b.root()) })
	for i, p := range j.places {
		if err := checkKey(p.Name); err != nil {
			return nil, fmt.Errorf("joining %s: name %w", p.URL(""), err)
		}
		if i > 0 && within(j.places[i-1].Name, p.Name) {
			return nil, fmt.Errorf("joining %s and %s: one holds the other, or both would have the name %s", j.places[i-1].URL(""), p.URL(""), p.Name)
		}
	}
	return j, nil
}

type joined struct{ places []Place } // ascending by root

func (p Place) root() string { return p.Name + "/" }

// of returns the place that a key is in, and the key it has there.
func (j *joined) of(key string) (Store, string, error) {
	for _, p := range j.places {
		if below, ok := strings.CutPrefix(key, p.root()); ok {
			return p.Store, below, nil
		}
	}
	if err := checkKey(key); err != nil {
		return nil, "", err
	}
	return nil, "", fmt.Errorf("%s: %w", key, ErrNotExist)
}

func (j *joined) List(ctx context.Context, prefix, after string, fn func(Info) error) error {
	if err := checkPrefix(prefix); err != nil {
		return fmt.Errorf("listing %s: %w", j.URL(prefix), err)
	}
	for _, p := range j.places {
		root := p.root()
		below, inside := strings.CutPrefix(prefix, root)
		behind, passed := strings.CutPrefix(after, root)
		if !inside && !strings.HasPrefix(root, prefix) || !passed && after > root {
			continue
		}
		if !inside {
			below = ""
		}
		if !passed {
			behind = ""
		}
		err := p.List(ctx, below, behind, func(i Info) error {
			i.Key = root + i.Key
			return fn(i)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Folders names the folders above a place whether it holds anything or not.
func (j *joined) Folders(ctx context.Context, prefix string) ([]string, error) {
	if err := checkFolder(prefix); err != nil {
		return nil, fmt.Errorf("listing folders of %s: %w", j.URL(prefix), err)
	}
	var out []string
	for _, p := range j.places {
		root := p.root()
		if below, ok := strings.CutPrefix(prefix, root); ok {
			found, err := p.Folders(ctx, below)
			for i := range found {
				found[i] = root + found[i]
			}
			return found, err
		}
		if rest, ok := strings.CutPrefix(root, prefix); ok {
			segment, _, _ := strings.Cut(rest, "/")
			out = append(out, prefix+segment+"/")
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func (j *joined) Get(ctx context.Context, key string, limit int64) ([]byte, Info, error) {
	s, below, err := j.of(key)
	if err != nil {
		return nil, Info{}, err
	}
	body, info, err := s.Get(ctx, below, limit)
	info.Key = key
	return body, info, err
}

func (j *joined) GetRange(ctx context.Context, key string, off, n int64) ([]byte, error) {
	s, below, err := j.of(key)
	if err != nil {
		return nil, err
	}
	return s.GetRange(ctx, below, off, n)
}

func (j *joined) Stat(ctx context.Context, key string) (Info, error) {
	s, below, err := j.of(key)
	if err != nil {
		return Info{}, err
	}
	info, err := s.Stat(ctx, below)
	info.Key = key
	return info, err
}

// URL names an object as its own place does; all places, one after the other, where key is empty.
func (j *joined) URL(key string) string {
	if s, below, err := j.of(key); err == nil {
		return s.URL(below)
	}
	if key != "" {
		return key
	}
	var all []string
	for _, p := range j.places {
		all = append(all, p.URL(""))
	}
	return strings.Join(all, ", ")
}

// Skipped sums what the listings of the places passed over.
func (j *joined) Skipped() (n int64) {
	for _, p := range j.places {
		n += Skipped(p.Store)
	}
	return n
}

func (j *joined) readOnly(key string) error {
	return fmt.Errorf("writing %s: several places together are only read: %w", j.URL(key), errors.ErrUnsupported)
}

func (j *joined) Put(_ context.Context, key string, _ []byte) error     { return j.readOnly(key) }
func (j *joined) Prepare(_ context.Context, key string, _ []byte) error { return j.readOnly(key) }
func (j *joined) PutFile(_ context.Context, key, _ string) error        { return j.readOnly(key) }
func (j *joined) Create(_ context.Context, key string, _ []byte) error  { return j.readOnly(key) }
func (j *joined) Delete(_ context.Context, key string) error            { return j.readOnly(key) }
