package lake

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

func folder(t *testing.T) store.Store {
	t.Helper()
	s, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCommitsAreExclusiveAndTheHighestCounts(t *testing.T) {
	ctx, s := context.Background(), folder(t)
	c, err := Current(ctx, s)
	if err != nil || c.Number != 0 {
		t.Fatalf("an empty lake: %+v, %v", c, err)
	}
	for n := 1; n <= 12; n++ {
		c.Number = n
		if err := c.Save(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Save(ctx, s); err != nil {
		t.Errorf("the same commit again, as after a lost answer: %v", err)
	}
	other := *c
	other.Program = "another run"
	if err := other.Save(ctx, s); !errors.Is(err, store.ErrExist) {
		t.Errorf("another commit of the same number: %v, want ErrExist", err)
	}
	for _, hint := range []string{"3\n", "0", "nonsense", "12\n"} { // the hint may be old or broken, but not ahead
		if err := s.Put(ctx, latestKey, []byte(hint)); err != nil {
			t.Fatal(err)
		}
		if got, err := Current(ctx, s); err != nil || got.Number != 12 {
			t.Errorf("hint %q: commit %+v, %v", hint, got, err)
		}
	}
	if err := s.Put(ctx, commitKey(12), []byte(`{"format":1,"num`)); err != nil {
		t.Fatal(err)
	}
	if _, err := Current(ctx, s); !errors.Is(err, ErrForeign) {
		t.Errorf("a truncated commit: %v, want ErrForeign", err)
	}
}

func TestManifestsAndSymlinks(t *testing.T) {
	ctx, s := context.Background(), folder(t)
	c := &Commit{Format: 1, Number: 7}
	days := []trail.Day{20000, 19990, 20010, 19995, 20000}
	for i, d := range days {
		m := &Manifest{Day: d, Files: map[Table][]File{Events: {{Key: FileKey(Events, d, 7, fmt.Sprint(i)), Rows: int64(i)}}}}
		if err := m.Save(ctx, s, c); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.IsSortedFunc(c.Days, func(a, b DayRef) int { return int(a.Day - b.Day) }) || len(c.Days) != 4 {
		t.Errorf("days %+v", c.Days)
	}
	m, err := LoadManifest(ctx, s, c, 20000)
	if err != nil || m.Files[Events][0].Rows != 4 {
		t.Fatalf("the manifest that was saved last: %+v, %v", m, err)
	}
	if err := m.Publish(ctx, s); err != nil {
		t.Fatal(err)
	}
	key := SymlinkKey(Events, 20000)
	body, before, err := s.Get(ctx, key, 0)
	if want := s.URL(FileKey(Events, 20000, 7, "4")) + "\n"; err != nil || string(body) != want {
		t.Errorf("%s: %q, %v; want %q", key, body, err, want)
	}
	if err := m.Publish(ctx, s); err != nil {
		t.Fatal(err)
	}
	if after, _ := s.Stat(ctx, key); after.ETag != before.ETag {
		t.Error("publishing again wrote a file that was right already")
	}
	if _, err := s.Stat(ctx, SymlinkKey(Insights, 20000)); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a symlink file of a table without files: %v", err)
	}
	m.Files[Events] = nil
	if err := m.Publish(ctx, s); err != nil {
		t.Fatal(err)
	}
	if body, _, err := s.Get(ctx, key, 0); err != nil || len(body) != 0 {
		t.Errorf("after the last file went: %q, %v; want an empty file", body, err)
	}
}

func TestRunOf(t *testing.T) {
	for key, want := range map[string]int{
		FileKey(Counts, 20000, 42, "fix"): 42, manifestKey(20000, 9): 9, "state/days/x.json": 0, "": 0,
	} {
		if got := RunOf(key); got != want {
			t.Errorf("RunOf(%q) = %d, want %d", key, got, want)
		}
	}
}

func TestKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.Custom(func(t *rapid.T) Key {
			return Key{ID: [16]byte{0: rapid.Byte().Draw(t, "id"), 15: 1}, Sum: rapid.Uint64().Draw(t, "sum"), Object: rapid.Uint32Max(3).Draw(t, "object"), Position: rapid.Uint32Max(3).Draw(t, "position")}
		})
		first := map[[16]byte]Key{}
		var files []Keys
		for range rapid.IntRange(0, 4).Draw(t, "files") {
			list := rapid.SliceOf(draw).Draw(t, "keys")
			slices.SortFunc(list, Key.Compare)
			list = slices.CompactFunc(list, func(a, b Key) bool { return a.ID == b.ID })
			for _, k := range list {
				if old, ok := first[k.ID]; !ok || k.Compare(old) < 0 {
					first[k.ID] = k
				}
			}
			keys, err := DecodeKeys(EncodeKeys(list))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, keys)
		}
		merged := MergeKeys(files...)
		if merged.Len() != len(first) {
			t.Fatalf("%d keys, want %d", merged.Len(), len(first))
		}
		for i := range merged.Len() {
			k := merged.At(i)
			if w := first[k.ID]; w.Object != k.Object || w.Position != k.Position {
				t.Fatalf("of %x, %+v survives, want %+v", k.ID, k, w)
			}
			if got, ok := merged.Find(k.ID); !ok || got != k {
				t.Fatalf("Find(%x) = %+v, %v", k.ID, got, ok)
			}
		}
		if _, ok := merged.Find([16]byte{15: 2}); ok {
			t.Fatal("found what is not there")
		}
	})
	whole := EncodeKeys([]Key{{ID: [16]byte{1}}, {ID: [16]byte{2}}})
	flipped := slices.Clone(whole)
	flipped[3] ^= 1
	for _, bad := range [][]byte{nil, whole[:KeySize+1], whole[:KeySize], whole[:2*KeySize], whole[KeySize:], flipped} {
		if _, err := DecodeKeys(bad); err == nil {
			t.Errorf("a damaged file of keys is taken: %x", bad)
		}
	}
}

func TestTilesComeBackFromParquet(t *testing.T) {
	ctx, s := context.Background(), folder(t)
	day := trail.Day(20000)
	series := counts.Series{Account: "1", Region: "eu", Source: "ec2.amazonaws.com", Name: "RunInstances", Principal: "p"}
	want := []counts.Tile{
		{Series: series, Day: day, Minutes: []uint16{0, 1439}, Counts: []int64{1, 1 << 40}},
		{Series: series, Class: counts.Class{ErrorCode: "AccessDenied"}, Day: day, Minutes: []uint16{7}, Counts: []int64{-3}},
		{Series: series, Class: counts.Class{Data: true, ReadOnly: true}, Day: day, Minutes: []uint16{9}, Counts: []int64{2}},
	}
	body, err := EncodeTiles(want)
	if err != nil {
		t.Fatal(err)
	}
	f := File{Key: FileKey(Counts, day, 1, "0000"), Rows: 3, Bytes: int64(len(body))}
	if err := s.Put(ctx, f.Key, body); err != nil {
		t.Fatal(err)
	}
	m := &Manifest{Day: day, Files: map[Table][]File{Counts: {f}}}
	r, err := Tiles(ctx, s, m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := counts.Collect(r)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
	for _, bad := range [][]byte{nil, body[:len(body)/2], []byte("PAR1 and then something else PAR1")} {
		if err := s.Put(ctx, f.Key, bad); err != nil {
			t.Fatal(err)
		}
		if r, err = Tiles(ctx, s, m); err == nil {
			_, err = counts.Collect(r)
		}
		if !errors.Is(err, ErrForeign) {
			t.Errorf("a file of %d bytes that is no table: %v, want ErrForeign", len(bad), err)
		}
	}
}

// Some tiles are those of the series that are wanted, of all files of the day.
func TestSomeTiles(t *testing.T) {
	ctx, s := t.Context(), folder(t)
	day := trail.Day(20000)
	m := &Manifest{Day: day, Files: map[Table][]File{}}
	for k, names := range [][]string{{"A", "B", "C"}, {"B"}, {"C", "D"}} {
		var tiles []counts.Tile
		for _, n := range names {
			of := counts.Series{Account: "1", Region: "eu", Source: "s", Name: n, Principal: "p"}
			tiles = append(tiles, counts.Tile{Series: of, Day: day, Minutes: []uint16{7, uint16(100 + k)}, Counts: []int64{1, 5}})
		}
		body, err := EncodeTiles(tiles)
		if err != nil {
			t.Fatal(err)
		}
		f := File{Key: FileKey(Counts, day, 1, fmt.Sprint(k)), Rows: int64(len(tiles)), Bytes: int64(len(body))}
		if err := s.Put(ctx, f.Key, body); err != nil {
			t.Fatal(err)
		}
		m.Files[Counts] = append(m.Files[Counts], f)
	}
	for _, wanted := range []string{"", "A", "B", "AC", "ABCD"} {
		want := func(of counts.Series) bool { return strings.Contains(wanted, of.Name) }
		all, err := Tiles(ctx, s, m)
		if err != nil {
			t.Fatal(err)
		}
		expected, _ := counts.Collect(all)
		expected = slices.DeleteFunc(expected, func(t counts.Tile) bool { return !want(t.Series) })
		some, err := SomeTiles(ctx, s, m, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := counts.Collect(some)
		if d := cmp.Diff(expected, got, cmpopts.EquateEmpty()); d != "" || err != nil {
			t.Errorf("%q: %v\n%s", wanted, err, d)
		}
		if len(got) != len(wanted) {
			t.Errorf("%q: %d tiles", wanted, len(got))
		}
	}
	if err := s.Put(ctx, m.Files[Counts][2].Key, []byte("PAR1 and then something else PAR1")); err != nil {
		t.Fatal(err)
	}
	if _, err := SomeTiles(ctx, s, m, func(counts.Series) bool { return false }); !errors.Is(err, ErrForeign) {
		t.Errorf("a damaged file: %v, want ErrForeign", err)
	}
}

// A file is read up to the last row that is wanted, within a row group and beyond it.
func TestSomeTilesOfALargeFile(t *testing.T) {
	s := folder(t)
	r := rand.New(rand.NewPCG(1, 1))
	var tiles []counts.Tile
	const n = rowGroupRows + 30_000
	for k := range n {
		of := counts.Series{Account: fmt.Sprintf("%012d", k/5000), Region: "eu", Source: "s", Name: fmt.Sprintf("%06d", k/10), Principal: fmt.Sprintf("role/%d", k%10)}
		tile := counts.Tile{Series: of, Day: 20000}
		if k%7 == 0 {
			tile.ErrorCode = "AccessDenied"
		}
		for m := range 1 + r.IntN(9) {
			tile.Minutes, tile.Counts = append(tile.Minutes, uint16(m*100+k%100)), append(tile.Counts, int64(k))
		}
		tiles = append(tiles, tile)
	}
	body, err := EncodeTiles(tiles)
	if err != nil {
		t.Fatal(err)
	}
	f := File{Key: FileKey(Counts, trail.Day(20000), 1, "0"), Rows: n, Bytes: int64(len(body))}
	if err := s.Put(t.Context(), f.Key, body); err != nil {
		t.Fatal(err)
	}
	m := &Manifest{Day: 20000, Files: map[Table][]File{Counts: {f}}}
	for _, rows := range [][]int{{0}, {1}, {n - 1}, {12345}, {16384}, {rowGroupRows - 1}, {rowGroupRows}, {rowGroupRows + 20_001}, {77, 99_000}, {50_000, n - 2}, {0, n - 1}} {
		wanted := map[counts.Series]bool{}
		var want []counts.Tile
		for _, k := range rows {
			wanted[tiles[k].Series] = true
			want = append(want, tiles[k])
		}
		some, err := SomeTiles(t.Context(), s, m, func(of counts.Series) bool { return wanted[of] })
		if err != nil {
			t.Fatal(err)
		}
		got, err := counts.Collect(some)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" || err != nil {
			t.Errorf("rows %v: %v\n%s", rows, err, d)
		}
	}
}
