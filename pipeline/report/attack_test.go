package report

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// attacks are what a caller may put into a user name, a user agent or an error code.
var attacks = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</title></style><script>alert(1)</script>`,
	`javascript:alert(1)`, `{{.}}`, `]]><!--`, `url(https://evil.example/x)`, `';DROP TABLE events;--`, `' OR '1'='1`, `\'; SELECT 1 --`,
	"\x1b[2J\x1b]0;owned\x07", "\u009b2J", "\u202ecod.exe\u2066", "a\nwarning: all is well", "a\r\x00b", "zero\u200bwidth\ufeff", "\u2028\u2029",
	"\xff\xfe\xc0\x80", "\U000e0041tag", "=cmd|' /C calc'!A0", strings.Repeat("A", 70000), strings.Repeat("\u0301", 5000), "\ud7ff\uffff",
}

func hostile(s string) *Run {
	r := realistic()
	i := &r.Opened[0]
	i.ID, i.Account, i.Region, i.Source, i.Name, i.Principal, i.ErrorCode = s, s, s, s, s, s, s
	r.Names.Accounts = map[string]AccountName{s: {Name: s, Owner: s}}
	r.Names.Networks[0].Name = s
	i.Kind, i.Fit.Pooling, i.Fit.Regime, i.First.Model = insight.ErrorRate, s, s, s
	i.WholeAttributions = []insight.Attribution{{Attribute: s, Insight: []insight.Share{{Value: s, Count: 5}}, Baseline: []insight.Share{{Value: s, Count: 5}}}}
	i.Samples = []insight.Sample{{EventID: s, Time: s, Object: s}}
	n := &r.Opened[2] // new APIs, and marks
	n.Kind, n.Source, n.Name, n.Region, n.Principal, n.NewAPIs = insight.Novelty, "", "", "", s, []string{s, s}
	n.Seen = &insight.Seen{By: s, Note: s, Ticket: s}
	r.Marks = map[string]*insight.Seen{n.ID: n.Seen}
	r.Suppressions = []Suppression{{RuleUse: insight.RuleUse{Rule: insight.Rule{Name: s, Owner: s, Reason: s, Expires: s}}, Insights: []insight.Insight{*i}}}
	earlier := r.Incidents[0].Insights[0] // what an incident says of its insights, and what they share
	earlier.ID, earlier.Account, earlier.Region, earlier.Source, earlier.Name, earlier.Principal, earlier.Incident = s+"1", s, s, s, s, s, s
	for k := range r.Opened {
		i := &r.Opened[k]
		i.Attributions = append([]insight.Attribution{{Attribute: "accessKeyId", Insight: []insight.Share{{Value: s, Count: 5}}}, {Attribute: "sourceIdentity", Insight: []insight.Share{{Value: s, Count: 5}}}},
			i.Attributions...)
	}
	r.gather(earlier, s, r.Opened[3].Name)
	r.Incidents[0].Merged = []string{s, s}
	r.Warnings = []string{s}
	r.Rejected = []Rejected{{Object: s, Position: 3, Reason: s}}
	r.Trail, r.Lake, r.ID, r.Program = s, s, s, s
	r.Input.Excluded = []Count{{Name: s, N: 1}}
	i.Seen = &insight.Seen{Insight: s, As: insight.As(s), By: s, Note: s, Ticket: s}
	r.Marks = map[string]*insight.Seen{i.ID: i.Seen}
	for _, i := range r.Incidents[0].Insights {
		r.Marks[i.ID] = &insight.Seen{Insight: s, By: s, Note: s, Ticket: s}
	}
	x := &r.Suppressions[0]
	x.Name, x.Owner, x.Reason, x.Expires, x.Insights[0].Name, x.Insights[0].Principal = s, s, s, s, s, s
	return r
}

func TestAttacks(t *testing.T) {
	attack(t, 100, hostile)
}

// attack renders what texts of a trail come to, and wants it as harmless as that of calm ones; long texts may make
// it so many lines longer.
func attack(t *testing.T, longer int, hostile func(string) *Run) {
	t.Helper()
	tags := func(html string) int { return strings.Count(html, "<") }
	calm := render(t, hostile("calm"))
	for _, s := range attacks {
		got := render(t, hostile(s))
		for name, body := range got {
			fit(t, fmt.Sprintf("%s: %.30q", name, s), body)
		}
		if n, want := tags(got["index.html"]), tags(calm["index.html"]); n != want {
			t.Errorf("%.30q changes the page's markup: %d tags, want %d", s, n, want)
		}
		if d := cmp.Diff(skeleton(t, calm["index.html"]), skeleton(t, got["index.html"])); d != "" {
			t.Errorf("%.30q changes elements or attributes:\n%s", s, d)
		}
		if strings.Count(got["report.txt"], "\n") > strings.Count(calm["report.txt"], "\n")+longer || strings.Contains(got["report.txt"], "\nwarning: all is well") {
			t.Errorf("%.30q forges lines", s)
		}
		var d document
		if err := json.Unmarshal([]byte(got["report.json"]), &d); err != nil {
			t.Errorf("%.30q: %v", s, err)
			continue
		}
		found := false
		for _, i := range d.Insights {
			found = found || i.EventName == strings.ToValidUTF8(s, "\ufffd") || !utf8.ValidString(s)
		}
		if !found {
			t.Errorf("%.30q is not exact in the JSON", s)
		}
	}
}

// fit wants nothing in what was made of a text but characters that can be looked at.
func fit(t *testing.T, of, made string) {
	t.Helper()
	at := strings.IndexFunc(made, func(r rune) bool {
		return r != '\n' && (unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || trail.Unfit(r))
	})
	if at >= 0 || !utf8.ValidString(made) {
		t.Errorf("%s gets through at byte %d", of, at)
	}
}

// ownPages are the links from one report to another.
var ownPages = regexp.MustCompile(`^(\.\./|\.\./daily/)\d{4}-\d\d-\d\d/index\.html$|^\.\./\.\./latest/index\.html$`)

// skeleton lists a page's elements with the names of their attributes, and what nobody but the program may have a say in: script, style, policy,
// and the names that elements are found by, as far as they are constant. The texts to be copied are held to their number of lines.
func skeleton(t *testing.T, body string) (list []string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(body))
	inside := ""
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return list
		case html.TextToken:
			switch text := string(z.Text()); inside {
			case "script", "style":
				list = append(list, text)
			case "pre":
				list = append(list, fmt.Sprint("lines: ", strings.Count(text, "\n")))
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			token := z.Token()
			inside = ""
			if kind == html.StartTagToken {
				inside = token.Data
			}
			line := kind.String() + " " + token.Data
			for _, a := range token.Attr {
				line += " " + a.Key
				switch {
				case a.Key == "href" && !strings.HasPrefix(a.Val, "#") && !ownPages.MatchString(a.Val):
					t.Errorf("a link leads to %.60q", a.Val)
				case a.Key == "class" || a.Key == "content" || a.Key == "name" || a.Key == "data-kind" || a.Key == "data-change":
					line += "=" + a.Val
				}
			}
			list = append(list, line)
		}
	}
}

// The page's policy names the very script and style that are in it.
func TestPolicy(t *testing.T) {
	body := render(t, realistic())["index.html"]
	list := skeleton(t, body)
	for _, text := range []string{script, style} {
		if !slices.Contains(list, text) {
			t.Errorf("the page changes %.60q", text)
		}
		if !strings.Contains(policy, hashed(text)) {
			t.Errorf("the policy %q does not name %.60q", policy, text)
		}
	}
	if !slices.ContainsFunc(list, func(s string) bool { return strings.HasSuffix(s, "content="+policy) }) || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	if strings.Contains(script, "innerHTML") || strings.Contains(script, "http") || strings.Contains(style, "url(") {
		t.Error("the script makes markup, or the page asks for more")
	}
	for _, bad := range []string{" style=", " onclick=", "<link", "<img", " src="} {
		if strings.Contains(body, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"ci-deployer@Ünïcode 日本": "ci-deployer@Ünïcode 日本",
		"a\x1b[1mb":              `a\u001b[1mb`,
		"a\u202eb":               `a\u202eb`,
		"a\xffb":                 `a\xffb`,
		"\U000e0041":             `\udb40\udc41`,
		strings.Repeat("x", 400): strings.Repeat("x", 300) + "…",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// The literals read back as what they were made from, by Trino's rules.
// A novelty's query counts APIs of data events where the job did.
func TestNewAPIsOfDataEvents(t *testing.T) {
	i := insight.Insight{Unit: insight.Unit{Kind: insight.Novelty}}
	for data, want := range map[bool]string{false: "countcategory = 'Management'", true: "countcategory IS NOT NULL"} {
		i.DataToo = data
		if got := SQL(&i, ""); !strings.Contains(got, want+"\n") {
			t.Errorf("data events too %t: %s", data, got)
		}
	}
}

func TestQuoteSQL(t *testing.T) {
	for in, want := range map[string]string{
		"RunInstances":     "'RunInstances'",
		"it's":             "'it''s'",
		`back\slash`:       `'back\slash'`,
		"Jörg":             `U&'J\00F6rg'`,
		"a'\\\n😀":          `U&'a''\\\000A\+01F600'`,
		"' OR '1'='1' -- ": "''' OR ''1''=''1'' -- '",
	} {
		if got := quoteSQL(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestWhy(t *testing.T) {
	r := realistic()
	r.Opened[3].Worst.Model = "attempts"
	for k, want := range []string{
		"212 RunInstances calls by all principals in 12 minutes; 0.64 expected from 28 days of its own history",
		"209 RunInstances calls by role ci-deployer in 12 minutes; 0.28 expected from 28 days of its own history",
		"1,840 DeleteObject calls by user ops-anna in 95 minutes; 0.032 expected from 28 days of its own history",
		"131 GetSecretValue calls by role AWSReservedSSO_Developer_0123456789abcdef via cloudformation.amazonaws.com ended in AccessDenied in 30 minutes; 0.05 expected from 28 days of its own history, in calls that came on top of the usual ones",
	} {
		if got := Why(&r.Opened[k]); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
