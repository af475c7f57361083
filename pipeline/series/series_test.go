package series

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// first is the first day of the test's lake.
var first = trail.DayOf(time.Date(2026, 10, 30, 0, 0, 0, 0, time.UTC))

func tile(day trail.Day, account, name, code string, minutes ...uint16) counts.Tile {
	t := counts.Tile{Day: day, Minutes: minutes}
	t.Account, t.Region, t.Source, t.Name, t.Principal = account, "eu-west-1", "ec2.amazonaws.com", name, "arn:aws:iam::"+account+":user/ann"
	t.ErrorCode = code
	for i := range minutes {
		t.Counts = append(t.Counts, int64(i+1))
	}
	return t
}

// lakeOf writes a lake of files of tiles, each in order, by day.
func lakeOf(t testing.TB, days map[trail.Day][][]counts.Tile) (store.Store, *lake.Commit) {
	t.Helper()
	s, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &lake.Commit{Format: 1, Number: 1}
	for day, files := range days {
		m := &lake.Manifest{Day: day, Files: map[lake.Table][]lake.File{}}
		for i, tiles := range files {
			body, err := lake.EncodeTiles(tiles)
			if err != nil {
				t.Fatal(err)
			}
			f := lake.File{Key: lake.FileKey(lake.Counts, day, 1, fmt.Sprintf("%04d", i)), Rows: int64(len(tiles)), Bytes: int64(len(body))}
			if err := s.Put(t.Context(), f.Key, body); err != nil {
				t.Fatal(err)
			}
			m.Files[lake.Counts] = append(m.Files[lake.Counts], f)
		}
		if err := m.Save(t.Context(), s, c); err != nil {
			t.Fatal(err)
		}
	}
	return s, c
}

// small is three days; the second has two files, one of which corrects the other.
func small(t testing.TB) (store.Store, *lake.Commit) {
	fix := tile(first+1, "1", "RunInstances", "", 61)
	fix.Counts[0] = -2
	return lakeOf(t, map[trail.Day][][]counts.Tile{
		first:     {{tile(first, "1", "RunInstances", "", 0, 59, 60, 1439), tile(first, "2", "DeleteVpc", "AccessDenied", 5)}},
		first + 1: {{tile(first+1, "1", "RunInstances", "", 60, 61)}, {fix, tile(first+1, "1", "RunInstances", "Throttling", 61)}},
		first + 2: {{tile(first+2, "3", "RunInstances", "", 720)}},
	})
}

func collect(t testing.TB, s store.Store, c *lake.Commit, q Query) (lines []string) {
	t.Helper()
	err := Each(t.Context(), s, c, q, func(r *Row) error {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %d", r.Time.Format("01-02T15:04"), r.Account, r.Name, r.ErrorCode, r.Calls))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func glob(t testing.TB, pattern string) trail.Glob {
	t.Helper()
	g, err := trail.ParseGlob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestEach(t *testing.T) {
	s, c := small(t)
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, test := range []struct {
		name string
		q    Query
		want string
	}{
		{"minutes", Query{}, `10-30T00:00 1 RunInstances  1; 10-30T00:59 1 RunInstances  2; 10-30T01:00 1 RunInstances  3; 10-30T23:59 1 RunInstances  4;
			10-30T00:05 2 DeleteVpc AccessDenied 1; 10-31T01:00 1 RunInstances  1; 10-31T01:01 1 RunInstances Throttling 1; 11-01T12:00 3 RunInstances  1`},
		{"hours", Query{Step: Hour, Account: glob(t, "1")}, `10-30T00:00 1 RunInstances  3; 10-30T01:00 1 RunInstances  3; 10-30T23:00 1 RunInstances  4;
			10-31T01:00 1 RunInstances  1; 10-31T01:00 1 RunInstances Throttling 1`},
		{"days", Query{Step: Day}, `10-30T00:00 1 RunInstances  10; 10-30T00:00 2 DeleteVpc AccessDenied 1; 10-31T00:00 1 RunInstances  1; 10-31T00:00 1 RunInstances Throttling 1;
			11-01T00:00 3 RunInstances  1`},
		{"name alone", Query{API: glob(t, "Delete*")}, `10-30T00:05 2 DeleteVpc AccessDenied 1`},
		{"source and name", Query{API: glob(t, "ec2.*:D*")}, `10-30T00:05 2 DeleteVpc AccessDenied 1`},
		{"principal", Query{Principal: glob(t, "*::3:*")}, `11-01T12:00 3 RunInstances  1`},
		{"region", Query{Region: glob(t, "us-*")}, ``},
		{"from", Query{From: at("2026-10-31T01:01:00Z")}, `10-31T01:01 1 RunInstances Throttling 1; 11-01T12:00 3 RunInstances  1`},
		{"span cuts steps", Query{From: at("2026-10-30T00:00:30Z"), To: at("2026-10-30T01:00:00Z"), Step: Day}, `10-30T00:00 1 RunInstances  2; 10-30T00:00 2 DeleteVpc AccessDenied 1`},
		{"to is not in", Query{To: at("2026-10-30T00:05:00Z")}, `10-30T00:00 1 RunInstances  1`},
		{"nothing after", Query{From: at("2026-11-02T00:00:00Z")}, ``},
	} {
		var want []string
		for line := range strings.SplitSeq(test.want, ";") {
			if line = strings.TrimSpace(line); line != "" {
				want = append(want, line)
			}
		}
		if got := collect(t, s, c, test.q); !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", test.name, got, want)
		}
	}
}

// Whatever the step, the calls add up to those of the table.
func TestTotals(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		days := map[trail.Day][][]counts.Tile{}
		var want int64
		for d := range rapid.IntRange(1, 3).Draw(rt, "days") {
			day := first + trail.Day(d)
			var tiles []counts.Tile
			for a := range rapid.IntRange(1, 3).Draw(rt, "series") {
				minutes := rapid.SliceOfNDistinct(rapid.Uint16Range(0, 1439), 1, 20, rapid.ID).Draw(rt, "minutes")
				slices.Sort(minutes)
				x := tile(day, fmt.Sprint(a), "RunInstances", "", minutes...)
				tiles, want = append(tiles, x), want+x.Calls()
			}
			days[day] = [][]counts.Tile{tiles}
		}
		s, c := lakeOf(t, days)
		for _, step := range []Step{Minute, Hour, Day} {
			var got int64
			if err := Each(t.Context(), s, c, Query{Step: step}, func(r *Row) error { got += r.Calls; return nil }); err != nil || got != want {
				rt.Fatalf("%s: %d calls, the table has %d (%v)", step, got, want, err)
			}
		}
	})
}

func TestErrorEndsTheWalk(t *testing.T) {
	s, c := small(t)
	stop, n := errors.New("stop"), 0
	if err := Each(t.Context(), s, c, Query{}, func(*Row) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("%v after %d rows", err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Each(ctx, s, c, Query{}, func(*Row) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// hostile are rows of text that somebody else wrote.
func hostile() (rows []Row) {
	for _, text := range []string{
		"", "plain", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'quoted", "a,b", `say "x"`, "two\nlines", "cr\rlf\r\n", "é\u202ex", "\x1b[2J\u009b", ",", `"`, " =1", "\u2028", "😀",
	} {
		r := Row{Time: first.Start(), Calls: 3}
		r.Account, r.Region, r.Source, r.Name, r.Principal, r.ErrorCode = text, text, text, text, text, text
		rows = append(rows, r)
	}
	rows[1].Data, rows[1].ReadOnly, rows[1].Calls = true, true, -1
	return rows
}

func written(t *testing.T, format string, rows []Row) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(format, &out, false)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := w.Write(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// texts returns a row as the columns of every format, without time and calls.
func texts(r *Row) []string {
	return []string{r.Account, r.Region, r.Source, r.Name, r.Principal, r.Category(), fmt.Sprint(r.ReadOnly), r.ErrorCode}
}

func TestCSV(t *testing.T) {
	rows := hostile()
	out := written(t, "csv", rows)
	if n := bytes.Count(out, []byte("\r\n")); n < len(rows)+1 {
		t.Errorf("%d ends of lines, want at least %d", n, len(rows)+1)
	}
	// encoding/csv reads CRLF as LF, within quotes too.
	lines, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil || len(lines) != len(rows)+1 || !slices.Equal(lines[0], Columns) {
		t.Fatalf("%d lines: %v", len(lines), err)
	}
	for i, line := range lines[1:] {
		for c, want := range texts(&rows[i]) {
			cell := line[c]
			if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
				t.Errorf("row %d: a spreadsheet takes %q for a formula", i, cell)
			}
			if back := strings.TrimPrefix(cell, "'"); back != strings.ReplaceAll(want, "\r\n", "\n") {
				t.Errorf("row %d: %q comes back as %q", i, want, back)
			}
		}
		if line[8] != "2026-10-30T00:00:00Z" || line[9] != fmt.Sprint(rows[i].Calls) {
			t.Errorf("row %d: %q", i, line)
		}
	}
}

func TestCSVOnATerminal(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter("csv", &out, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range hostile() {
		if err := w.Write(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(strings.ReplaceAll(out.String(), "\r\n", ""), trail.Commands); i >= 0 {
		t.Errorf("byte %d commands the terminal", i)
	}
}

func TestJSON(t *testing.T) {
	rows := hostile()
	out := written(t, "json", rows)
	if i := bytes.IndexFunc(bytes.ReplaceAll(out, []byte("\n"), nil), trail.Commands); i >= 0 {
		t.Errorf("byte %d trail.Commands a terminal", i)
	}
	at := 0
	for line := range bytes.Lines(out) {
		var v map[string]any
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		code := v["errorcode"]
		if code == nil {
			code = ""
		}
		got := []string{v["account"].(string), v["region"].(string), v["eventsource"].(string), v["eventname"].(string), v["principal"].(string), v["category"].(string), fmt.Sprint(v["readonly"]), code.(string)}
		if diff := cmp.Diff(texts(&rows[at]), got); diff != "" || v["calls"] != float64(rows[at].Calls) || v["time"] != "2026-10-30T00:00:00Z" || len(v) != len(Columns) {
			t.Errorf("line %d: %s %v", at, diff, v)
		}
		at++
	}
	if at != len(rows) {
		t.Errorf("%d lines, want %d", at, len(rows))
	}
}

func TestArrow(t *testing.T) {
	rows := hostile()
	for len(rows) < batchRows+5 { // more than one batch
		rows = append(rows, rows[:min(len(rows), batchRows+5-len(rows))]...)
	}
	in, err := ipc.NewReader(bytes.NewReader(written(t, "arrow", rows)))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Release()
	if !in.Schema().Equal(Schema) {
		t.Errorf("schema: %s", in.Schema())
	}
	at, batches := 0, 0
	for in.Next() {
		b := in.RecordBatch()
		batches++
		for i := range int(b.NumRows()) {
			var got []string
			for c, col := range b.Columns()[:8] {
				switch col := col.(type) {
				case *array.String:
					if c == 7 && col.IsNull(i) != (rows[at].ErrorCode == "") {
						t.Fatalf("row %d: errorcode null is %t", at, col.IsNull(i))
					}
					got = append(got, col.Value(i))
				case *array.Boolean:
					got = append(got, fmt.Sprint(col.Value(i)))
				}
			}
			if diff := cmp.Diff(texts(&rows[at]), got); diff != "" {
				t.Fatalf("row %d: %s", at, diff)
			}
			if ts := b.Column(8).(*array.Timestamp).Value(i); ts != arrow.Timestamp(rows[at].Time.UnixMilli()) || b.Column(9).(*array.Int64).Value(i) != rows[at].Calls {
				t.Fatalf("row %d: time %d", at, ts)
			}
			at++
		}
	}
	if err := in.Err(); err != nil && !errors.Is(err, io.EOF) || at != len(rows) || batches != 2 {
		t.Errorf("%d rows in %d batches, want %d in 2: %v", at, batches, len(rows), err)
	}
}

func TestEmpty(t *testing.T) {
	if in, err := ipc.NewReader(bytes.NewReader(written(t, "arrow", nil))); err != nil || !in.Schema().Equal(Schema) || in.Next() {
		t.Errorf("an empty Arrow stream: %v", err)
	}
	if got := string(written(t, "csv", nil)); got != strings.Join(Columns, ",")+"\r\n" {
		t.Errorf("empty CSV: %q", got)
	}
	if got := written(t, "json", nil); len(got) != 0 {
		t.Errorf("empty JSON Lines: %q", got)
	}
}
