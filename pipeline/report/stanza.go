package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// renewAfter is how many days after an insight the rule proposed for it expires.
const renewAfter = 90

// Stanza proposes a suppression rule for insights like i, as YAML for the configuration file. Owner and reason are left empty: the program
// refuses the file until somebody has filled them in. The ceiling is what this insight came to. Patterns match the insight's own names and no
// others; of a name longer than 300 characters, all that begin like it.
func Stanza(i *insight.Insight) string {
	var b strings.Builder
	line := func(field, value string) { fmt.Fprintf(&b, "    %s: %s\n", field, value) }
	b.WriteString("suppress:\n  -\n")
	api := exactly(i.Source + ":" + i.Name)
	if api == `":"` {
		api += " # all calls together, no single API"
	}
	line("api", api)
	for _, p := range [][2]string{{"principal", i.Principal}, {"account", i.Account}, {"region", i.Region}} {
		if p[1] != "" {
			line(p[0], exactly(p[1]))
		}
	}
	line("kind", i.Kind.String())
	line("owner", "# who answers for it")
	line("reason", "# why nobody needs to look")
	line("expires", fmt.Sprintf("%q", (trail.DayOf(i.Whole.Start)+renewAfter).String()))
	if i.Extent > 0 {
		line("ceiling", fmt.Sprintf("%d # one more, and it is told of again", i.Extent))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// exactly writes the trail.Glob that matches s and nothing else, as a double-quoted YAML scalar of plain ASCII. A byte that is no UTF-8
// is written as ?, any one character.
func exactly(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for n := 0; s != ""; n++ {
		if n == longest {
			b.WriteByte('*')
			break
		}
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteByte('?')
		case r == '\\':
			b.WriteString(`\\\\`)
		case strings.ContainsRune("*?[", r):
			b.WriteString(`\\` + string(r))
		case r == '"':
			b.WriteString(`\"`)
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
		s = s[size:]
	}
	return b.String() + `"`
}

// explainCommand is the command line that shows an insight's arithmetic, for a POSIX shell.
func explainCommand(r *Run, i *insight.Insight) string {
	return "trailgauge explain --lake " + quoteShell(r.Lake) + " " + quoteShell(i.ID)
}

// quoteShell writes a text, cleaned, as one word of a POSIX shell.
func quoteShell(s string) string {
	s = Clean(s)
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/:._-", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
