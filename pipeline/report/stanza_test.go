package report

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"

	"trailgauge/pipeline/insight"
)

// rules reads a proposed stanza as the configuration file is read, with owner and reason filled in.
func rules(t interface{ Fatalf(string, ...any) }, stanza string) *insight.Rules {
	read := func(s string) ([]insight.Rule, error) {
		var c struct{ Suppress []insight.Rule }
		err := yaml.UnmarshalWithOptions([]byte(s), &c, yaml.Strict())
		return c.Suppress, err
	}
	list, err := read(stanza)
	if err != nil {
		t.Fatalf("%v\n%s", err, stanza)
	}
	if _, err := insight.ParseRules(list); err == nil || !strings.Contains(err.Error(), "owner is missing") {
		t.Fatalf("nobody answers for it, and it is taken: %v\n%s", err, stanza)
	}
	if list, err = read(strings.NewReplacer("owner: #", "owner: anna #", "reason: #", "reason: nightly #").Replace(stanza)); err != nil {
		t.Fatalf("%v\n%s", err, stanza)
	}
	out, err := insight.ParseRules(list)
	if err != nil {
		t.Fatalf("%v\n%s", err, stanza)
	}
	return out
}

// The proposed rule suppresses its own insight, and not one that differs in a name or has more calls.
func TestStanza(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.SampledFrom(attacks[:len(attacks)-3]), rapid.String(), rapid.StringMatching(`[\[\]*?\\^"'#:a-z -]{0,12}`))
		i := realistic().Opened[0]
		i.Source, i.Name, i.Principal = text.Draw(t, "source"), text.Draw(t, "name"), text.Draw(t, "principal")
		i.Account, i.Region = text.Draw(t, "account"), text.Draw(t, "region")
		i.Kind, i.Extent = insight.Kind(rapid.IntRange(0, 3).Draw(t, "kind")), 40
		i.Detected.Count, i.First.Mean = 40, .1
		stanza := Stanza(&i)
		for _, r := range stanza {
			if r != '\n' && (r < ' ' || r > '~') {
				t.Fatalf("%q gets through:\n%s", r, stanza)
			}
		}
		rule := rules(t, stanza)
		if i.Principal == "" { // the API as a whole: the rule is for whoever calls
			return
		}
		if rule.Of(&i) == "" {
			t.Fatalf("it does not suppress its insight:\n%s", stanza)
		}
		more, other, api := i, i, i
		more.Extent++
		other.Principal += "x"
		api.Name += "x"
		for name, o := range map[string]*insight.Insight{"above the ceiling": &more, "of another principal": &other, "of another API": &api} {
			if rule.Of(o) != "" {
				t.Fatalf("it suppresses one %s:\n%s", name, stanza)
			}
		}
	})
}

func TestStanzaOfLongAndBrokenNames(t *testing.T) {
	for _, s := range []string{strings.Repeat("A", 70000), strings.Repeat("é", 301), "\xff\xfe\xc0\x80", "a\xff*"} {
		i := realistic().Opened[0]
		i.Principal, i.Extent, i.Detected.Count = s, 5, 40
		stanza := Stanza(&i)
		if len(stanza) > 5000 || rules(t, stanza).Of(&i) == "" {
			t.Errorf("%.20q: %d bytes:\n%.600s", s, len(stanza), stanza)
		}
	}
}

// A shell hands the words on as they are shown.
func TestQuoteShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh")
	}
	for _, s := range append(attacks, "", "s3://acme-lake/trailgauge", "a b", "$(id)", "`id`", "it's", "-x; true", `\`) {
		out, err := exec.Command(sh, "-c", "printf %s "+quoteShell(s)).Output()
		if err != nil || string(out) != Clean(s) {
			t.Errorf("%.30q: %.60q, %v", s, out, err)
		}
	}
}
