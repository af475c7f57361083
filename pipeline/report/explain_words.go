package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"trailgauge/pipeline/insight"
)

// steps tells how a verdict was computed, with the numbers put in: the formulas are those of insight.Arithmetic and of package baseline.
func steps(i *insight.Insight, v *insight.Verdict) []step {
	a := v.Arithmetic
	s := []step{{"window", windowWords(i, v)}}
	if a.Silent > 0 {
		s = append(s, step{"account", fmt.Sprintf("%d of %d series that never pause were silent; the numbers are those of the most surprising, %s: %s", a.Silent, a.Watched, seriesWords(a), count(int(a.Tested), "call"))})
	}
	if v.Model != "novelty" {
		s = append(s, step{"level", levelWords(a)})
		s = append(s, meanWords(a, v)...)
	}
	s = append(s, tailWords(i, v)...)
	if y := a.Year; y != nil {
		s = append(s, step{"year", yearWords(y.AsLarge, y.Days)})
	}
	return append(s, scoreWords(a, v)...)
}

func windowWords(i *insight.Insight, v *insight.Verdict) string {
	a := v.Arithmetic
	s := fmt.Sprintf("%s in %s, %s to %s; expected %s", group(v.Count), length(v.Window), when(a.From), when(a.To), num(v.Mean))
	if a.Share != nil {
		s += fmt.Sprintf("; of %s in the window", count(int(v.Trials), "call"))
	}
	if a.Tested != v.Count && a.Of == nil {
		s += fmt.Sprintf("; of the count %s are weighed: an hour brings at most mean + 4·sd + 3, or a quarter of what is expected of the window", group(a.Tested))
	}
	return s
}

func seriesWords(a *insight.Arithmetic) string {
	o := a.Of
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", Clean(o.Source), Clean(o.Name), Who(o.Principal), Clean(o.Region))), " ")
}

func levelWords(a *insight.Arithmetic) string {
	l := &a.Level
	return fmt.Sprintf("(a %s + N %d / Fano %s) / (b %s + E %d / Fano %s) = %s an hour; %.0f %% of its own history of %s, the rest pooled: %s",
		num(l.A), l.Calls, num(l.Fano), num(l.B), l.Hours, num(l.Fano), num(l.Level), 100*l.Own, count(l.Hours, "observed hour"), poolWords(l.Prior))
}

// poolWords says what a prior is pooled over.
func poolWords(pool string) string {
	switch pool {
	case "api":
		return "the API's other callers"
	case "source":
		return "the service's APIs"
	case "class":
		return "APIs that read or write as this one does"
	}
	return "the whole lake"
}

var weekdays = [7]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// meanWords derives the means of the hours, and their dispersion.
func meanWords(a *insight.Arithmetic, v *insight.Verdict) (s []step) {
	if a.Window == nil {
		for k := range a.Hours {
			u := &a.Hours[k].Usual
			s = append(s, step{"hour", fmt.Sprintf("%s %02d:00: pool's shape %s, own %s calls in %s such hours and %s in %s of this hour of the week; factor %s, mean %s from %s calls, active with probability %s",
				weekdays[u.Slot/24], u.Slot%24, num(u.Shape), num(u.CellCalls), num(u.CellHours), num(u.Calls), num(u.Hours), num(u.Mean/a.Level.Level), num(u.Mean), num(u.Behind), num(u.Active))})
		}
	}
	if p := a.Part; p != nil {
		s = append(s, step{"part", fmt.Sprintf("the busiest %d minutes of an hour hold (%s / Fano + 5·%s) / (%d / Fano + 5) = %s of it", v.Window, num(p.Calls), num(p.Prior), p.All, num(p.Share))})
	}
	d := &a.Spread
	return append(s, step{"dispersion", fmt.Sprintf("(%s + 5·%s) / (%s + 5), within .01..50 = %s", num(d.Excess), num(d.Prior), num(d.Squares), num(d.Dispersion))})
}

// tailWords tells each formula that was asked, and which decided.
func tailWords(i *insight.Insight, v *insight.Verdict) (s []step) {
	a := v.Arithmetic
	add := func(what, format string, args ...any) { s = append(s, step{what, fmt.Sprintf(format, args...)}) }
	if n := a.NB; n != nil {
		beside := ""
		if n.Neighbour > 0 {
			beside = fmt.Sprintf(" (and .03 of the same with mean %s, of the hour beside)", num(n.Neighbour))
		}
		add("nb", "negative binomial: ln P(Y ≥ %d; mean %s, size %s)%s = %s", a.Tested, num(n.Mean), num(n.Size), beside, num(n.LnP))
	}
	if z := a.Sizing; z != nil {
		add("size", "weight w = 16/(4 + %d)² = %s; pooled ln P = %s; own t = (ln(%d - ½) - %s) / %s with %d degrees of freedom; beyond the largest, %d, 1/(%d + 1)·(y/largest)^(-1/%s)",
			z.Hours, num(16/float64((4+z.Hours)*(4+z.Hours))), num(z.Pooled), v.Count, num(z.Mean), num(z.Scale), 4+z.Hours, z.Largest, z.Hours, num(z.Xi))
	}
	if h := a.Hurdle; h != nil {
		add("hurdle", "ln(%s active) + ln(w·pooled + (1-w)·own) = %s", num(h.Active), num(h.LnP))
	}
	if w := a.Window; w != nil {
		sign := "≥"
		if a.Of != nil {
			sign = "≤"
		}
		add("sum", "mean %s, variance %s of %s; size = mean² / ((variance - mean)·%s + mean²/%s) = %s; ln P(Y %s %d) = %s",
			num(w.Mean), num(w.Variance), count(len(a.Hours), "hour"), num(w.Inflation), num(a.Level.Effective), num(w.Size), sign, a.Tested, num(w.LnP))
	}
	if r := a.Record; r != nil {
		days := ""
		if i.Kind != insight.ErrorRate {
			days = fmt.Sprintf(" - ln(%d days with calls + 1)", r.ActiveDays)
		}
		add("record", "-4·ln(%d / max(busiest 60 minutes before %d, 3))%s = %s", a.Tested, r.Busiest, days, num(r.LnP))
	}
	if e := a.Share; e != nil {
		add("share", "rate (%s + %s·%s) / (%d + %s) = %s, correlation %s; beta-binomial: ln P(X ≥ %d of n %d; a %s, b %s) = %s",
			num(e.Errors), num(e.PriorWorth), num(e.PriorRate), e.Calls, num(e.PriorWorth), num(e.Rate), num(e.Rho), a.Tested, e.Trials, num(e.A), num(e.B), num(e.LnP))
	}
	if c := a.Calls; c != nil {
		add("calls", "all %d calls of the hour, of a mean of %s: negative binomial of size %s %s; hurdle %s, of ln(%s active) and t = (ln(%d - ½) - %s) / %s; the larger, %s, is added, for errors and calls surprise together",
			c.Tested, num(c.NB.Mean), num(c.NB.Size), num(c.NB.LnP), num(c.Hurdle.LnP), num(c.Hurdle.Active), c.Tested, num(c.Sizing.Mean), num(c.Sizing.Scale), num(c.LnP))
	}
	switch v.Model {
	case "job":
		add("job", "sum of ln(1 - min(active, .999)) over the hours below that are active with .9 or more = %s", num(v.LnP))
	case "novelty":
		add("novelty", "%d APIs never used before: the number itself is ranked among those of all principals", a.Tested)
	}
	add("ln p", "%s, by %s", num(v.LnP), decidedWords(a))
	return s
}

func yearWords(asLarge, days int) string {
	if days == 0 {
		return "no earlier day to compare with"
	}
	return fmt.Sprintf("%d of %s before had a window as long with at least four fifths of the count, which does not excuse it", asLarge, count(days, "observed day"))
}

func decidedWords(a *insight.Arithmetic) string {
	of := map[string]string{
		"nb": "the negative binomial", "hurdle": "the hurdle", "newcomer": "the pooled sizes: the series is less than a day old", "record": "the record", "window": "the sum of hours",
		"share": "the share of errors", "silence": "the sum of hours", "job": "the hours missed", "novelty": "the number",
	}[a.Decided]
	if a.NB != nil || a.Share != nil {
		of += ", the least surprised of those asked"
	}
	if a.Calls != nil {
		of += ", and the calls"
	}
	return of
}

// scoreWords tells how evidence became a score, and what was asked of it.
func scoreWords(a *insight.Arithmetic, v *insight.Verdict) []step {
	n, p := &a.Null, &a.Promise
	edge := func(what string) step {
		e := &n.Lower
		if what == "above" {
			e = &n.Upper
		}
		s := fmt.Sprintf("-ln((own %s + promised %s + %s·%s shipped) / (%s own series-days + %s)) = %s", num(e.Own), num(e.Promised), num(e.Weight), num(e.Shipped),
			num(e.Days), num(e.Weight), num(e.Rarity()-e.Tail/e.Stretch))
		if e.Tail > 0 {
			s += fmt.Sprintf(" at %s, and a tail of %s / %s beyond: %s", num(e.From), num(e.Tail), num(e.Stretch), num(e.Rarity()))
		}
		return step{what, fmt.Sprintf("usual series reach %s: ", num(e.Evidence)) + s}
	}
	lower, upper, mistrust := n.Lower.Rarity(), n.Upper.Rarity(), ""
	if p.Mistrust > 0 {
		mistrust = fmt.Sprintf(" + ¼·ln(.001 / %s)", num(p.PerSeriesDay))
	}
	return []step{
		edge("below"), edge("above"),
		{"score", fmt.Sprintf("cell %s, %s of its channel's budget: %s + %s·(%s - %s) + ln %s = %s", v.Cell, num(n.Share), num(lower), num(n.At), num(upper), num(lower), num(n.Share), num(v.Score))},
		{"threshold", fmt.Sprintf("-ln(%s · %s)%s = %s: %s false %s a day asked for of %s series, at most 1 in 1,000 series-days, of which %s have %s",
			num(p.PerSeriesDay), num(p.Share), mistrust, num(-math.Log(p.PerSeriesDay*p.Share)+p.Mistrust), expected(p.FalsePerDay), plural(int64(p.FalsePerDay+.5), "insight"), expected(p.Series), p.Channel, num(p.Share))},
	}
}

// num writes a number to seven digits.
func num(x float64) string { return strconv.FormatFloat(x, 'g', 7, 64) }
