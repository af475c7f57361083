package trail

import (
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "anything", true},
		{"*", "", true},
		{"Delete*", "DeleteTrail", true},
		{"Delete*", "NoDeleteTrail", false},
		{"delete*", "DeleteTrail", false},
		{"ec2.amazonaws.com:*", "ec2.amazonaws.com:RunInstances", true},
		{"ec2.amazonaws.com:*", "ec2xamazonaws.com:RunInstances", false},
		{"arn:aws:sts::*:assumed-role/a*", "arn:aws:sts::111122223333:assumed-role/admin/x/y", true},
		{"*", "a\nb", true},
		{"?", "é", true},
		{"??", "é", false},
		{"[A-C]x", "Bx", true},
		{"[^A-C]x", "Bx", false},
		{"[^A-C]x", "éx", true},
		{`[\]]`, "]", true},
		{`[a\-z]`, "b", false},
		{`[a\-z]`, "-", true},
		{"[a.+(]", "+", true},
		{`\*`, "*", true},
		{`\*`, "a", false},
		{"a|b", "a", false},
		{"a|b", "a|b", true},
		{"^a$", "a", false},
		{"(?i)a", "A", false},
		{"a", "a\n", false},
	} {
		g, err := ParseGlob(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
		} else if got := g.Match(c.text); got != c.want {
			t.Errorf("%q on %q: %t", c.pattern, c.text, got)
		}
	}
	for _, pattern := range []string{"[", "[a", `\`, `[\`, "a[^", "[z-a]"} {
		if _, err := ParseGlob(pattern); err == nil {
			t.Errorf("%q is accepted", pattern)
		}
	}
}

// Where path.Match takes a pattern and no slash is about, both agree; and no pattern panics.
func TestLiteral(t *testing.T) {
	for _, s := range []string{"plain", `a*b?c[d]e\f`, `\`, "[", "ü*"} {
		g, err := ParseGlob(Literal(s))
		if err != nil || !g.Match(s) || g.Match(s+"x") || g.Match(strings.NewReplacer("*", "x", "?", "x", `\`, "x", "[", "x", "a", "b").Replace(s)) && strings.ContainsAny(s, `*?\[a`) {
			t.Errorf("%q as %q: %v", s, Literal(s), err)
		}
	}
}

func TestGlobIsPathMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?\[\]\\^é.-]{0,8}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[ab*?é.^-]{0,6}`).Draw(t, "text")
		g, err := ParseGlob(pattern)
		want, bad := path.Match(pattern, text)
		if err != nil || bad != nil || pattern == "" || strings.Contains(pattern, "[") {
			return
		}
		if g.Match(text) != want {
			t.Fatalf("%q on %q: path.Match says %t", pattern, text, want)
		}
	})
}
