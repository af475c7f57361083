package sink

import (
	"strings"
	"unicode"

	"trailgauge/pipeline/trail"
)

// plain makes a text that came from outside one line that can be shown: white space is one space, and what report.Clean would spell goes: receivers
// count characters.
func plain(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case trail.Unfit(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))), " ")
}

// line is plain in at most n bytes.
func line(s string, n int) string { return shorten(plain(s), n) }

// ascii makes a text printable ASCII of at most n bytes; other characters become "?".
func ascii(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, plain(s))
	return s[:min(len(s), n)]
}

// said is what a receiver said, for an error.
func said(parts ...string) string { return line(strings.Join(parts, ": "), 300) }
