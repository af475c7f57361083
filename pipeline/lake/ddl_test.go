package lake

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/trail"
)

func ddlOf(flavour Flavour, database, root string) *DDL {
	return &DDL{Database: database, Flavour: flavour, First: trail.DayOf(time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC)),
		URL: func(key string) string { return root + "/" + key }}
}

// text is all statements, each after its name, comment and parameters.
func (d *DDL) text() string {
	var b strings.Builder
	for _, s := range append(d.Tables(), d.Views()...) {
		fmt.Fprintf(&b, "== %s\n%s\n--\n%s\n\n", s.Name, s.Comment, s.SQL)
	}
	for _, q := range d.Queries() {
		fmt.Fprintf(&b, "== %s\n%s\n%q\n--\n%s\n\n", q.Name, q.Comment, q.Parameters, q.SQL)
	}
	return b.String()
}

// The statements of both flavours, word by word. When they change on purpose, take the .got- files that a failure leaves in testdata.
func TestDDL(t *testing.T) {
	for name, d := range map[string]*DDL{
		"ddl-timestamp.txt": ddlOf(ByTimestamp, "", "s3://acme-lake/trailgauge"),
		"ddl-ymd.txt":       ddlOf(ByYMD, "security", "s3://acme-lake"),
	} {
		if err := d.Check(); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", name), d.text())
	}
}

// What the Terraform module makes tables and saved queries of, for a lake of any name. When it changes on purpose, take the .got-text file.
func TestGlue(t *testing.T) {
	d := ddlOf(ByTimestamp, "", "s3://lake")
	out, err := json.MarshalIndent(map[string]any{"tables": d.Glue(), "views": d.Views(), "queries": d.Queries()}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("..", "..", "scripts", "terraform", "athena.json"), string(out)+"\n")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	want, err := os.ReadFile(name)
	if err == nil && string(want) == got {
		return
	}
	if err := os.WriteFile(name+".got-text", []byte(got), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Errorf("%s: %v %s", name, err, cmp.Diff(string(want), got))
}

// What every statement must be, whatever its words.
func TestDDLRules(t *testing.T) {
	hiveName := regexp.MustCompile("^`[a-z][a-z0-9]*`$")
	for _, d := range []*DDL{ddlOf(ByTimestamp, "", "s3://b/p"), ddlOf(ByYMD, "db", "s3://b/p")} {
		var names []string
		all := append(d.Tables(), d.Views()...)
		for _, q := range d.Queries() {
			all = append(all, q.Statement)
			if n := strings.Count(q.SQL, "?"); n != len(q.Parameters) {
				t.Errorf("%s: %d places, %d parameters", q.Name, n, len(q.Parameters))
			}
			if !strings.Contains(q.SQL, `"timestamp"`) && !strings.Contains(q.SQL, `concat("year"`) {
				t.Errorf("%s names no day: Athena would read the whole lake", q.Name)
			}
		}
		for _, s := range all {
			names = append(names, s.Name)
			if left := regexp.MustCompile(`[^$]\{|;|\t|  +\n`).FindString(s.SQL); left != "" || s.Comment == "" {
				t.Errorf("%s: %q is left in it, or there is no comment", s.Name, left)
			}
			if d.Database != "" && !strings.HasPrefix(s.SQL, "SELECT") && !strings.Contains(s.SQL, d.Database) {
				t.Errorf("%s is not made in the database", s.Name)
			}
		}
		if slices.Sort(names); len(slices.Compact(names)) != len(all) || len(d.Queries()) < 12 {
			t.Errorf("names: %s", names)
		}
		for table, rows := range tableRows {
			for _, c := range columnsOf(rows.row) {
				if slices.Contains([]string{"timestamp", "year", "month", "day"}, c.name) || !hiveName.MatchString("`"+c.name+"`") {
					t.Errorf("%s: a column may not be called %s", table, c.name)
				}
			}
		}
	}
	if len(tableRows) != len(Tables) {
		t.Errorf("%d tables are declared, there are %d", len(tableRows), len(Tables))
	}
}

func TestDDLCheck(t *testing.T) {
	for _, c := range []struct {
		d    *DDL
		want string
	}{
		{ddlOf("weekly", "", "s3://b"), `flavour "weekly": want timestamp or ymd`},
		{ddlOf(ByYMD, "a`; DROP", "s3://b"), "database \"a`; DROP\": want small letters, digits and _"},
		{ddlOf(ByYMD, "", "s3://b/it's"), `"s3://b/it's/athena": a lake whose name holds`},
		{ddlOf(ByYMD, "", "s3://b/${day}"), `cannot be written in DDL`},
	} {
		if err := c.d.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func TestHiveTypes(t *testing.T) {
	type row struct {
		A string            `parquet:"a,optional,dict"`
		B *bool             `parquet:"b,optional"`
		C int32             `parquet:"c"`
		D int64             `parquet:"d"`
		E int64             `parquet:"e,timestamp(millisecond)"`
		F float64           `parquet:"f"`
		G []int64           `parquet:"g,list"`
		H map[string]string `parquet:"h,optional"`
		I struct {
			J []struct {
				K bool `parquet:"k"`
			} `parquet:"j,list"`
		} `parquet:"i"`
	}
	var got []string
	for _, c := range columnsOf(reflect.TypeFor[row]()) {
		got = append(got, c.name+" "+c.hive)
	}
	want := []string{"a string", "b boolean", "c int", "d bigint", "e timestamp", "f double", "g array<bigint>", "h map<string,string>", "i struct<j:array<struct<k:boolean>>>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
