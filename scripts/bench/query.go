package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// question is one that analysts ask: equality in some columns, over some days. The names of the columns are the lake's.
type question struct {
	name  string
	days  int // 0: all there are
	where []string
}

var questions = []question{
	{"one principal's day", 1, []string{"account", "principal"}},
	{"one principal's month", 0, []string{"account", "principal"}},
	{"one access key over a month", 0, []string{"useridentity.accesskeyid"}},
	{"one address over a month", 0, []string{"sourceipaddress"}},
	{"one event, its day unknown", 0, []string{"eventid"}},
	{"one event, its day known", 1, []string{"eventid"}},
	{"one error of an API", 0, []string{"eventsource", "eventname", "errorcode"}},
	{"one API of one account", 0, []string{"account", "eventsource", "eventname"}},
	{"one account of all", 0, []string{"account"}},
	{"one account and region", 0, []string{"account", "region"}},
}

// shown are the columns that each question wants to see besides.
var shown = []string{"eventtime", "eventsource", "eventname", "useridentity.arn", "sourceipaddress", "errorcode"}

// theirs are the names of columns in the peer's file, which is in order of arrival. The lake's principal is a role, theirs an ARN.
var theirs = map[string]string{
	"account": "recipientAccountId", "principal": "arn", "useridentity.accesskeyid": "ak", "sourceipaddress": "sourceIPAddress", "eventid": "eventID",
	"eventsource": "eventSource", "eventname": "eventName", "errorcode": "errorCode", "region": "awsRegion", "eventtime": "eventTime", "useridentity.arn": "arn",
}

// ask prints what a reader that prunes must fetch for each question: footers, the page indexes and Bloom filters of the columns in
// question, then the pages (with their dictionaries) that these do not rule out. A reader of the JSON fetches the objects of the days; it is
// granted a layout by account and region, and that objects hold what belongs together.
func ask(lake, objects, peer string) error {
	_, packed, err := objectsOf(objects)
	if err != nil {
		return err
	}
	paths, err := filepath.Glob(filepath.Join(lake, "events", "*", "*", "*", "*.parquet"))
	if err != nil || len(paths) == 0 {
		return fmt.Errorf("no events in %s (%v)", lake, err)
	}
	var files []*table
	var rows int64
	for _, p := range paths {
		t, err := open(p)
		if err != nil {
			return err
		}
		defer t.close()
		files, rows = append(files, t), rows+t.NumRows()
	}
	arrival, err := open(peer)
	if err != nil {
		return err
	}
	defer arrival.close()
	middle := files[len(files)/2]
	sample, err := middle.sample()
	if err != nil {
		return err
	}
	fmt.Printf("%-30s %10s %12s %12s\n", "kB to fetch", "the lake", "gz JSON", "in arrival order")
	for _, q := range questions {
		var ours, inReach int64
		for _, f := range files {
			if q.days == 1 && f.day != middle.day {
				continue
			}
			n, err := f.fetch(q.where, sample, func(name string) string { return name })
			if err != nil {
				return err
			}
			ours += n
			matching, err := f.count(q.where, sample)
			if err != nil {
				return err
			}
			inReach += matching
		}
		unsorted, err := arrival.fetch(q.where, sample, func(name string) string { return theirs[name] })
		if err != nil {
			return err
		}
		json := float64(packed) * float64(inReach) / float64(rows)
		fmt.Printf("%-30s %10.0f %12.0f %12.0f\n", q.name, float64(ours)/1e3, json/1e3, float64(unsorted)/1e3)
	}
	return nil
}

// table is an open Parquet file.
type table struct {
	*parquet.File
	file    *os.File
	day     string
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
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t := &table{p, f, filepath.Dir(path), map[string]int{}}
	for i, c := range p.Schema().Columns() {
		t.columns[strings.Join(c, ".")] = i
	}
	return t, nil
}

func (t *table) close() { t.file.Close() }

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

// count says how many rows a layout by account and region leaves to read.
func (t *table) count(where []string, sample map[string]parquet.Value) (n int64, err error) {
	var keys []string
	for _, name := range []string{"account", "region"} {
		if slices.Contains(where, name) {
			keys = append(keys, name)
		}
	}
	if len(keys) == 0 {
		return t.NumRows(), nil
	}
	r := parquet.NewReader(t.File)
	defer r.Close()
	batch := make([]parquet.Row, 512)
	for {
		got, err := r.ReadRows(batch)
		for _, row := range batch[:got] {
			matching := true
			for _, v := range row {
				for _, k := range keys {
					matching = matching && (v.Column() != t.columns[k] || parquet.Equal(v, sample[k]))
				}
			}
			if matching {
				n++
			}
		}
		if err != nil {
			return n, nil
		}
	}
}

// fetch says how many bytes of the file must be read.
func (t *table) fetch(where []string, sample map[string]parquet.Value, named func(string) string) (int64, error) {
	var end [8]byte
	if _, err := t.file.ReadAt(end[:], t.Size()-8); err != nil {
		return 0, err
	}
	bytes := 8 + int64(binary.LittleEndian.Uint32(end[:4]))
	if string(end[4:]) != "PAR1" {
		return 0, fmt.Errorf("no Parquet file")
	}
	for g, group := range t.RowGroups() {
		keep := []span{{0, group.NumRows()}}
		for _, name := range where {
			value := sample[name]
			if named(name) == "arn" { // the principal in the peer's terms
				value = sample["useridentity.arn"]
			}
			i, ok := t.columns[named(name)]
			if !ok {
				return 0, fmt.Errorf("no column %q", named(name))
			}
			chunk := group.ColumnChunks()[i].(*parquet.FileColumnChunk)
			if low, high, ok := chunk.Bounds(); ok && !within(value, low, high, chunk) {
				keep = nil
				break
			}
			meta := t.Metadata().RowGroups[g].Columns[i]
			if filter := chunk.BloomFilter(); filter != nil {
				bytes += filter.Size()
				if there, err := filter.Check(value); err != nil {
					return 0, err
				} else if !there {
					keep = nil
					break
				}
			}
			if index, err := chunk.ColumnIndex(); err == nil && index != nil {
				bytes += int64(meta.ColumnIndexLength)
				keep = prune(keep, index, chunk, value, group.NumRows())
			}
		}
		if len(keep) == 0 {
			continue
		}
		wanted := map[int]bool{}
		for _, name := range slices.Concat(where, shown) {
			wanted[t.columns[named(name)]] = true
		}
		for i := range wanted {
			bytes += t.pages(g, i, group, keep)
		}
	}
	return bytes, nil
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
	bytes := int64(column.OffsetIndexLength)
	if d := column.MetaData.DictionaryPageOffset; d > 0 {
		bytes += column.MetaData.DataPageOffset - d
	}
	for p := range offsets.NumPages() {
		page := span{offsets.FirstRowIndex(p), group.NumRows()}
		if p+1 < offsets.NumPages() {
			page.to = offsets.FirstRowIndex(p + 1)
		}
		if slices.ContainsFunc(keep, func(k span) bool { return k.from < page.to && page.from < k.to }) {
			bytes += offsets.CompressedPageSize(p)
		}
	}
	return bytes
}
