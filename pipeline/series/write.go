package series

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"trailgauge/pipeline/trail"
)

// Writer takes rows and writes them in some format. Close writes what is left; it does not close what it writes to.
type Writer interface {
	Write(*Row) error
	Close() error
}

// NewWriter returns the writer of a format: arrow, csv or json. For a terminal, CSV shows U+FFFD in the place of characters that could command it;
// JSON escapes them anyway.
func NewWriter(format string, w io.Writer, terminal bool) (Writer, error) {
	switch format {
	case "arrow":
		return newArrow(w), nil
	case "csv":
		return newCSV(w, terminal)
	case "json":
		return newJSON(w), nil
	}
	return nil, fmt.Errorf("format %q: want arrow, csv or json", format)
}

// Columns are the names of the columns in every format, in order. Time is the first instant of a row's step, UTC; errorcode is null (CSV: empty) for
// calls that succeeded.
var Columns = []string{"account", "region", "eventsource", "eventname", "principal", "category", "readonly", "errorcode", "time", "calls"}

// csvWriter writes RFC 4180: commas, CRLF, quotes where they are needed. Programs that open CSV take a cell which begins with one of = + - @
// tab CR for a formula, and nearly all text in a trail is somebody else's: such a cell, and one that begins with an apostrophe, gets an
// apostrophe in front. To read exact text back, take one leading apostrophe off.
type csvWriter struct {
	w        *bufio.Writer
	terminal bool
}

func newCSV(w io.Writer, terminal bool) (*csvWriter, error) {
	c := &csvWriter{bufio.NewWriterSize(w, 1<<16), terminal}
	_, err := c.w.WriteString(strings.Join(Columns, ",") + "\r\n")
	return c, err
}

func (c *csvWriter) Write(r *Row) error {
	for _, text := range [...]string{r.Account, r.Region, r.Source, r.Name, r.Principal, r.Category(), strconv.FormatBool(r.ReadOnly), r.ErrorCode} {
		if c.terminal {
			text = strings.Map(func(r rune) rune {
				if trail.Commands(r) {
					return utf8.RuneError
				}
				return r
			}, text)
		}
		c.w.WriteString(cell(text))
		c.w.WriteByte(',')
	}
	c.w.WriteString(r.Time.Format(time.RFC3339))
	c.w.WriteByte(',')
	c.w.WriteString(strconv.FormatInt(r.Calls, 10))
	_, err := c.w.WriteString("\r\n") // an error sticks in the bufio.Writer: one look a row is enough
	return err
}

func (c *csvWriter) Close() error { return c.w.Flush() }

// cell returns text as a cell of CSV.
func cell(text string) string {
	if text != "" && strings.IndexByte("=+-@\t\r\n'", text[0]) >= 0 {
		text = "'" + text
	}
	if strings.ContainsAny(text, "\",\r\n") {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}

// jsonWriter writes one object a line.
type jsonWriter struct{ w *bufio.Writer }

// jsonRow is a line of JSON; its members are Columns.
type jsonRow struct {
	Account   string  `json:"account"`
	Region    string  `json:"region"`
	Source    string  `json:"eventsource"`
	Name      string  `json:"eventname"`
	Principal string  `json:"principal"`
	Category  string  `json:"category"`
	ReadOnly  bool    `json:"readonly"`
	ErrorCode *string `json:"errorcode"`
	Time      string  `json:"time"`
	Calls     int64   `json:"calls"`
}

func newJSON(w io.Writer) *jsonWriter { return &jsonWriter{bufio.NewWriterSize(w, 1<<16)} }

func (j *jsonWriter) Write(r *Row) error {
	line := jsonRow{r.Account, r.Region, r.Source, r.Name, r.Principal, r.Category(), r.ReadOnly, nil, r.Time.Format(time.RFC3339), r.Calls}
	if r.ErrorCode != "" {
		line.ErrorCode = &r.ErrorCode
	}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	for _, r := range string(text) {
		if trail.Commands(r) { // json.Marshal escapes those below a blank
			j.w.WriteString(trail.Escape(r))
		} else {
			j.w.WriteRune(r)
		}
	}
	return j.w.WriteByte('\n')
}

func (j *jsonWriter) Close() error { return j.w.Flush() }
