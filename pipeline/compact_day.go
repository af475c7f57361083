package pipeline

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/zeebo/xxh3"
	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
)

// variant names a rewriting of a day by all that its bytes follow from. Unlike a run's, its outputs are fixed by no plan: another target size
// under the same number must have other names, so that no file that a commit names is ever written again with other bytes.
func (k *compactor) variant(d *crowded) (string, error) {
	text, err := json.Marshal(struct {
		Program, Format string
		Target          int64
		Events, Counts  []lake.File
	}{Program, lake.Format, k.Target, d.events, d.counts})
	sum := xxh3.Hash128(text).Bytes()
	return "c" + hex.EncodeToString(sum[:8]), err
}

// day rewrites one day and lets c point at the result.
func (k *compactor) day(ctx context.Context, c *lake.Commit, d *crowded) error {
	variant, err := k.variant(d)
	if err != nil {
		return err
	}
	before := d.bytes()
	files := d.manifest.Files
	was := len(files[lake.Events]) + len(files[lake.Counts])
	size := sizeOf(files)
	if d.counts != nil { // damage there is found before the events are written
		if _, err := k.tiles(ctx, d.manifest); err != nil {
			return err
		}
	}
	if d.events != nil {
		if err := k.events(ctx, c, d, variant); err != nil {
			return err
		}
	}
	if d.counts != nil {
		if err := k.counts(ctx, c, d, variant); err != nil {
			return err
		}
	}
	replaced := len(d.events) + len(d.counts)
	k.out.Days++
	k.out.FilesBefore += replaced
	k.out.FilesAfter += len(files[lake.Events]) + len(files[lake.Counts]) - was + replaced
	k.out.BytesBefore += before
	k.out.BytesAfter += sizeOf(files) - size + before
	return d.manifest.SaveAs(ctx, k.Lake, c, variant)
}

func sizeOf(files map[lake.Table][]lake.File) (n int64) {
	for _, t := range [...]lake.Table{lake.Events, lake.Counts} {
		for _, f := range files[t] {
			n += f.Bytes
		}
	}
	return n
}

// events merges a day's small events files. They are read whole, and what they hold is known, before anything is written.
func (k *compactor) events(ctx context.Context, c *lake.Commit, d *crowded, variant string) error {
	dir, err := os.MkdirTemp(k.temp, "day-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	inputs, err := k.fetch(ctx, d.events, dir)
	if err != nil {
		return err
	}
	want, err := identities(inputs)
	if err != nil {
		return k.name(err, d.events, inputs)
	}
	for i, f := range d.events {
		if want[i].Rows != f.Rows {
			return fmt.Errorf("reading %s: it has %d rows, its manifest says %d: %w", k.Lake.URL(f.Key), want[i].Rows, f.Rows, lake.ErrForeign)
		}
	}
	made, err := lake.CompactEvents(inputs, dir, k.Target)
	if err != nil {
		return k.name(err, d.events, inputs)
	}
	var paths []string
	for _, m := range made {
		paths = append(paths, m.Path)
	}
	got, err := identities(paths)
	if err != nil {
		return err
	}
	if total(got) != total(want) {
		return fmt.Errorf("internal error: %d rows became %d: nothing was committed", total(want).Rows, total(got).Rows)
	}
	list := slices.DeleteFunc(slices.Clone(d.manifest.Files[lake.Events]), func(f lake.File) bool { return slices.Contains(d.events, f) })
	for i, m := range made {
		f := lake.File{Key: lake.FileKey(lake.Events, d.manifest.Day, c.Number, fmt.Sprintf("%s-%04d", variant, i)), Rows: m.Rows, Bytes: m.Bytes}
		if err := k.Lake.PutFile(ctx, f.Key, m.Path); err != nil {
			return err
		}
		list = append(list, f)
	}
	d.manifest.Files[lake.Events] = list
	k.out.Rows += total(want).Rows
	return nil
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
func (k *compactor) name(err error, files []lake.File, paths []string) error {
	var input *lake.InputError
	if errors.As(err, &input) {
		if i := slices.Index(paths, input.Path); i >= 0 {
			return fmt.Errorf("reading %s: %w", k.Lake.URL(files[i].Key), input.Err)
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
func (k *compactor) fetch(ctx context.Context, files []lake.File, dir string) ([]string, error) {
	paths := make([]string, len(files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(fetchAtOnce)
	for i, f := range files {
		paths[i] = filepath.Join(dir, fmt.Sprintf("in-%05d.parquet", i))
		g.Go(func() error { return k.fetchOne(ctx, f, paths[i]) })
	}
	return paths, g.Wait()
}

func (k *compactor) fetchOne(ctx context.Context, f lake.File, path string) (err error) {
	to, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	for off := int64(0); off < f.Bytes; {
		piece, err := k.Lake.GetRange(ctx, f.Key, off, min(fetchPiece, f.Bytes-off))
		if err != nil {
			return err
		}
		if len(piece) == 0 {
			return fmt.Errorf("reading %s: %d bytes, its manifest says %d: %w", k.Lake.URL(f.Key), off, f.Bytes, lake.ErrForeign)
		}
		if _, err := to.Write(piece); err != nil {
			return err
		}
		off += int64(len(piece))
		k.Progress.Add(0, int64(len(piece)), 0)
	}
	return nil
}

// counts adds a day's counts files up into one, and reads it back.
func (k *compactor) counts(ctx context.Context, c *lake.Commit, d *crowded, variant string) error {
	tiles, err := k.tiles(ctx, d.manifest)
	if err != nil {
		return err
	}
	f, err := putTiles(ctx, k.Lake, d.manifest.Day, c.Number, variant, tiles)
	if err != nil {
		return err
	}
	for _, old := range d.counts {
		k.out.Rows += old.Rows
		k.Progress.Add(0, old.Bytes, 0)
	}
	d.manifest.Files[lake.Counts] = []lake.File{f}
	back, err := k.tiles(ctx, d.manifest)
	if err != nil {
		return err
	}
	same := func(a, b counts.Tile) bool {
		return a.Compare(&b) == 0 && slices.Equal(a.Minutes, b.Minutes) && slices.Equal(a.Counts, b.Counts)
	}
	if !slices.EqualFunc(tiles, back, same) {
		return fmt.Errorf("internal error: the counts read back differ: nothing was committed")
	}
	return nil
}

func (k *compactor) tiles(ctx context.Context, m *lake.Manifest) ([]counts.Tile, error) {
	r, err := lake.Tiles(ctx, k.Lake, m)
	if err != nil {
		return nil, err
	}
	return counts.Collect(r)
}
