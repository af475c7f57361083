package trail

import (
	"fmt"
	"unicode"
	"unicode/utf16"
)

// What a trail holds is looked at in terminals, pages and channels, and some characters do more there than be read.

// Commands tells whether a character can command a terminal, reorder text or hide: controls (C0, DEL, C1), formats (bidirectional overrides and
// isolates, zero width characters, tags), line and paragraph separators.
func Commands(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

// Unfit tells whether a character is not to be shown as it is: what Commands tells, and private use, unassigned and blank characters that pass for
// nothing or for another one.
func Unfit(r rune) bool {
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

// Escape spells a character in the way of JSON.
func Escape(r rune) string {
	if r > 0xffff {
		hi, lo := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04x\u%04x`, hi, lo)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
