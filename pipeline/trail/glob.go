package trail

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Glob is a pattern as the shell has them: * is any text (slashes and colons too, unlike in package path), ? any one character,
// [abc], [a-z] and [^a-z] one of a class, and \ takes the next character as it is. Letter case matters. The zero Glob matches everything.
type Glob struct{ re *regexp.Regexp } // linear in the text, whatever the pattern

// ParseGlob reads a pattern; "" is the zero Glob.
func ParseGlob(pattern string) (Glob, error) {
	if pattern == "" {
		return Glob{}, nil
	}
	var b strings.Builder
	b.WriteString(`\A(?s:`)
	for rest := pattern; rest != ""; {
		text, n, ok := "", 1, true
		switch rest[0] {
		case '*':
			text = ".*"
		case '?':
			text = "."
		case '[':
			text, n, ok = class(rest)
		default:
			text, n, ok = literal(rest)
		}
		if !ok {
			return Glob{}, fmt.Errorf("pattern %q: it ends within a class or after \\", pattern)
		}
		b.WriteString(text)
		rest = rest[n:]
	}
	b.WriteString(`)\z`)
	re, err := regexp.Compile(b.String())
	if err != nil {
		return Glob{}, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	return Glob{re}, nil
}

// Literal returns the pattern that matches s and nothing else.
func Literal(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

// Match tells whether all of s is what the pattern says.
func (g Glob) Match(s string) bool { return g.re == nil || g.re.MatchString(s) }

// literal takes one character, escaped or not, off the front.
func literal(s string) (text string, n int, ok bool) {
	skip := 0
	if s[0] == '\\' {
		skip = 1
	}
	if s[skip:] == "" {
		return "", 0, false
	}
	_, size := utf8.DecodeRuneInString(s[skip:])
	return regexp.QuoteMeta(s[skip : skip+size]), skip + size, true
}

// class takes a class in brackets off the front.
func class(s string) (text string, n int, ok bool) {
	var b strings.Builder
	b.WriteByte('[')
	n = 1
	if strings.HasPrefix(s[n:], "^") {
		b.WriteByte('^')
		n++
	}
	for first := true; n < len(s) && (s[n] != ']' || first); first = false {
		if s[n] == '-' && !first {
			b.WriteByte('-')
			n++
			continue
		}
		text, size, ok := literal(s[n:])
		if !ok {
			return "", 0, false
		}
		if len(text) == 1 && strings.ContainsAny(text, "-&~[]^") {
			text = `\` + text
		}
		b.WriteString(text)
		n += size
	}
	if n >= len(s) {
		return "", 0, false
	}
	b.WriteByte(']')
	return b.String(), n + 1, true
}
