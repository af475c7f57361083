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

const (
	management = "Management"
	data       = "Data"
)

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
		EventCategory: management, ReadOnlyBool: t.ReadOnly, ErrorCode: t.ErrorCode,
		EventDay: t.Day.Start().UnixMilli(), Calls: t.Calls(), Counts: t.Counts,
		Minutes: make([]int32, len(t.Minutes)),
	}
	if t.Data {
		r.EventCategory = data
	}
	for i, m := range t.Minutes {
		r.Minutes[i] = int32(m)
	}
	return r
}

// tileColumns are what readTiles needs, in the order it takes them.
var tileColumns = []string{
	"account", "region", "eventsource", "eventname", "principal", "eventcategory", "readonlybool", "errorcode", "minutes", "counts",
}

// readTiles reads a file of the counts table.
func readTiles(body []byte, day trail.Day) ([]counts.Tile, error) {
	var tiles []counts.Tile
	err := readColumns(body, tileColumns, func(b *batch) error {
		text := [6]func(int) string{b.text(0), b.text(1), b.text(2), b.text(3), b.text(4), b.text(5)}
		readOnly, code, minutes, calls := b.bool(6), b.text(7), b.int32s(8), b.int64s(9)
		for i := range b.rows {
			t := counts.Tile{Day: day, Minutes: minutes(i), Counts: calls(i)}
			t.Account, t.Region, t.Source, t.Name, t.Principal = text[0](i), text[1](i), text[2](i), text[3](i), text[4](i)
			t.Data, t.ReadOnly, t.ErrorCode = text[5](i) == data, readOnly(i), code(i)
			tiles = append(tiles, t)
		}
		return nil
	})
	return tiles, err
}
