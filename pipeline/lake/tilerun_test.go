package lake

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/pipeline/counts"
)

// Tiles come back from a run as they were, behind whatever else the working file holds.
func TestTileRun(t *testing.T) {
	text := rapid.SampledFrom([]string{"", "a", "eu-central-1", "ec2.amazonaws.com", "arn:aws:sts::1:assumed-role/\x00\xff"})
	rapid.Check(t, func(t *rapid.T) {
		var want []counts.Tile
		for range rapid.IntRange(0, 5).Draw(t, "tiles") {
			tile := counts.Tile{
				Series: counts.Series{Account: text.Draw(t, ""), Region: text.Draw(t, ""), Source: text.Draw(t, ""), Name: text.Draw(t, ""), Principal: text.Draw(t, "")},
				Class:  counts.Class{Data: rapid.Bool().Draw(t, ""), ReadOnly: rapid.Bool().Draw(t, ""), ErrorCode: text.Draw(t, "")},
				Day:    20000,
			}
			minute := 0
			for range rapid.IntRange(1, 4).Draw(t, "minutes") {
				minute += rapid.IntRange(1, 300).Draw(t, "")
				tile.Minutes, tile.Counts = append(tile.Minutes, uint16(minute)), append(tile.Counts, rapid.Int64().Draw(t, ""))
			}
			want = append(want, tile)
		}
		body := AppendTileRun([]byte("before"), want)
		got, err := DecodeTileRun(body[len("before"):], 20000)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Fatal(d, err)
		}
	})
}

// A run that is not whole is told, whatever is missing or changed; one that somebody sealed anew is an error or tiles, and no panic.
func TestDamagedTileRun(t *testing.T) {
	tile := counts.Tile{Series: counts.Series{Account: "1", Name: "Run"}, Day: 20000, Minutes: []uint16{3, 1000}, Counts: []int64{1, -1 << 40}}
	body := AppendTileRun(nil, []counts.Tile{tile, tile})
	for n := range len(body) {
		damaged := append([]byte(nil), body...)
		damaged[n] ^= 0x81
		for what, b := range map[string][]byte{"cut": body[:n], "changed": damaged} {
			if _, err := DecodeTileRun(b, 20000); err == nil {
				t.Errorf("%s at %d: no error", what, n)
			}
			if n := len(b) - sealSize; n >= 0 {
				DecodeTileRun(appendSeal(b[:n:n], 0, sealTiles, 2), 20000)
			}
		}
	}
	for n := range len(body) - sealSize { // a tile less than the seal says, or in the middle of one
		if got, err := DecodeTileRun(appendSeal(body[:n:n], 0, sealTiles, 2), 20000); err == nil {
			t.Error(n, fmt.Sprint(got))
		}
	}
}
