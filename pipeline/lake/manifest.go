package lake

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Table is one of the lake's tables.
type Table string

const (
	Events    Table = "events"
	Counts    Table = "counts"
	Insights  Table = "insights"
	Baselines Table = "baselines"
	Replaced  Table = "replaced"
	// Principals holds the counts of a closed day again, in the order of counts.Tile.ComparePrincipal, for the roll-ups of principals. It is
	// the lake's own, not one of Tables.
	Principals Table = "state/principals"
)

// Tables lists those for readers.
var Tables = []Table{Events, Counts, Insights, Baselines, Replaced}

// Manifest says what one event day consists of. It is immutable: a change of the day is a new manifest under a new key.
type Manifest struct {
	Day   trail.Day        `json:"day"`
	Files map[Table][]File `json:"files"`
	Keys  []string         `json:"keys"` // files of Key, each with its fingerprints (FingerprintsKey)

	// Identities (Key.ID) in hexadecimal, ascending.
	Awaited  []string `json:"awaited,omitempty"`  // events that corrections of this day replace and that have not arrived
	Replaced []string `json:"replaced,omitempty"` // events of this day that count no longer: a correction came, of whatever day. The table Replaced has them for readers

	Found string `json:"found,omitempty"` // the day's insights in full, as JSON: what a later run compares with
}

// File is one Parquet file of a table.
type File struct {
	Key   string `json:"key"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}

// FileKey names a file of a table: run is the number of the commit that first holds it, part tells its files of one day apart.
func FileKey(t Table, d trail.Day, run int, part string) string {
	return fmt.Sprintf("%s/%s/%08d-%s.parquet", t, d.Path(), run, part)
}

// RunOf returns the run in a key that FileKey or Save made; 0 for other keys.
func RunOf(key string) int {
	base := key[strings.LastIndexByte(key, '/')+1:]
	n, err := strconv.Atoi(base[:min(8, len(base))])
	if err != nil {
		return 0
	}
	return n
}

func manifestKey(d trail.Day, run int) string {
	return fmt.Sprintf("state/days/%s/%08d.json", d.Path(), run)
}

// LoadManifest reads the manifest of a day as of c; a day without one is empty.
func LoadManifest(ctx context.Context, s store.Store, c *Commit, d trail.Day) (*Manifest, error) {
	key := c.Manifest(d)
	if key == "" {
		return &Manifest{Day: d, Files: map[Table][]File{}}, nil
	}
	m := new(Manifest) // JSON of something else leaves it so
	if err := ReadJSON(ctx, s, key, m); err != nil {
		return nil, err
	}
	if m.Day != d || m.Files == nil {
		return nil, fmt.Errorf("reading %s: it is of %s: %w", s.URL(key), m.Day, ErrForeign)
	}
	return m, nil
}

// Save writes m under a key of c and lets c point at it.
func (m *Manifest) Save(ctx context.Context, s store.Store, c *Commit) error {
	ref, err := m.Write(ctx, s, c.Number, "")
	if err == nil {
		c.Point(ref)
	}
	return err
}

// Write writes m under a key of the given commit, and of variant if that is not "": what no plan fixes in advance must not share its names with what
// another process may write under the same number.
func (m *Manifest) Write(ctx context.Context, s store.Store, commit int, variant string) (DayRef, error) {
	key := manifestKey(m.Day, commit)
	if variant != "" {
		key = strings.TrimSuffix(key, ".json") + "-" + variant + ".json"
	}
	body, err := json.MarshalIndent(m, "", " ")
	if err == nil {
		err = s.Prepare(ctx, key, append(body, '\n'))
	}
	return DayRef{m.Day, key}, err
}

// Point lets c point at a manifest of a day.
func (c *Commit) Point(ref DayRef) {
	i, there := slices.BinarySearchFunc(c.Days, ref.Day, func(r DayRef, d trail.Day) int { return cmp.Compare(r.Day, d) })
	if there {
		c.Days[i] = ref
	} else {
		c.Days = slices.Insert(c.Days, i, ref)
	}
}

// SymlinkKey names the file through which Athena reads one day of a table (SymlinkTextInputFormat).
func SymlinkKey(t Table, d trail.Day) string {
	return fmt.Sprintf("athena/%s/%s/symlink.txt", t, d.Path())
}

// Publish makes the symlink files of a day say what its manifest says. It writes only what differs, so it can be repeated
// at will, after a crash too.
func (m *Manifest) Publish(ctx context.Context, s store.Store) error {
	for _, t := range Tables {
		var b strings.Builder
		for _, f := range m.Files[t] {
			b.WriteString(s.URL(f.Key))
			b.WriteByte('\n')
		}
		key := SymlinkKey(t, m.Day)
		old, _, err := s.Get(ctx, key, 0)
		if err == nil && bytes.Equal(old, []byte(b.String())) || err != nil && b.Len() == 0 {
			continue
		}
		if err := s.Prepare(ctx, key, []byte(b.String())); err != nil {
			return err
		}
	}
	return nil
}
