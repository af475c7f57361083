package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// longest is how many characters of a text are shown.
const longest = 300

// Clean makes a text of unknown origin fit to be shown in a line of a terminal, a page or a log: control characters (line ends, terminal
// escapes), characters that turn the direction of writing, and invisible ones are spelt as \u202e, bytes that are no UTF-8 as \xff; what
// is longer than 300 characters is cut. Ordinary text is returned as it is.
func Clean(s string) string {
	if !utf8.ValidString(s) || len(s) > longest || strings.ContainsFunc(s, unsafe) {
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
		case unsafe(r):
			b.WriteString(escape(r))
		default:
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String()
}

// unsafe tells whether a character can do more than be read: controls (C0, DEL, C1), formats (bidirectional overrides and isolates, zero width
// characters, tags), line and paragraph separators, private use, unassigned and blank ones that pass for nothing.
func unsafe(r rune) bool {
	switch {
	case r >= ' ' && r < 0x7f:
		return false
	case r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0, r == 0x2800: // blanks that are letters by name
		return true
	case unicode.Is(unicode.Variation_Selector, r):
		return true
	}
	return !unicode.IsPrint(r)
}

// escape spells a character in the way of JSON.
func escape(r rune) string {
	if r > 0xffff {
		hi, lo := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04x\u%04x`, hi, lo)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// armour spells the unsafe characters of JSON text as escapes: the same values for a program, and harmless where the text is looked
// at. Line ends of the JSON's own layout stay.
func armour(js []byte) []byte {
	var b strings.Builder
	for _, r := range string(js) {
		if r != '\n' && unsafe(r) {
			b.WriteString(escape(r))
		} else {
			b.WriteRune(r)
		}
	}
	return []byte(b.String())
}
