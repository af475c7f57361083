package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// joiner brings events files together on the local disk, in bounded memory.
type joiner struct {
	lake     store.Store
	temp     string // folder for working files, which needs room for the files twice; "": the system's
	target   int64  // size of a file, in bytes
	progress Progress
}

// join merges events files of a day into ones of the target size, whose keys are of the given run, name(i) the i-th. They are read
// whole, and what they hold is known, before anything is written; that the rows are the same multiset is checked before this returns.
func (j *joiner) join(ctx context.Context, day trail.Day, run int, files []lake.File, name func(i int) string) (out []lake.File, err error) {
	dir, err := os.MkdirTemp(j.temp, "trailgauge-day-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for working files: %w", err)
	}
	defer os.RemoveAll(dir)
	inputs, err := j.fetch(ctx, files, dir)
	if err != nil {
		return nil, err
	}
	want, err := identities(inputs)
	if err != nil {
		return nil, j.name(err, files, inputs)
	}
	for i, f := range files {
		if want[i].Rows != f.Rows {
			return nil, fmt.Errorf("reading %s: it has %d rows, its manifest says %d: %w", j.lake.URL(f.Key), want[i].Rows, f.Rows, lake.ErrForeign)
		}
	}
	made, err := lake.CompactEvents(inputs, dir, j.target)
	if err != nil {
		return nil, j.name(err, files, inputs)
	}
	var paths []string
	for _, m := range made {
		paths = append(paths, m.Path)
	}
	got, err := identities(paths)
	if err != nil {
		return nil, err
	}
	if total(got) != total(want) {
		return nil, fmt.Errorf("internal error: %d rows became %d: nothing was committed", total(want).Rows, total(got).Rows)
	}
	for i, m := range made {
		f := lake.File{Key: lake.FileKey(lake.Events, day, run, name(i)), Rows: m.Rows, Bytes: m.Bytes}
		if err := j.lake.PutFile(ctx, f.Key, m.Path); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func identities(paths []string) ([]lake.Identity, error) {
	out := make([]lake.Identity, len(paths))
	for i, p := range paths {
		var err error
		if out[i], err = lake.Identities(p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func total(list []lake.Identity) (sum lake.Identity) {
	for _, i := range list {
		sum = sum.Plus(i)
	}
	return sum
}

// name says of which file of the lake an error about a local copy speaks.
func (j *joiner) name(err error, files []lake.File, paths []string) error {
	var input *lake.InputError
	if errors.As(err, &input) {
		if i := slices.Index(paths, input.Path); i >= 0 {
			return fmt.Errorf("reading %s: %w", j.lake.URL(files[i].Key), input.Err)
		}
	}
	return err
}

// fetchPiece is how much of a file is in memory while it is fetched; fetchAtOnce how many files are fetched at a time.
const (
	fetchPiece  = 8 << 20
	fetchAtOnce = 4
)

// fetch copies files to a local folder, a piece at a time.
func (j *joiner) fetch(ctx context.Context, files []lake.File, dir string) ([]string, error) {
	paths := make([]string, len(files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchAtOnce)
	for i, f := range files {
		paths[i] = filepath.Join(dir, fmt.Sprintf("in-%05d.parquet", i))
		g.Go(func() error { return j.fetchOne(ctx, f, paths[i]) })
	}
	return paths, g.Wait()
}

func (j *joiner) fetchOne(ctx context.Context, f lake.File, path string) (err error) {
	to, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	for off := int64(0); off < f.Bytes; {
		piece, err := j.lake.GetRange(ctx, f.Key, off, min(fetchPiece, f.Bytes-off))
		if err != nil {
			return err
		}
		if len(piece) == 0 {
			return fmt.Errorf("reading %s: %d bytes, its manifest says %d: %w", j.lake.URL(f.Key), off, f.Bytes, lake.ErrForeign)
		}
		if _, err := to.Write(piece); err != nil {
			return err
		}
		off += int64(len(piece))
		j.progress.Add(0, int64(len(piece)), 0)
	}
	return nil
}
