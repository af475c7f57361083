package pipeline

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/zeebo/xxh3"

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
	ref, err := d.manifest.Write(ctx, k.Lake, c.Number, variant)
	if err == nil {
		c.Point(ref)
	}
	return err
}

func sizeOf(files map[lake.Table][]lake.File) (n int64) {
	for _, t := range [...]lake.Table{lake.Events, lake.Counts} {
		for _, f := range files[t] {
			n += f.Bytes
		}
	}
	return n
}

// events brings a day's chosen events files together.
func (k *compactor) events(ctx context.Context, c *lake.Commit, d *crowded, variant string) error {
	name := func(i int) string { return fmt.Sprintf("%s-%04d", variant, i) }
	made, err := k.join(ctx, d.manifest.Day, c.Number, d.events, name)
	if err != nil {
		return err
	}
	d.manifest.Files[lake.Events] = append(without(d.manifest.Files[lake.Events], d.events), made...)
	for _, f := range d.events {
		k.out.Rows += f.Rows
	}
	return nil
}

// without returns the files that are not among those gone.
func without(files, gone []lake.File) []lake.File {
	return slices.DeleteFunc(slices.Clone(files), func(f lake.File) bool { return slices.Contains(gone, f) })
}

// counts adds a day's counts files up into one, and reads it back.
func (k *compactor) counts(ctx context.Context, c *lake.Commit, d *crowded, variant string) error {
	tiles, err := k.tiles(ctx, d.manifest)
	if err != nil {
		return err
	}
	f, err := putTiles(ctx, k.Lake, lake.Counts, d.manifest.Day, c.Number, variant, tiles)
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
