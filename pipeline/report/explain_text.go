package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"trailgauge/pipeline/insight"
)

// hang is where the text of a labelled line begins.
const hang = 13

func (t *text) explain(i *insight.Insight, e *explanation, remarks []string) {
	style := yellow
	if i.State == insight.Retracted {
		style = dim
	}
	t.put(0, style, fmt.Sprintf("[%.1f] %s", i.Severity(), Title(i)))
	t.put(0, "", Why(i)+".")
	t.put(0, dim, fmt.Sprintf("%s, account %s, %s, %s", spanWords(i), t.names.Account(i.Account), region(i), stateName(i)))
	if i.Principal != "" {
		t.put(0, dim, "principal "+Clean(i.Principal))
	}
	t.put(0, dim, "id "+Clean(i.ID))
	if i.Suppressed != "" {
		t.put(0, "", "Suppressed by the rule "+Clean(i.Suppressed)+".")
	}
	for _, s := range remarks {
		t.put(0, "", s)
	}
	if i.State == insight.Retracted {
		t.put(0, bold, "Retracted: late data took it back. What follows is what was decided before they came.")
	}
	t.derived("The verdict that opened it", i, e.First)
	if w := e.Worst; w.Verdict.Score != e.First.Verdict.Score || w.Verdict.End != e.First.Verdict.End {
		t.derived("Its strongest verdict", i, w)
	}
	t.bars(i)
	t.gap()
	t.put(0, bold, "Count the whole again: this returns "+group(i.Whole.Count))
	t.lines(e.SQL)
}

func (t *text) derived(head string, i *insight.Insight, d *derived) {
	t.gap()
	t.put(0, bold, head)
	v := &d.Verdict
	a := v.Arithmetic
	if a == nil {
		t.item("ln p", fmt.Sprintf("%s of %s in %s, expected %s, model %s", num(v.LnP), group(v.Count), length(v.Window), num(v.Mean), v.Model))
		t.item("score", fmt.Sprintf("%s in cell %s; the threshold was %s", num(v.Score), v.Cell, num(i.Threshold)))
		t.item("", "It was decided by a version that kept no more.")
		return
	}
	for _, s := range d.Steps {
		t.item(s.What, s.Text)
	}
	if n := len(d.Hidden); n > 0 {
		t.item("hidden", fmt.Sprintf("%s of quarantine, which the fit did not see, the last %s", count(n, "hour"), when(d.Hidden[n-1])))
	}
	t.gap()
	t.lines("window  model     count    expected          ln p       score  cell")
	for _, w := range a.Tried {
		note := ""
		if !w.Material {
			note = "  too small to matter"
		}
		t.lines(fmt.Sprintf("%6d  %-8s %6d %11.6g %13.7g %11.6g  %s%s", w.Window, w.Model, w.Count, w.Mean, w.LnP, w.Score, w.Cell, note))
	}
	if a.Window != nil {
		t.gap()
		t.lines("hour                 count   weighed    expected   active")
		for _, u := range a.Hours {
			line := fmt.Sprintf("%s %8d %9.5g %11.6g %8.4g", when(u.Hour), u.Count, u.Brought, u.Usual.Mean, u.Usual.Active)
			if !u.Observed {
				line = when(u.Hour) + "  not observed"
			}
			t.lines(line)
		}
	}
	t.gap()
	t.lines(d.SQL)
}

// bars shows the hours of the insight's picture.
func (t *text) bars(i *insight.Insight) {
	t.gap()
	t.put(0, bold, "Its hours, and the 24 before")
	t.lines("hour                 count    expected   upper edge of the usual (1 in 1,000 above)")
	for _, b := range i.Hours {
		line := fmt.Sprintf("%s %8d %11.6g %7.6g", when(b.Hour), b.Count, b.Mean, b.Upper)
		if !b.Observed {
			line = when(b.Hour) + "  not observed"
		}
		t.lines(line)
	}
}

// item writes a labelled paragraph with a hanging indent.
func (t *text) item(label, s string) {
	var body text
	body.width = t.width
	body.put(hang, "", s)
	rest := body.b.String()[hang:]
	t.b.WriteString("  " + t.paint(dim, label) + strings.Repeat(" ", max(hang-2-utf8.RuneCountInString(label), 1)) + rest)
}

// lines writes lines as they are, indented: tables and queries, which are there to be copied.
func (t *text) lines(s string) {
	for line := range strings.Lines(s) {
		t.b.WriteString("  " + strings.TrimSuffix(line, "\n") + "\n")
	}
}
