package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"trailgauge/pipeline/insight"
)

var (
	//go:embed report.html
	page string
	//go:embed report.css
	style string
	//go:embed report.js
	script string
)

// policy lets the page use its own style and script and nothing else, whatever else should get into it.
var policy = fmt.Sprintf("default-src 'none'; base-uri 'none'; form-action 'none'; style-src '%s'; script-src '%s'", hashed(style), hashed(script))

// hashed names an inline text for a content security policy.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// pageTemplate escapes by context; texts of a trail reach it through "clean" or a function of this package that cleans. None reaches the
// script or the style: those are constant.
var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"clean": Clean, "when": when, "group": group, "expected": expected, "why": Why, "who": Who, "title": Title, "state": stateOf,
	"spanWords": spanWords, "length": length, "odds": odds, "chart": ChartOf, "region": region, "rejection": rejection,
	"brief":    func(x float64) string { return strings.Replace(expected(x), "less than", "<", 1) },
	"severity": func(i *insight.Insight) string { return tenth(i.Severity()) },
	"level":    level, "numbers": numbers, "section": section, "api": apiOf, "rule": ruleWords, "said": SaidWords, "perDay": perDayChart, "before": beforeChart,
	"timeline": TimelineOf, "usable": func(i *insight.Insight) string { return usable(*i) },
	"ids":     func(i *insight.Insight) string { return strings.Join(insight.TechniqueIDs(*i), " ") },
	"decimal": tenth, "join": func(list []string) string { return Clean(strings.Join(list, ", ")) },
	"policy": func() string { return policy },
	"style":  func() template.CSS { return template.CSS(style) },
	"script": func() template.JS { return template.JS(script) },
}).Parse(page))

// HTML writes the report as one page that needs nothing else: no network, and no script but one of its own, which filters, sorts and
// copies; without it the page is complete.
func HTML(w io.Writer, r *Run) error {
	incidents, alone := r.Groups()
	view := struct {
		*Run
		Groups                                             []Group
		Alone                                              []*Entry
		Decided, Summary, Ledger, Excluded, Rests, Promise string
		Observed, Balance, Allowed, Suppressed, During     string
	}{r, incidents, alone, decided(r), summary(r), ledger(r), excluded(r.Input), coverage(r), promise(r), observed(r.Coverage), balance(r), allowed(r.Budget), suppressedWords(r), r.during()}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, view); err != nil {
		return fmt.Errorf("laying out the report: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Section is what the page tells of one insight.
type Section struct {
	Entry                *Entry
	Account              string // its ID, name and owner
	Remarks              []string
	Shares               []Part
	Explain, SQL, Stanza string // to be copied
	Children             []Section
}

func section(r *Run, e *Entry) Section {
	i := e.Insight
	s := Section{Entry: e, Account: r.Names.Account(i.Account), Remarks: remarks(r, i), Shares: sharesOf(i, &r.Names),
		Explain: explainCommand(r, i), SQL: SQL(i, r.EventTable), Stanza: Stanza(i)}
	for _, c := range e.Children {
		s.Children = append(s.Children, section(r, c))
	}
	return s
}

// apiOf names an insight's API as suppression rules do; "" when it is about no single one.
func apiOf(i *insight.Insight) string {
	if i.Source == "" && i.Name == "" {
		return ""
	}
	return Clean(i.Source) + ":" + Clean(i.Name)
}

// level is the class of a severity's badge.
func level(i *insight.Insight) string {
	if i.State == insight.Retracted {
		return "gone"
	}
	return levelOf(i.Severity())
}

func levelOf(severity float64) string {
	return [...]string{insight.Low: "low", insight.Medium: "mid", insight.High: "high", insight.Critical: "high"}[insight.GradeOf(severity)]
}

// Number is a line of an insight's table of numbers.
type Number struct{ Name, Value string }

func numbers(i *insight.Insight) []Number {
	v := i.First
	list := []Number{
		{"Counted", fmt.Sprintf("%s in %s (%s a minute)", group(i.Whole.Count), length(i.Whole.Minutes()), perMinute(i.Whole.Count, i.Whole.Minutes()))},
		{"Expected", expected(i.Expected) + " in the same time"},
	}
	add := func(name, format string, args ...any) {
		list = append(list, Number{name, fmt.Sprintf(format, args...)})
	}
	if i.Kind != insight.Novelty { // what was new before is not counted
		name := "Before"
		if i.Kind.IsAWS() {
			name = "Usual, as AWS counts it"
		}
		add(name, "%s in the %s before (%s a minute)", group(i.Baseline.Count), length(i.Baseline.Minutes()), perMinute(i.Baseline.Count, i.Baseline.Minutes()))
	}
	raised := fmt.Sprintf("%s in a window of %s, %s expected (model %s)", group(v.Count), length(v.Window), expected(v.Mean), Clean(v.Model))
	if s := enough(i); s != "" {
		raised += "; threshold: " + s
	}
	add("Raised by", "%s", raised)
	add("Score", "%s at its worst, %s was needed; it stands for %s", tenth(i.Worst.Score), tenth(i.Threshold), odds(i.Worst.Score))
	if i.Kind != insight.Silence {
		add("Busiest minute", "%s", when(i.Peak))
	}
	if i.Fit.Exposure > 0 {
		add("History", "%s observed hours, %s counted on %s; expected %s an hour on average", group(int64(i.Fit.Exposure)), group(i.Fit.Total), count(i.Fit.ActiveDays, "day"), expected(i.Fit.Level))
	}
	if i.Kind == insight.ErrorRate && v.Trials > 0 {
		add("Share of errors", "%s of %s calls; %s %% is usual", group(v.Count), group(v.Trials), expected(100*v.Rate))
	}
	return list
}

func perMinute(n int64, minutes int) string { return expected(float64(n) / float64(max(minutes, 1))) }

// Part is one attribution laid out as bars.
type Part struct {
	Name string
	Rows []PartRow
}

// PartRow is one value's share, and its share of the usual.
type PartRow struct {
	Value, Count, Percent string
	Drawn                 string // percentage of the baseline, 0 when it is not among its largest
	Usual                 string // the same in words
}

// sharesOf lays out the attributions of the whole insight, or of what raised it while it is open. Values that only the baseline has come last.
func sharesOf(i *insight.Insight, names *Names) []Part {
	list, span := i.Attributed()
	all, before := span.Count, i.Baseline.Count
	if i.Kind == insight.Novelty && len(list) > 0 { // these are APIs, the shares are of calls
		all, before = sum(list[0].Insight)+list[0].InsightOther, sum(list[0].Baseline)+list[0].BaselineOther
	}
	var out []Part
	for _, a := range list {
		usual := map[string]int64{}
		left := before // calls of values that the baseline does not name
		for _, s := range a.Baseline {
			usual[s.Value] = s.Count
			left -= s.Count
		}
		p := Part{Name: Clean(a.Attribute)}
		add := func(value string, n int64) {
			row := PartRow{Value: labelled(valueText(a.Attribute, value), names.label(i, a.Attribute, value)), Count: group(n), Percent: percent(n, all), Drawn: "0", Usual: "new"}
			if m := usual[value]; m > 0 {
				row.Drawn = percent(m, before)
				row.Usual = "usually " + row.Drawn + " %"
			} else if left > 0 {
				row.Usual = "new or rare"
			}
			p.Rows = append(p.Rows, row)
			delete(usual, value)
		}
		for _, s := range a.Insight {
			add(s.Value, s.Count)
		}
		for _, s := range a.Baseline {
			if usual[s.Value] > 0 {
				add(s.Value, 0)
			}
		}
		if a.InsightOther > 0 || a.BaselineOther > 0 {
			drawn := percent(a.BaselineOther, before)
			p.Rows = append(p.Rows, PartRow{"others together", group(a.InsightOther), percent(a.InsightOther, all), drawn, "usually " + drawn + " %"})
		}
		out = append(out, p)
	}
	return out
}

func sum(list []insight.Share) (n int64) {
	for _, s := range list {
		n += s.Count
	}
	return n
}

func valueText(attribute, v string) string {
	switch {
	case v == "":
		return "(none)"
	case attribute == "errorCode" && v == "null":
		return "no error"
	}
	return Clean(v)
}

// percent is n of all, from 0 to 100.
func percent(n, all int64) string {
	if all <= 0 {
		return "0"
	}
	return decimals(min(100, max(0, 100*float64(n)/float64(all))), 1)
}
