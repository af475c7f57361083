package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"trailgauge/pipeline/insight"
)

// BacktestText writes a backtest for a terminal of the given width in columns (0: 80; at least 40), in colour if asked for.
func BacktestText(w io.Writer, b *Backtest, width int, color bool) error {
	t := newText(width, color)
	t.names = b.Names
	t.put(0, bold, fmt.Sprintf("%s to %s, replayed from the counts", when(b.From), when(b.To)))
	t.put(0, dim, Clean(b.Lake))
	t.put(0, "", beginnings(b))
	t.gap()
	t.budgets(b)
	t.replayed(b)
	t.stored(b)
	if b.AWS != nil {
		t.aws(b.AWS)
	}
	t.detection(&b.Configured, b.Against)
	_, err := io.WriteString(w, t.b.String())
	return err
}

// beginnings says what a replay rests on.
func beginnings(b *Backtest) string {
	s := count(b.Hours, "hour")
	if b.HoursUnknown > 0 {
		s += fmt.Sprintf(", %d of them unknown: without a sign of life from the trail", b.HoursUnknown)
	}
	s += fmt.Sprintf("; up to %s of history behind them. ", count(b.HistoryDays, "day"))
	switch b.Start.Kind {
	case "state":
		return s + fmt.Sprintf("Replayed from %s on, with what the lake had learnt by then.", when(b.Start.At))
	case "beginning":
		return s + fmt.Sprintf("Replayed from the lake's first decision on, %s.", when(b.Start.At))
	}
	return s + "Replayed as on a new lake: what this one had learnt by then is not kept."
}

func (t *text) budgets(b *Backtest) {
	t.put(0, bold, "Insights by budget")
	rows := [][]string{{"false a day", "granted", "insights", "apart", "a day"}}
	add := func(r *Replay, name string) {
		for _, x := range r.Budgets {
			mark := ""
			if x.Configured {
				mark = name
			}
			rows = append(rows, []string{expected(x.FalsePerDay), expected(x.Granted), strconv.Itoa(x.Insights), strconv.Itoa(x.Apart), decimals(x.PerDay, 2), mark})
		}
	}
	name := "configured"
	if b.Against != nil {
		name = "configured, --config"
	}
	add(&b.Configured, name)
	if b.Against != nil {
		rows = append(rows, nil)
		add(b.Against, "configured, --against")
	}
	t.table(rows, 5)
	t.put(2, dim, "Budgets that are not configured are decided by their thresholds on the same scores. Granted: what the thresholds allow for, never more "+
		"than 1 per 1,000 series-days. Apart: no part of another insight.")
	t.gap()
}

func (t *text) replayed(b *Backtest) {
	if b.Against == nil {
		head := fmt.Sprintf("Found with %s false insights a day", expected(b.Configured.FalsePerDay))
		if n := b.Configured.Suppressed; n > 0 {
			head += fmt.Sprintf(", besides %d that are suppressed", n)
		}
		t.put(0, bold, head)
		t.list(b.Configured.Insights)
		return
	}
	t.put(0, bold, fmt.Sprintf("--against finds %d of the %d insights of --config, loses %d, gains %d",
		len(b.Configured.Insights)-len(b.Lost), len(b.Configured.Insights), len(b.Lost), len(b.Gained)))
	for _, x := range []struct {
		sign, style string
		list        []Brief
	}{{"-", dim, b.Lost}, {"+", red, b.Gained}} {
		for _, i := range x.list {
			t.brief(i.Insight, x.style, x.sign+" ")
		}
	}
	t.gap()
}

// mostBriefs bounds a list in text; JSON has all.
const mostBriefs = 100

func (t *text) list(list []Brief) {
	for k, i := range list {
		if k == mostBriefs {
			t.put(2, "", fmt.Sprintf("and %d more: --json has all", len(list)-k))
			break
		}
		t.brief(i.Insight, "", "")
	}
	if len(list) == 0 {
		t.put(2, "", "none")
	}
	t.gap()
}

// brief tells of an insight in two lines: what and whose, when and how much.
func (t *text) brief(i *insight.Insight, style, sign string) {
	what := Title(i)
	if !i.IsTotal() && !isAccount(i) {
		by := " by all principals"
		if i.Principal != "" {
			by = " by " + Who(i.Principal)
		}
		api, silent := strings.CutSuffix(what, " fell silent")
		if what = api + by; silent {
			what += " fell silent"
		}
	}
	t.put(2, style, fmt.Sprintf("%s[%.1f] %s", sign, i.Severity(), what))
	t.put(8, dim, fmt.Sprintf("%s, account %s, %s: %s, %s expected, score %.1f of %.1f", spanWords(i), t.names.Account(i.Account), region(i),
		group(i.Whole.Count), expected(i.Expected), i.Worst.Score, i.Threshold))
}

func (t *text) stored(b *Backtest) {
	s, window := b.Stored, "of this window"
	switch {
	case !s.From.Before(s.To):
		t.put(0, bold, "The lake itself has decided none of this window")
		t.gap()
		return
	case !s.From.Equal(b.From) || !s.To.Equal(b.To):
		window = fmt.Sprintf("from %s to %s, which is what it has decided of this window", when(s.From), when(s.To))
	}
	t.put(0, bold, fmt.Sprintf("The lake has %s %s; the replay finds %d of them and %d others", count(s.Insights, "insight"), window, s.Both, len(s.OnlyReplay)))
	for _, x := range []struct {
		what string
		list []Brief
	}{{"in the lake alone", s.OnlyLake}, {"in the replay alone", s.OnlyReplay}} {
		if len(x.list) > 0 {
			t.put(2, "", x.what+":")
			t.list(x.list)
		}
	}
	t.gap()
}

func (t *text) aws(a *AWS) {
	t.put(0, bold, fmt.Sprintf("CloudTrail Insights has %s in this window: %d found here too, %d not; %d only here",
		count(a.Insights, "insight"), a.Both, len(a.OnlyAWS), len(a.OnlyOurs)))
	if a.Unreadable > 0 {
		t.put(2, yellow, fmt.Sprintf("warning: %d of %s could not be read", a.Unreadable, count(a.Objects, "object")))
	}
	for k, x := range a.OnlyAWS {
		if k == mostBriefs {
			t.put(2, "", fmt.Sprintf("and %d more: --json has all", len(a.OnlyAWS)-k))
			break
		}
		t.put(2, "", strings.Join(strings.Fields(fmt.Sprintf("CloudTrail alone: %s %s %s %s, account %s, %s, %s to %s",
			Clean(x.Type), Clean(x.Source), Clean(x.Name), Clean(x.ErrorCode), t.names.Account(x.Account), Clean(x.Region), when(x.From), when(x.To))), " "))
	}
	t.gap()
}

// detection shows what became of injected bursts.
func (t *text) detection(r, against *Replay) {
	if len(r.Detection) == 0 {
		t.put(0, "", "There is too little history to put bursts into.")
		return
	}
	t.put(0, bold, fmt.Sprintf("Bursts of 15 minutes put into copies of this history, on %s: share found by the series' own unit", count(len(r.DetectionDays), "day")))
	other := map[string]*int64{}
	if against != nil {
		for _, d := range against.Detection {
			other[d.Type+d.Principal+d.Rate] = d.Smallest
		}
	}
	kind := ""
	var rows [][]string
	for _, d := range r.Detection {
		if d.Type != kind {
			kind = d.Type
			rows = append(rows, []string{map[string]string{"ApiCallRateInsight": "more calls", "ApiErrorRateInsight": "denied calls"}[kind], "tried"})
			head := &rows[len(rows)-1]
			for _, x := range d.Times {
				*head = append(*head, fmt.Sprintf("%dx", x.Size))
			}
			for _, x := range d.Sizes {
				*head = append(*head, group(x.Size))
			}
			if *head = append(*head, "smallest"); against != nil {
				*head = append(*head, "--against")
			}
		}
		row := []string{fmt.Sprintf("%s, %s a day", d.Principal, d.Rate), strconv.Itoa(d.Histories)}
		for _, x := range d.Times {
			row = append(row, decimals(x.Found, 2))
		}
		for _, x := range d.Sizes {
			row = append(row, decimals(x.Found, 2))
		}
		if row = append(row, smallest(d.Smallest)); against != nil {
			row = append(row, smallest(other[d.Type+d.Principal+d.Rate]))
		}
		rows = append(rows, row)
	}
	t.table(rows, len(rows[0]))
	t.put(2, dim, "3x: three times the calls of the busiest hour of the 28 days before. 10: ten calls. Smallest: found in 80 % of the histories. The sums over an "+
		"API and over a principal hold the burst too and may find more.")
}

func smallest(n *int64) string {
	if n == nil {
		return "none"
	}
	return group(*n)
}

// table writes rows in columns, all but the first and those from left on aligned to the right. An empty row is a gap.
func (t *text) table(rows [][]string, left int) {
	var widths []int
	for _, row := range rows {
		for k, cell := range row {
			if k == len(widths) {
				widths = append(widths, 0)
			}
			widths[k] = max(widths[k], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for k, cell := range row {
			pad := strings.Repeat(" ", widths[k]-utf8.RuneCountInString(cell))
			if k == 0 || k >= left {
				b.WriteString("  " + cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		t.b.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	}
}
