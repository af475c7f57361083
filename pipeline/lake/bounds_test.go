package lake

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"

	"trailgauge/pipeline/trail"
)

// What a file says of the smallest and largest values of its row groups and pages is so, in a file of one run and in one that
// compaction has made of several, row group by row group: readers leave out what it rules out.
func TestBoundsAreTrue(t *testing.T) {
	dir := t.TempDir()
	var inputs []string
	for f := range 3 {
		body, err := encodeEvents(3*pageRows, func(i int) *trail.Record {
			n := i*3 + f
			r := &trail.Record{
				Account: fmt.Sprintf("%012d", n/97), Region: "r", EventSource: "s", EventName: "n", Principal: fmt.Sprint("p", n/97%7), EventTS: int64(n),
				EventID: fmt.Sprintf("%08d", n*7919%100_000), SourceIPAddress: fmt.Sprint(n % 251), ResponseElements: fmt.Sprintf("%0200d", n),
			}
			if n%5 == 0 {
				r.ErrorCode = fmt.Sprint("e", n%11)
			}
			return r
		})
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, filepath.Join(dir, fmt.Sprint(f)))
		if err := os.WriteFile(inputs[f], slices.Clone(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made, err := CompactEvents(inputs, dir, 2<<20)
	if err != nil {
		t.Fatal(err)
	}
	groups, pages := 0, 0
	for _, name := range append(inputs, made[0].Path, made[len(made)-1].Path) {
		f, err := openEvents(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.file.Close()
		stat, _ := f.file.Stat()
		whole, err := parquet.OpenFile(f.file, stat.Size()) // with its page index
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range whole.RowGroups() {
			groups++
			for _, column := range []string{"account", "principal", "eventid", "sourceipaddress", "errorcode"} {
				leaf, _ := whole.Schema().Lookup(column)
				chunk := g.ColumnChunks()[leaf.ColumnIndex].(*parquet.FileColumnChunk)
				low, high, ok := chunk.Bounds()
				if !ok {
					t.Fatalf("%s has no bounds", column)
				}
				index, err := chunk.ColumnIndex()
				if err != nil {
					t.Fatal(err)
				}
				all := chunk.Pages()
				for p := range index.NumPages() {
					pages++
					page, err := all.ReadPage()
					if err != nil {
						t.Fatal(err)
					}
					values := make([]parquet.Value, page.NumValues())
					_, _ = page.Values().ReadValues(values)
					values = slices.DeleteFunc(values, parquet.Value.IsNull)
					slices.SortFunc(values, leaf.Node.Type().Compare)
					first, last := values[0].String(), values[len(values)-1].String()
					if first != index.MinValue(p).String() || last != index.MaxValue(p).String() || first < low.String() || last > high.String() {
						t.Fatalf("%s, %s: page %d holds %s to %s, its index says %s to %s, its row group's %s to %s", filepath.Base(name), column, p,
							first, last, index.MinValue(p), index.MaxValue(p), low, high)
					}
				}
				all.Close()
			}
		}
	}
	if groups < 6 || pages < 60 {
		t.Errorf("%d row groups, %d pages: too few to tell", groups, pages)
	}
}
