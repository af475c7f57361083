package lake

import (
	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// countRow is a row of the counts table: the calls of one series, category, read or write, error code and day.
type countRow struct {
	Account       string  `parquet:"account,dict"`
	Region        string  `parquet:"region,dict"`
	EventSource   string  `parquet:"eventsource,dict"`
	EventName     string  `parquet:"eventname,dict"`
	Principal     string  `parquet:"principal,dict"`
	EventCategory string  `parquet:"eventcategory,dict"` // Management or Data
	ReadOnlyBool  bool    `parquet:"readonlybool"`
	ErrorCode     string  `parquet:"errorcode,optional,dict"` // null: the calls that succeeded
	EventDay      int64   `parquet:"eventday,timestamp(millisecond)"`
	Calls         int64   `parquet:"calls"`        // the sum of counts
	Minutes       []int32 `parquet:"minutes,list"` // minutes of the day with calls, ascending
	Counts        []int64 `parquet:"counts,list"`  // calls in each of them; negative only in a correction
}

// EncodeTiles returns tiles, in the order given, as one Parquet file of the counts table.
func EncodeTiles(tiles []counts.Tile) ([]byte, error) {
	rows := make([]countRow, len(tiles))
	for i := range tiles {
		rows[i] = rowOf(&tiles[i])
	}
	return encode(rows)
}

func rowOf(t *counts.Tile) countRow {
	r := countRow{
		Account: t.Account, Region: t.Region, EventSource: t.Source, EventName: t.Name, Principal: t.Principal,
		EventCategory: trail.Category(t.Data), ReadOnlyBool: t.ReadOnly, ErrorCode: t.ErrorCode,
		EventDay: t.Day.Start().UnixMilli(), Calls: t.Calls(), Counts: t.Counts,
		Minutes: make([]int32, len(t.Minutes)),
	}
	for i, m := range t.Minutes {
		r.Minutes[i] = int32(m)
	}
	return r
}

var dataEvents = trail.Category(true)

// tileColumns are what DecodeTiles needs, in the order it takes them.
var tileColumns = []string{
	"account", "region", "eventsource", "eventname", "principal", "eventcategory", "readonlybool", "errorcode", "minutes", "counts",
}

// DecodeTiles reads a file of the counts table, all of one day. An error means that it is damaged or foreign.
func DecodeTiles(body []byte, day trail.Day) ([]counts.Tile, error) {
	var tiles []counts.Tile
	err := readColumns(body, tileColumns, func(b *batch) error {
		tiles = b.tiles(tiles, day, func(counts.Series) bool { return true })
		return nil
	})
	return tiles, err
}

// tiles appends the rows of tileColumns whose series want accepts.
func (b *batch) tiles(to []counts.Tile, day trail.Day, want func(counts.Series) bool) []counts.Tile {
	series, category, readOnly, code, minutes, calls := b.series(), b.text(5), b.bool(6), b.text(7), b.int32s(8), b.int64s(9)
	for i := range b.rows {
		if of := series(i); want(of) {
			class := counts.Class{Data: category(i) == dataEvents, ReadOnly: readOnly(i), ErrorCode: code(i)}
			to = append(to, counts.Tile{Series: of, Class: class, Day: day, Minutes: minutes(i), Counts: calls(i)})
		}
	}
	return to
}

// series reads the first five of tileColumns.
func (b *batch) series() func(row int) counts.Series {
	account, region, source, name, principal := b.text(0), b.text(1), b.text(2), b.text(3), b.text(4)
	return func(i int) counts.Series {
		return counts.Series{Account: account(i), Region: region(i), Source: source(i), Name: name(i), Principal: principal(i)}
	}
}
