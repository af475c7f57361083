package report

import (
	"fmt"
	"io"
	"strings"

	"trailgauge/pipeline/insight"
)

// markList is the JSON of MarkList: the records as they were made.
type markList struct {
	SchemaVersion int        `json:"schemaVersion"`
	Marks         []markJSON `json:"marks"` // in the order they were made; those that take another back, too
}

type markJSON struct {
	insight.Mark
	Holds bool `json:"holds"` // it says something, and nobody took it back
}

// MarkList writes what was said of insights, in the order it was said, as JSON or as text for a terminal of the given width (as Text). What was taken back
// is there, with who did it. names are shown in text.
func MarkList(w io.Writer, list []insight.Mark, names Names, asJSON bool, width int, color bool) error {
	marks := insight.NewMarks(list)
	if asJSON {
		out := markList{SchemaVersion, []markJSON{}}
		for _, m := range list {
			out.Marks = append(out.Marks, markJSON{m, m.Undoes == 0 && marks.UndoOf(m.Number) == nil})
		}
		return Encode(w, out)
	}
	t := newText(width, color)
	t.names = names
	if len(list) == 0 {
		t.put(0, "", "Nothing was said yet.")
	}
	for k := range list {
		if m := &list[k]; m.Undoes == 0 {
			t.mark(m, marks.UndoOf(m.Number))
		}
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

func (t *text) mark(m, undo *insight.Mark) {
	style := bold
	if undo != nil {
		style = dim
	}
	i := insight.Insight{Unit: m.Of[0].Unit, Whole: insight.Span{Start: m.Of[0].Start, End: m.Of[0].End}}
	by := ""
	if i.Principal != "" && i.Name != "" {
		by = ", by " + Who(i.Principal)
	}
	t.put(0, style, fmt.Sprintf("%s: %s%s", Clean(string(m.As)), markTitle(m), by))
	within := ""
	if n := len(m.Of) - 1; n > 0 {
		within = ", and " + count(n, "insight") + " within it"
	}
	t.put(6, dim, fmt.Sprintf("%s, account %s, %s%s", spanWords(&i), t.names.Account(i.Account), region(&i), within))
	t.put(6, "", said(m))
	if undo != nil {
		t.put(6, yellow, "taken back: "+said(undo))
	}
	t.put(6, dim, "id "+Clean(m.Insight))
	t.gap()
}

// markTitle names what a mark is of: an insight, or an incident by its first.
func markTitle(m *insight.Mark) string {
	s := Title(&insight.Insight{Unit: m.Of[0].Unit})
	if m.Of[0].Insight != m.Insight {
		s = fmt.Sprintf("a whole incident, %s and what goes with it", s)
	}
	return s
}

// said is who said something, when, and why.
func said(m *insight.Mark) string {
	s := fmt.Sprintf("%s by %s", when(m.At), Clean(m.By))
	if m.Note != "" {
		s += ": " + note(m.Note)
	}
	if m.Ticket != "" {
		s += " (" + Clean(m.Ticket) + ")"
	}
	return s + fmt.Sprintf(", mark %d", m.Number)
}

// note is what somebody wrote, in one line.
func note(s string) string { return Clean(strings.Join(strings.Fields(s), " ")) }
