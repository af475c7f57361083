package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// columns is how many columns of a terminal a text takes: two for a wide character, none for one that combines.
func columns(s string) (n int) {
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			if !unicode.In(r, unicode.Mn, unicode.Me) {
				n++
			}
		}
	}
	return n
}

// blocks are the heights of a sparkline above zero, which is a dot.
var blocks = []rune("▁▂▃▄▅▆▇█")

// spark draws an insight's hours in a line of at most room columns, and says what the line shows: from when, how high, and how many hours a
// column stands for when there are more hours than room; a column is then the highest of them. An hour that was not observed is a
// question mark, and so is a column of nothing else. "" when there are no hours, or no room for a dozen columns and the words.
func spark(i *insight.Insight, room int) string {
	hours := i.Hours
	if len(hours) == 0 {
		return ""
	}
	var most int64
	for _, h := range hours {
		if h.Observed {
			most = max(most, h.Count)
		}
	}
	words := func(each int) string {
		s := fmt.Sprintf(" from %s, up to %s an hour", when(hours[0].Hour), group(most))
		if each > 1 {
			s += fmt.Sprintf(", %d hours a column", each)
		}
		return s
	}
	each, left := 1, room-columns(words(1))
	if len(hours) > left {
		if left = room - columns(words(len(hours))); left < 12 {
			return ""
		}
		each = (len(hours) + left - 1) / left
	}
	var b strings.Builder
	for from := 0; from < len(hours); from += each {
		b.WriteRune(level8(hours[from:min(from+each, len(hours))], most))
	}
	return b.String() + words(each)
}

// level8 is the mark of some hours where most is the highest of all.
func level8(hours []insight.Bar, most int64) rune {
	n := int64(-1)
	for _, h := range hours {
		if h.Observed {
			n = max(n, h.Count)
		}
	}
	switch {
	case n < 0:
		return '?'
	case n == 0:
		return '.'
	}
	return blocks[min(int64(float64(n)/float64(most)*float64(len(blocks))), int64(len(blocks))-1)]
}

// ASCII spells a report's text for a terminal that shows no more than ASCII: heights of a sparkline are digits from 1 to 8, and a letter beyond ASCII
// is written as \u00e9.
func ASCII(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch k := slices.Index(blocks, r); {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case k >= 0:
			b.WriteByte(byte('1' + k))
		case r == '–' || r == '·' || r == '─':
			b.WriteByte('-')
		case r == '…':
			b.WriteString("...")
		default:
			b.WriteString(trail.Escape(r))
		}
	}
	return b.String()
}
