package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"trailgauge/pipeline"
	"trailgauge/pipeline/lake"
)

// ddlCommand writes down the lake for Athena. It reads the current commit only, to know the oldest day.
type ddlCommand struct {
	lakeFlag
	bucketFlags
	Database string `placeholder:"NAME" help:"Make tables and views in this database (default: wherever the statements are run)."`
	Flavour  string `enum:"timestamp,ymd" default:"timestamp" help:"Partition columns: timestamp ('2026/11/01'), or ymd (year, month, day); AWS documents both."`
	JSON     bool   `name:"json" help:"Print the statements as one JSON object."`
}

func (c *ddlCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	s, err := c.lake(ctx, c.Lake)
	if err != nil {
		return outcome{}, err
	}
	commit, err := lake.Current(ctx, s)
	if err != nil {
		return outcome{}, err
	}
	if len(commit.Days) == 0 {
		return outcome{}, fmt.Errorf("%w: %s holds no day yet: tables need a first one; run trailgauge run before", pipeline.ErrUsage, s.URL(""))
	}
	d := lake.DDL{Database: c.Database, Flavour: lake.Flavour(c.Flavour), First: commit.Days[0].Day, URL: s.URL}
	if err := d.Check(); err != nil {
		return outcome{}, fmt.Errorf("%w: %w", pipeline.ErrUsage, err)
	}
	if !strings.HasPrefix(d.URL("athena"), "s3://") {
		t.note("the lake is a folder: Athena reads lakes in buckets only")
	}
	if c.JSON {
		return outcome{}, printJSON(t.out, ddlJSON{c.Database, c.Flavour, d.Tables(), d.Views(), d.Queries(), d.Glue()})
	}
	return outcome{}, writeDDL(t.out, &d)
}

// ddlJSON is what --json prints. The statements have no semicolons.
type ddlJSON struct {
	Database string           `json:"database"` // "": none was named
	Flavour  string           `json:"flavour"`
	Tables   []lake.Statement `json:"tables"`
	Views    []lake.Statement `json:"views"`
	Queries  []lake.Query     `json:"queries"`
	Glue     []lake.GlueTable `json:"glue"` // the tables as Glue's API takes them (TableInput)
}

const ddlHead = `-- Tables, views and queries of a trailgauge lake for Athena, engine version 3. Athena runs one statement at a time, in this order.
-- Partitions are projected from %s on: when older days come in, drop the tables and make them again; that deletes no data.

`

func writeDDL(w io.Writer, d *lake.DDL) error {
	var b strings.Builder
	fmt.Fprintf(&b, ddlHead, d.First)
	statement := func(s lake.Statement, more string) {
		fmt.Fprintf(&b, "-- %s: %s%s\n%s;\n\n", s.Name, strings.ReplaceAll(s.Comment, "\n", "\n-- "), more, s.SQL)
	}
	if d.Database != "" {
		fmt.Fprintf(&b, "CREATE DATABASE IF NOT EXISTS `%s`;\n\n", d.Database)
	}
	for _, s := range append(d.Tables(), d.Views()...) {
		statement(s, "")
	}
	b.WriteString("-- Queries. Athena asks for a value for each ?; text and days, as '2026/11/01', are written in single quotes.\n\n")
	for _, q := range d.Queries() {
		statement(q.Statement, "\n-- ? = "+strings.Join(q.Parameters, "; "))
	}
	_, err := io.WriteString(w, strings.TrimSuffix(b.String(), "\n"))
	return err
}
