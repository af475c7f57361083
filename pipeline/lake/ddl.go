package lake

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"trailgauge/pipeline/trail"
)

// Flavour is one of the two ways in which AWS's documentation partitions a CloudTrail table by day.
type Flavour string

const (
	// ByTimestamp has one string partition column "timestamp", as 2026/11/01 (Athena user guide, "Create a table for CloudTrail
	// logs in Athena using partition projection").
	ByTimestamp Flavour = "timestamp"
	// ByYMD has three: year, month and day, as '2026', '11' and '01' (the same guide, tables of organisation trails).
	ByYMD Flavour = "ymd"
)

// DDL writes down the lake for Athena: tables that read through the symlink files, with projected partitions, so that no crawler, no
// ALTER TABLE and no list of accounts is needed; views; and queries to start from. The columns are those of the row types.
type DDL struct {
	Database string                  // where tables and views are made; "": wherever the statements are run
	Flavour  Flavour                 // of all tables alike
	First    trail.Day               // the oldest day that the tables project
	URL      func(key string) string // of a key of the lake: s3://bucket/prefix/key
}

// Statement is one SQL statement, without a semicolon at its end.
type Statement struct {
	Name    string `json:"name"`
	Comment string `json:"comment"` // what it is for, in one or more lines
	SQL     string `json:"sql"`
}

// errUnquotable: Hive's DDL has no safe way to write some characters in a location.
var errUnquotable = errors.New(`a lake whose name holds ', ", \, $, ; or a control character cannot be written in DDL`)

// Check tells whether the statements can be written: names come from the command line.
func (d *DDL) Check() error {
	if d.Flavour != ByTimestamp && d.Flavour != ByYMD {
		return fmt.Errorf("flavour %q: want %s or %s", d.Flavour, ByTimestamp, ByYMD)
	}
	for _, r := range d.Database {
		if r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return fmt.Errorf("database %q: want small letters, digits and _", d.Database)
		}
	}
	if u := d.URL("athena"); strings.ContainsFunc(u, func(r rune) bool { return r < ' ' || strings.ContainsRune("'\"\\$;\x7f", r) }) {
		return fmt.Errorf("%q: %w", u, errUnquotable)
	}
	return nil
}

// tableRows are the row types of the tables: what is written is what is declared.
var tableRows = map[Table]struct {
	row     reflect.Type
	comment string
}{
	Events:    {reflect.TypeFor[trail.Record](), "One row a record, by the day of the event. The columns of AWS's documented table come first, typed additions follow."},
	Counts:    {reflect.TypeFor[countRow](), "One row a series, category, read or write, error code and day: its minutes with calls, and how many."},
	Insights:  {reflect.TypeFor[InsightRow](), "One row an insight, by the day of its start; see the view insights_current."},
	Baselines: {reflect.TypeFor[BaselineRow](), "One row a unit: what was usual before that day, and why."},
	Replaced:  {reflect.TypeFor[ReplacedRow](), "One row an event that a correction (UPDATED_DATA) of whatever day has replaced, by the event's own day."},
}

// How the tables are read: the symlink files name Parquet files (Athena user guide, "Parquet SerDe"; cf. S3 Inventory's tables).
const (
	parquetSerDe  = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
	symlinkInput  = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
	symlinkOutput = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
)

// Tables returns the CREATE TABLE statements, one a table, in the order of the package's Tables.
func (d *DDL) Tables() []Statement {
	var out []Statement
	for _, t := range Tables {
		var b strings.Builder
		fmt.Fprintf(&b, "CREATE EXTERNAL TABLE IF NOT EXISTS %s (\n", d.hiveName(string(t)))
		for i, c := range columnsOf(tableRows[t].row) {
			if i > 0 {
				b.WriteString(",\n")
			}
			fmt.Fprintf(&b, "  `%s` %s", c.name, c.hive)
		}
		location := d.URL("athena/" + string(t))
		fmt.Fprintf(&b, "\n)\nPARTITIONED BY (%s)\n", d.partitionColumns())
		fmt.Fprintf(&b, "ROW FORMAT SERDE '%s'\nSTORED AS INPUTFORMAT '%s'\nOUTPUTFORMAT '%s'\n", parquetSerDe, symlinkInput, symlinkOutput)
		fmt.Fprintf(&b, "LOCATION '%s/'\nTBLPROPERTIES (\n", location)
		for i, p := range d.properties(location) {
			if i > 0 {
				b.WriteString(",\n")
			}
			fmt.Fprintf(&b, "  '%s' = '%s'", p.key, p.value)
		}
		b.WriteString("\n)")
		out = append(out, Statement{string(t), tableRows[t].comment, b.String()})
	}
	return out
}

// partitions returns the partition columns.
func (d *DDL) partitions() []string {
	if d.Flavour == ByYMD {
		return []string{"year", "month", "day"}
	}
	return []string{"timestamp"}
}

func (d *DDL) partitionColumns() string {
	var b strings.Builder
	for i, p := range d.partitions() {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "`%s` string", p)
	}
	return b.String()
}

// projectedYears is how far a range of years reaches beyond the lake's first: a projection of integers knows no NOW, and every year
// costs a query without a day 372 look-ups.
const projectedYears = 20

// property is one of a table's properties.
type property struct{ key, value string }

// properties returns the table properties of partition projection (Athena user guide, "Set up partition projection").
func (d *DDL) properties(location string) []property {
	out := []property{{"projection.enabled", "true"}}
	set := func(column, key, value string) {
		out = append(out, property{"projection." + column + "." + key, value})
	}
	if d.Flavour == ByYMD {
		year := d.First.Start().Year()
		for _, c := range []struct{ name, span, digits string }{
			{"year", fmt.Sprintf("%d,%d", year, year+projectedYears), "4"}, {"month", "1,12", "2"}, {"day", "1,31", "2"},
		} {
			set(c.name, "type", "integer")
			set(c.name, "range", c.span)
			set(c.name, "digits", c.digits)
		}
	} else {
		set("timestamp", "type", "date")
		set("timestamp", "format", "yyyy/MM/dd")
		set("timestamp", "range", d.First.Path()+",NOW")
		set("timestamp", "interval", "1")
		set("timestamp", "interval.unit", "DAYS")
	}
	template := location
	for _, p := range d.partitions() {
		template += "/${" + p + "}"
	}
	return append(out, property{"storage.location.template", template + "/"})
}

// hiveName and sqlName name a table or view in DDL, which takes back ticks, and in queries, which take double quotes.
func (d *DDL) hiveName(name string) string {
	if d.Database == "" {
		return "`" + name + "`"
	}
	return "`" + d.Database + "`.`" + name + "`"
}

func (d *DDL) sqlName(name string) string {
	if d.Database == "" {
		return `"` + name + `"`
	}
	return `"` + d.Database + `"."` + name + `"`
}
