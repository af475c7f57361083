package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"trailgauge/pipeline/insight"
)

// Text writes the report for a terminal of the given width in columns (0: 80; at least 40), in colour if asked for. Lines are not
// broken within words, so a long name may stand out.
func Text(w io.Writer, r *Run, width int, color bool) error {
	t := newText(width, color)
	t.report(r)
	_, err := io.WriteString(w, t.b.String())
	return err
}

func (t *text) report(r *Run) {
	if r.Number == 0 && r.Daily == nil {
		t.idle(r)
		return
	}
	t.head(r)
	incidents, alone := r.Groups()
	for k := range incidents {
		t.incident(&incidents[k], r)
	}
	for _, e := range alone {
		t.insight(e, r, 0)
		for _, c := range e.Children {
			t.insight(c, r, 4)
		}
	}
	t.suppressed(r)
	t.foot(r)
}

type text struct {
	b     strings.Builder
	width int
	color bool
	names Names // of accounts, for what has no Run

	flowed bool // lines that go on end with a space
}

func newText(width int, color bool) *text {
	if width == 0 {
		width = 80
	}
	return &text{width: max(width, 40), color: color}
}

// SGR parameters.
const (
	bold   = "1"
	dim    = "2"
	red    = "1;31"
	yellow = "33"
)

func (t *text) paint(style, s string) string {
	if !t.color || s == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

// put writes s, broken into lines, each indented and painted.
func (t *text) put(indent int, style, s string) {
	pad, goesOn := strings.Repeat(" ", indent), "\n"
	if t.flowed {
		goesOn = " \n"
	}
	line := ""
	flush := func(end string) {
		t.b.WriteString(pad + t.paint(style, line) + end)
		line = ""
	}
	for word := range strings.FieldsSeq(s) {
		if line != "" && indent+columns(line)+1+columns(word) > t.width {
			flush(goesOn)
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		flush("\n")
	}
}

func (t *text) gap() { t.b.WriteByte('\n') }

func (t *text) head(r *Run) {
	of := "as of " + when(r.AsOf)
	if r.Daily != nil {
		of = "the day " + r.Daily.Day.String() + ", UTC"
	}
	t.put(0, bold, fmt.Sprintf("%s, %s", orDash(r.Program), of))
	t.put(0, dim, fmt.Sprintf("%s to %s", Clean(r.Trail), Clean(r.Lake)))
	t.put(0, "", decided(r))
	t.gap()
	t.put(0, bold, summary(r))
	t.gap()
	t.daily(r)
}

// idle says that a run found nothing to do.
func (t *text) idle(r *Run) {
	t.put(0, bold, fmt.Sprintf("%s, as of %s", orDash(r.Program), when(r.AsOf)))
	t.put(0, dim, fmt.Sprintf("%s to %s", Clean(r.Trail), Clean(r.Lake)))
	upto := ""
	if !r.Upto.IsZero() {
		upto = fmt.Sprintf(" Decided up to %s before.", when(r.Upto))
	}
	t.put(0, "", "Nothing new in the trail, and no hour to decide: nothing was written."+upto)
	for _, w := range r.Warnings {
		t.put(0, yellow, "warning: "+Clean(w))
	}
}

func (t *text) insight(e *Entry, r *Run, indent int) {
	i := e.Insight
	style := yellow
	if e.Change == "opened" {
		style = red
	}
	if e.Change == "retracted" {
		style = dim
	}
	t.put(indent, style, fmt.Sprintf("[%.1f] %s", i.Severity(), Title(i)))
	in := indent + 6
	t.put(in, "", Why(i)+".")
	t.put(in, "", spark(i, t.width-in))
	if slices.ContainsFunc(i.Before, func(x insight.Earlier) bool { return x.Count > 0 }) {
		t.put(in, dim, beforeWords(i))
	}
	t.put(in, dim, fmt.Sprintf("%s, account %s, %s, %s", spanWords(i), r.Names.Account(i.Account), region(i), stateOf(e)))
	if s := leading(i, &r.Names); s != "" {
		t.put(in, dim, s)
	}
	if s := usable(*i); s != "" && indent == 0 { // the incident, or the insight above it, has said so
		t.put(in, dim, s)
	}
	for _, s := range remarks(r, i) {
		t.put(in, bold, s)
	}
	t.put(in, dim, "id "+Clean(i.ID))
	t.gap()
}

func (t *text) foot(r *Run) {
	for _, line := range []string{ledger(r), excluded(r.Input), coverage(r), promise(r)} {
		t.put(0, "", line)
	}
	for _, s := range r.Warnings {
		t.put(0, yellow, "warning: "+Clean(s))
	}
	for k, x := range r.Rejected {
		if k == 10 {
			t.put(0, "", fmt.Sprintf("and %d more rejections", len(r.Rejected)-k))
			break
		}
		t.put(0, yellow, "rejected: "+rejection(x))
	}
}

// leading names the largest share of each attribute, where one stands out.
func leading(i *insight.Insight, names *Names) string {
	if i.Kind == insight.Novelty {
		return newest(i)
	}
	list, _ := i.Attributed()
	var parts []string
	for _, a := range list {
		if len(a.Insight) == 0 || a.Insight[0].Value == "" || implied(i, a) {
			continue
		}
		value := Clean(a.Insight[0].Value)
		if a.Attribute == "userIdentityArn" {
			value = Who(a.Insight[0].Value)
		}
		value = labelled(value, names.label(i, a.Attribute, a.Insight[0].Value))
		parts = append(parts, fmt.Sprintf("%s %s (%s of %s)", Clean(a.Attribute), value, group(a.Insight[0].Count), group(sum(a.Insight)+a.InsightOther)))
	}
	return strings.Join(parts, ", ")
}

// implied tells whether an attribution says nothing that a line should say, for who called says it, or it is what nearly all calls are.
func implied(i *insight.Insight, a insight.Attribution) bool {
	switch a.Attribute {
	case "userIdentityArn":
		return i.Principal != ""
	case "sessionIssuer":
		return true
	case "mfaAuthenticated":
		return a.Insight[0].Value != "true"
	}
	return false
}

// newest names some of the APIs that a principal had never used.
func newest(i *insight.Insight) string {
	const most = 8
	names := make([]string, min(len(i.NewAPIs), most))
	for k := range names {
		names[k] = Clean(i.NewAPIs[k])
	}
	s := strings.Join(names, ", ")
	if n := len(i.NewAPIs) - most; n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}
