package lake

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"trailgauge/pipeline/trail"
)

func compareEvents(a, b trail.Record) int {
	return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region), strings.Compare(a.EventSource, b.EventSource),
		strings.Compare(a.EventName, b.EventName), strings.Compare(a.Principal, b.Principal), cmp.Compare(a.EventTS, b.EventTS), strings.Compare(a.EventID, b.EventID))
}

// eventsFileOf writes rows, as they come, to a local file.
func eventsFileOf(t interface{ Fatal(...any) }, dir string, n int, rows []trail.Record) string {
	body, err := encodeEvents(len(rows), func(i int) *trail.Record { return &rows[i] })
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, fmt.Sprintf("in%d.parquet", n))
	if err := os.WriteFile(name, body, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// values returns all rows of a file as text, in order: every column, with its levels.
func values(t interface{ Fatal(...any) }, name string) (rows []string) {
	f, err := openEvents(name)
	if err != nil {
		t.Fatal(err)
	}
	c := &cursor{name: name, from: f, groups: f.parquet.RowGroups()}
	defer c.close()
	for {
		more, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return rows
		}
		rows = append(rows, fmt.Sprintf("%+v", c.row()))
	}
}

func recordOf(r *rapid.T) trail.Record {
	word := rapid.SampledFrom([]string{"", "a", "a\x00", "b", "é", "zz"})
	e := trail.Record{
		Account: word.Draw(r, "account"), Region: word.Draw(r, "region"), EventSource: word.Draw(r, "source"), EventName: word.Draw(r, "name"),
		Principal: word.Draw(r, "principal"), EventTS: rapid.Int64Range(-2, 3).Draw(r, "time"), EventID: word.Draw(r, "id"),
		RequestParameters: strings.Repeat("x", rapid.IntRange(0, 300).Draw(r, "length")), Extra: word.Draw(r, "extra"),
	}
	for range rapid.IntRange(0, 2).Draw(r, "resources") {
		e.Resources = append(e.Resources, trail.Resource{ARN: word.Draw(r, "arn"), Type: "t"})
	}
	if rapid.Bool().Draw(r, "attributes") {
		e.UserIdentity.SessionContext.WebIDFederationData.Attributes = map[string]string{"k": word.Draw(r, "attribute")}
	}
	return e
}

// Whatever is merged, in however many passes: the same rows, sorted, and the same bytes again.
func TestCompactEvents(t *testing.T) {
	defer func(n int64) { openBytes = n }(openBytes)
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		openBytes = rapid.SampledFrom([]int64{1, 200 << 10, 160 << 20}).Draw(r, "open bytes")
		var inputs, want []string
		var sum Identity
		for n := range rapid.IntRange(1, 4).Draw(r, "files") {
			rows := rapid.SliceOfN(rapid.Custom(recordOf), 0, 60).Draw(r, "rows")
			slices.SortStableFunc(rows, compareEvents)
			name := eventsFileOf(r, dir, n, rows)
			inputs = append(inputs, name)
			want = append(want, values(r, name)...)
			one, err := Identities(name)
			if err != nil {
				r.Fatal(err)
			}
			sum = sum.Plus(one)
		}
		target := rapid.SampledFrom([]int64{15_000, 1 << 30}).Draw(r, "target")
		var first [][]byte
		for attempt := range 2 {
			to, err := os.MkdirTemp(dir, "out")
			if err != nil {
				r.Fatal(err)
			}
			defer os.RemoveAll(to)
			made, err := CompactEvents(inputs, to, target)
			if err != nil {
				r.Fatal(err)
			}
			var got []string
			var total Identity
			for i, m := range made {
				body, err := os.ReadFile(m.Path)
				if err != nil {
					r.Fatal(err)
				}
				one, err := Identities(m.Path)
				if err != nil || one.Rows != m.Rows || int64(len(body)) != m.Bytes {
					r.Fatal(err, one, m, len(body))
				}
				total = total.Plus(one)
				got = append(got, values(r, m.Path)...)
				if attempt == 0 {
					first = append(first, body)
				} else if !bytes.Equal(first[i], body) {
					r.Fatal("other bytes the second time")
				}
			}
			sorted(r, made)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) || total != sum {
				r.Fatalf("%d rows became %d, or others; identities %v and %v", len(want), len(got), sum, total)
			}
		}
	})
}

func sorted(t interface{ Fatal(...any) }, made []Compacted) {
	var last *sortKey
	for _, m := range made {
		f, err := openEvents(m.Path)
		if err != nil {
			t.Fatal(err)
		}
		c := &cursor{name: m.Path, from: f, groups: f.parquet.RowGroups()}
		for {
			more, err := c.next()
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
			if last != nil && c.key.compare(last) < 0 {
				t.Fatal("out of order in " + m.Path)
			}
			key := c.key
			last = &key
		}
		c.close()
	}
}

func TestCompactEventsRefuses(t *testing.T) {
	dir := t.TempDir()
	row := func(account string) trail.Record { return trail.Record{Account: account, EventID: "1"} }
	good := eventsFileOf(t, dir, 1, []trail.Record{row("1"), row("2")})
	unsorted := eventsFileOf(t, dir, 2, []trail.Record{row("2"), row("1")})
	counts := filepath.Join(dir, "counts")
	body, err := EncodeTiles(nil)
	if err != nil {
		t.Fatal(err)
	}
	var other bytes.Buffer
	w := parquet.NewGenericWriter[trail.Record](&other)
	if _, err := w.Write([]trail.Record{row("1")}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{counts: body, counts + "-unmarked": other.Bytes(), counts + "-text": []byte("hello")} {
		if err := os.WriteFile(name, b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{unsorted, counts, counts + "-unmarked", counts + "-text"} {
		_, err := CompactEvents([]string{good, bad}, t.TempDir(), 1<<20)
		var input *InputError
		if !errors.Is(err, ErrForeign) || !errors.As(err, &input) || input.Path != bad {
			t.Errorf("%s: %v; want ErrForeign, and the name", filepath.Base(bad), err)
		}
	}
	if _, err := CompactEvents([]string{good}, t.TempDir(), 1<<20); err != nil {
		t.Error(err)
	}
}

// Memory does not grow with the day: twelve files of 4,000 records of 1.5 kB, or of four times as many, take about the same.
func TestCompactEventsMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	peak := func(files, rows int) uint64 {
		dir := t.TempDir()
		var inputs []string
		for n := range files {
			list := make([]trail.Record, rows)
			for i := range list {
				id := fmt.Sprintf("%08d-%04d", i*2654435761%100_000_000, n)
				list[i] = trail.Record{
					Account: fmt.Sprint(i * 400 / rows), Region: "eu-west-1", EventSource: "ec2.amazonaws.com", EventName: "Run", EventTS: int64(i), EventID: id,
					RequestParameters: strings.Repeat(id, 60), ResponseElements: strings.Repeat(id+"x", 30), RequestID: id, SourceIPAddress: id, UserAgent: strings.Repeat("agent "+id, 2),
				}
			}
			slices.SortFunc(list, compareEvents)
			inputs = append(inputs, eventsFileOf(t, dir, n, list))
		}
		runtime.GC()
		var most uint64
		stop, done := make(chan bool), make(chan bool)
		go func() {
			defer close(done)
			for {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}()
		began := time.Now()
		made, err := CompactEvents(inputs, dir, 256<<20)
		took := time.Since(began)
		close(stop)
		<-done
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d files of %d rows into %d: %.1f MB of heap at most, %.1f s", files, rows, len(made), float64(most)/1e6, took.Seconds())
		return most
	}
	one, four := peak(12, 4_000), peak(12, 16_000)
	if four > 512<<20 || four > 3*one+64<<20 {
		t.Errorf("%d bytes, and of four times as much %d", one, four)
	}
}
