package lake

import (
	"encoding/binary"
	"errors"
	"fmt"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// A run of tiles is what a shard counted on a day, on its way to the merge, which makes a file of the counts table of it. Most have a few hundred
// tiles: as Parquet they would cost more to write and read than to count. Tiles come one after the other: account, region, event source, event name,
// principal and error code, each as 0 when the tile before has the same, else 1 + its length and its bytes; the class in one byte; the number of minutes,
// and for each the difference to the one before and the calls. Numbers are varints. A seal is the end.

const (
	runData = 1 << iota // of the class
	runReadOnly
)

// runTexts are what names a tile, in the order of a run.
func runTexts(t *counts.Tile) [6]*string {
	return [6]*string{&t.Account, &t.Region, &t.Source, &t.Name, &t.Principal, &t.ErrorCode}
}

// AppendTileRun adds tiles of one day to dst as a run.
func AppendTileRun(dst []byte, tiles []counts.Tile) []byte {
	from := len(dst)
	var before counts.Tile
	for i := range tiles {
		t := &tiles[i]
		last := runTexts(&before)
		for k, s := range runTexts(t) {
			if *s == *last[k] {
				dst = append(dst, 0)
				continue
			}
			dst = append(binary.AppendUvarint(dst, uint64(len(*s))+1), *s...)
		}
		class := byte(0)
		if t.Data {
			class |= runData
		}
		if t.ReadOnly {
			class |= runReadOnly
		}
		dst = binary.AppendUvarint(append(dst, class), uint64(len(t.Minutes)))
		minute := uint16(0)
		for k, m := range t.Minutes {
			dst = binary.AppendUvarint(dst, uint64(m-minute))
			dst = binary.AppendVarint(dst, t.Counts[k])
			minute = m
		}
		before = *t
	}
	return appendSeal(dst, from, sealTiles, len(tiles))
}

// DecodeTileRun returns the tiles of a run, which are of the given day. An error means that it is damaged or foreign.
func DecodeTileRun(body []byte, day trail.Day) (tiles []counts.Tile, err error) {
	entries, n, err := unseal(body, sealTiles)
	if err != nil {
		return nil, fmt.Errorf("a run of tiles is %w", err)
	}
	foreign := errors.New("a run of tiles is foreign")
	r := runReader{rest: string(entries)}
	t := counts.Tile{Day: day}
	for r.rest != "" {
		for _, s := range runTexts(&t) {
			if n := r.uvarint(); n > 0 {
				*s = r.take(n - 1)
			}
		}
		class := r.uvarint()
		t.Data, t.ReadOnly = class&runData != 0, class&runReadOnly != 0
		size := r.uvarint()
		if r.bad || size > trail.MinutesPerDay {
			return nil, foreign
		}
		t.Minutes, t.Counts = make([]uint16, size), make([]int64, size)
		minute := uint16(0)
		for k := range t.Minutes {
			minute += uint16(r.uvarint())
			t.Minutes[k], t.Counts[k] = minute, r.varint()
		}
		tiles = append(tiles, t)
	}
	if r.bad || n != uint64(len(tiles)) {
		return nil, foreign
	}
	return tiles, nil
}

// runReader takes a run apart. What is not there is 0, "", and bad.
type runReader struct {
	rest string
	bad  bool
}

func (r *runReader) uvarint() (v uint64) {
	for shift := 0; shift < 64; shift += 7 {
		b := r.take(1)
		if b == "" {
			return 0
		}
		if v |= uint64(b[0]&0x7f) << shift; b[0] < 0x80 {
			return v
		}
	}
	r.bad = true
	return 0
}

// varint is a number that can be negative, as encoding/binary writes it.
func (r *runReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (r *runReader) take(n uint64) (s string) {
	if n > uint64(len(r.rest)) {
		r.rest, r.bad = "", true
		return ""
	}
	s, r.rest = r.rest[:n], r.rest[n:]
	return s
}
