package report

import (
	"io"
	"strings"
)

// storedWidth is the width in columns that a stored report's text is laid out for.
const storedWidth = 100

// Flowed writes the report as Text does, to be kept: a line that goes on in the next one ends with a space (RFC 3676, format=flowed), so that Reflow can lay it
// out for any terminal.
func Flowed(w io.Writer, r *Run) error {
	t := newText(storedWidth, false)
	t.flowed = true
	t.report(r)
	_, err := io.WriteString(w, t.b.String())
	return err
}

// Reflow lays a text that Flowed wrote out for another width (0: 80; at least 40), as Text would, but for the sparklines: their columns stay.
func Reflow(s string, width int) string {
	t := newText(width, false)
	var whole strings.Builder
	for line := range strings.Lines(s) {
		body, goesOn := strings.CutSuffix(line, " \n")
		whole.WriteString(body)
		if goesOn {
			whole.WriteByte(' ')
			continue
		}
		paragraph := strings.TrimSuffix(whole.String(), "\n")
		whole.Reset()
		if strings.TrimSpace(paragraph) == "" {
			t.gap()
			continue
		}
		t.put(len(paragraph)-len(strings.TrimLeft(paragraph, " ")), "", paragraph)
	}
	return t.b.String()
}
