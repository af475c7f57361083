package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// question is one that analysts ask: equality in some columns, over some days. The names of the columns are the lake's.
type question struct {
	name  string
	days  int // around the middle one; 0: all there are
	where []string
}

var questions = []question{
	{"one principal's day", 1, []string{"account", "principal"}},
	{"one principal, 90 days", 0, []string{"account", "principal"}},
	{"one access key, 30 days", 30, []string{"useridentity.accesskeyid"}},
	{"one address, 30 days", 30, []string{"sourceipaddress"}},
	{"one event, its day unknown", 0, []string{"eventid"}},
	{"one event, its day known", 1, []string{"eventid"}},
	{"one error of an API, 90 days", 0, []string{"eventsource", "eventname", "errorcode"}},
	{"one API of one account, 90 days", 0, []string{"account", "eventsource", "eventname"}},
	{"one account of 400, 90 days", 0, []string{"account"}},
	{"one account and region, 30 days", 30, []string{"account", "region"}},
}

// shown are the columns that each question wants to see besides.
var shown = []string{"eventtime", "eventsource", "eventname", "useridentity.arn", "sourceipaddress", "errorcode"}

// asked is the columns of questions and answers, for the same rows in order of arrival.
type asked struct {
	EventTime    string `parquet:"eventtime,optional"`
	UserIdentity struct {
		ARN         string `parquet:"arn,optional,dict"`
		AccessKeyID string `parquet:"accesskeyid,optional,dict"`
	} `parquet:"useridentity"`
	EventSource     string `parquet:"eventsource,optional,dict"`
	EventName       string `parquet:"eventname,optional,dict"`
	SourceIPAddress string `parquet:"sourceipaddress,optional,dict"`
	ErrorCode       string `parquet:"errorcode,optional,dict"`
	EventID         string `parquet:"eventid,optional"`
	Principal       string `parquet:"principal,optional,dict"`
	Account         string `parquet:"account,optional,dict"`
	Region          string `parquet:"region,optional,dict"`
}

// queries prints what a reader that prunes must fetch for each question: footers, the page indexes and Bloom filters of the columns in
// question, then the pages (with their dictionaries) that these do not rule out. A reader of the JSON fetches the objects of the days, and of the account
// where it is in the question, as a table with projected accounts would.
func queries(trail, lake string) error {
	paths, err := filepath.Glob(filepath.Join(lake, "events", "*", "*", "*", "*.parquet"))
	if err != nil || len(paths) == 0 {
		return fmt.Errorf("no events in %s (%v)", lake, err)
	}
	var days []string // ascending
	sorted, arrived := map[string][]*table{}, map[string]*table{}
	for _, p := range paths {
		t, err := open(p)
		if err != nil {
			return err
		}
		defer t.file.Close()
		if len(sorted[t.day]) == 0 {
			days = append(days, t.day)
		}
		sorted[t.day] = append(sorted[t.day], t)
	}
	var rows, size int64
	for _, day := range days {
		if arrived[day], err = inOrderOfArrival(sorted[day]); err != nil {
			return err
		}
		for _, t := range sorted[day] {
			rows, size = rows+t.NumRows(), size+t.Size()
		}
	}
	middle := sorted[days[len(days)/2]][0]
	sample, err := middle.sample()
	if err != nil {
		return err
	}
	fmt.Printf("%d rows in %d files of %d days, %.1f MB\n%-34s %10s %12s %16s\n", rows, len(paths), len(days), float64(size)/1e6, "kB to fetch", "the lake", "gz JSON", "order of arrival")
	for _, q := range questions {
		var ours, theirs int64
		asked := days
		if q.days > 0 {
			from := max(0, len(days)/2-q.days/2)
			asked = days[from:min(len(days), from+q.days)]
		}
		for _, day := range asked {
			for _, t := range sorted[day] {
				n, err := t.fetch(q.where, sample)
				if err != nil {
					return err
				}
				ours += n
			}
			n, err := arrived[day].fetch(q.where, sample)
			if err != nil {
				return err
			}
			theirs += n
		}
		account := "*"
		if slices.Contains(q.where, "account") {
			account = sample["account"].String()
		}
		objects, err := packedBytes(trail, account, asked)
		if err != nil {
			return err
		}
		fmt.Printf("%-34s %10.0f %12.0f %16.0f\n", q.name, float64(ours)/1e3, float64(objects)/1e3, float64(theirs)/1e3)
	}
	return nil
}

// packedBytes sums up the objects of an account ("*": all) on some days.
func packedBytes(trail, account string, days []string) (n int64, err error) {
	for _, day := range days {
		objects, err := filepath.Glob(filepath.Join(trail, "AWSLogs", account, "CloudTrail", "*", day, "*.json.gz"))
		if err != nil {
			return 0, err
		}
		for _, o := range objects {
			info, err := os.Stat(o)
			if err != nil {
				return 0, err
			}
			n += info.Size()
		}
	}
	return n, nil
}

// table is an open Parquet file.
type table struct {
	*parquet.File
	file    *os.File // nil: it is in memory
	bytes   io.ReaderAt
	day     string // YYYY/MM/DD
	columns map[string]int
}

func open(path string) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	day := strings.Split(filepath.ToSlash(filepath.Dir(path)), "/")
	return tableOf(f, f, info.Size(), strings.Join(day[len(day)-3:], "/"))
}

func tableOf(f *os.File, from io.ReaderAt, size int64, day string) (*table, error) {
	p, err := parquet.OpenFile(from, size)
	if err != nil {
		return nil, fmt.Errorf("the events of %s: %w", day, err)
	}
	t := &table{p, f, from, day, map[string]int{}}
	for i, c := range p.Schema().Columns() {
		t.columns[strings.Join(c, ".")] = i
	}
	return t, nil
}

// inOrderOfArrival returns the rows of a day as a file has them that is not sorted, with page indexes and without Bloom filters. Of the other columns it has
// none, which spares its readers some of the footer.
func inOrderOfArrival(files []*table) (*table, error) {
	var rows []asked
	for _, t := range files {
		r := parquet.NewGenericReader[asked](t.File)
		defer r.Close()
		from := len(rows)
		rows = append(rows, make([]asked, t.NumRows())...)
		if n, err := r.Read(rows[from:]); n != len(rows)-from {
			return nil, fmt.Errorf("%d rows of %d of %s: %v", n, len(rows)-from, t.day, err)
		}
	}
	slices.SortFunc(rows, func(a, b asked) int {
		return cmp.Or(strings.Compare(a.EventTime, b.EventTime), strings.Compare(a.EventID, b.EventID))
	})
	var out bytes.Buffer
	w := parquet.NewGenericWriter[asked](&out, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(100_000), parquet.DataPageStatistics(true),
		parquet.DefaultEncodingFor(parquet.ByteArray, &parquet.Plain), parquet.DataPageVersion(1))
	if _, err := w.Write(rows); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tableOf(nil, bytes.NewReader(out.Bytes()), int64(out.Len()), files[0].day)
}

// sample returns the values by column of the first failed call with an access key in the second half of the file.
func (t *table) sample() (map[string]parquet.Value, error) {
	r := parquet.NewReader(t.File)
	defer r.Close()
	batch := make([]parquet.Row, 1)
	for row := int64(0); ; row++ {
		if _, err := r.ReadRows(batch); err != nil {
			return nil, fmt.Errorf("no failed call with an access key in %s: %w", t.day, err)
		}
		if row < t.NumRows()/2 {
			continue
		}
		values := map[string]parquet.Value{}
		for name, i := range t.columns {
			for _, v := range batch[0] {
				if v.Column() == i && !v.IsNull() {
					values[name] = v.Clone()
				}
			}
		}
		if _, failed := values["errorcode"]; failed && values["useridentity.accesskeyid"].Kind() == parquet.ByteArray {
			return values, nil
		}
	}
}

// fetch says how many bytes of the file must be read.
func (t *table) fetch(where []string, sample map[string]parquet.Value) (int64, error) {
	var end [8]byte
	if _, err := t.bytes.ReadAt(end[:], t.Size()-8); err != nil {
		return 0, err
	}
	sum := 8 + int64(binary.LittleEndian.Uint32(end[:4]))
	if string(end[4:]) != "PAR1" {
		return 0, fmt.Errorf("no Parquet file")
	}
	for g, group := range t.RowGroups() {
		keep := []span{{0, group.NumRows()}}
		for _, name := range where {
			value := sample[name]
			i, ok := t.columns[name]
			if !ok {
				return 0, fmt.Errorf("no column %q", name)
			}
			chunk := group.ColumnChunks()[i].(*parquet.FileColumnChunk)
			if low, high, ok := chunk.Bounds(); ok && !within(value, low, high, chunk) {
				keep = nil
				break
			}
			meta := t.Metadata().RowGroups[g].Columns[i]
			if filter := chunk.BloomFilter(); filter != nil {
				sum += filter.Size()
				if there, err := filter.Check(value); err != nil {
					return 0, err
				} else if !there {
					keep = nil
					break
				}
			}
			if index, err := chunk.ColumnIndex(); err == nil && index != nil {
				sum += int64(meta.ColumnIndexLength)
				keep = prune(keep, index, chunk, value, group.NumRows())
			}
		}
		if len(keep) == 0 {
			continue
		}
		wanted := map[int]bool{}
		for _, name := range slices.Concat(where, shown) {
			wanted[t.columns[name]] = true
		}
		for i := range wanted {
			sum += t.pages(g, i, group, keep)
		}
	}
	return sum, nil
}

// span is a run of rows, half open.
type span struct{ from, to int64 }

func within(v, low, high parquet.Value, c parquet.ColumnChunk) bool {
	return c.Type().Compare(low, v) <= 0 && c.Type().Compare(v, high) <= 0
}

// prune leaves the rows of pages that may hold the value.
func prune(keep []span, index parquet.ColumnIndex, chunk parquet.ColumnChunk, value parquet.Value, rows int64) (left []span) {
	offsets, err := chunk.OffsetIndex()
	if err != nil || offsets == nil {
		return keep
	}
	for p := range index.NumPages() {
		if index.NullPage(p) || !within(value, index.MinValue(p), index.MaxValue(p), chunk) {
			continue
		}
		page := span{offsets.FirstRowIndex(p), rows}
		if p+1 < offsets.NumPages() {
			page.to = offsets.FirstRowIndex(p + 1)
		}
		for _, k := range keep {
			if s := (span{max(k.from, page.from), min(k.to, page.to)}); s.from < s.to {
				left = append(left, s)
			}
		}
	}
	return left
}

// pages sums up the pages of a column chunk that hold rows to keep, the dictionary and the index that says where they are.
func (t *table) pages(g, i int, group parquet.RowGroup, keep []span) int64 {
	chunk, column := group.ColumnChunks()[i], t.Metadata().RowGroups[g].Columns[i]
	offsets, err := chunk.OffsetIndex()
	if err != nil || offsets == nil {
		return column.MetaData.TotalCompressedSize
	}
	sum := int64(column.OffsetIndexLength)
	if d := column.MetaData.DictionaryPageOffset; d > 0 {
		sum += column.MetaData.DataPageOffset - d
	}
	for p := range offsets.NumPages() {
		page := span{offsets.FirstRowIndex(p), group.NumRows()}
		if p+1 < offsets.NumPages() {
			page.to = offsets.FirstRowIndex(p + 1)
		}
		if slices.ContainsFunc(keep, func(k span) bool { return k.from < page.to && page.from < k.to }) {
			sum += offsets.CompressedPageSize(p)
		}
	}
	return sum
}
