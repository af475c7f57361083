package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"trailgauge/pipeline/trail"
)

// longest is how many characters of a text are shown.
const longest = 300

// Clean makes a text of unknown origin fit to be shown in a line of a terminal, a page or a log: control characters (line ends, terminal
// escapes), characters that turn the direction of writing, and invisible ones are spelt as \u202e, bytes that are no UTF-8 as \xff; what
// is longer than 300 characters is cut. Ordinary text is returned as it is.
func Clean(s string) string {
	if !utf8.ValidString(s) || len(s) > longest || strings.ContainsFunc(s, trail.Unfit) {
		return clean(s)
	}
	return s
}

func clean(s string) string {
	var b strings.Builder
	for n := 0; s != ""; n++ {
		if n == longest {
			b.WriteString("…")
			break
		}
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case trail.Unfit(r):
			b.WriteString(trail.Escape(r))
		default:
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String()
}

// armour spells the unsafe characters of JSON text as escapes: the same values for a program, and harmless where the text is looked
// at. Line ends of the JSON's own layout stay.
func armour(js []byte) []byte {
	var b strings.Builder
	for _, r := range string(js) {
		if r != '\n' && trail.Unfit(r) {
			b.WriteString(trail.Escape(r))
		} else {
			b.WriteRune(r)
		}
	}
	return []byte(b.String())
}
