package report

import (
	"strings"
	"time"

	"trailgauge/pipeline/insight"
)

// Timeline is the steps of an incident laid out for an SVG of Width by Height: a row each, in the order they began, words above a bar.
type Timeline struct {
	Width, Height int
	Foot          int // where the words of the time axis stand
	Rows          []Row
	Ticks         []Tick
	More          int    // steps that have no row
	Label         string // what a reader who does not see it is told
}

// Row is a step's bar.
type Row struct {
	Words, Y int    // where the words stand, and the bar's top
	X, W     string // of the bar
	Class    string // of the bar: its severity, and whether it goes on
	Text     string
}

const (
	rowHeight = 38
	mostRows  = 40 // of a timeline
	timeLeft  = 8  // of its bars
	mostWords = 60 // characters of a row
)

// TimelineOf lays an incident's steps out.
func TimelineOf(g *Group) *Timeline {
	steps := g.Steps[:min(len(g.Steps), mostRows)]
	foot := rowHeight * len(steps)
	t := &Timeline{Width: chartWidth, Height: foot + 28, Foot: foot + 22, More: len(g.Steps) - len(steps), Label: "When each of them was. " + g.Title()}
	whole := max(g.Last.Sub(g.First), time.Minute)
	at := func(when time.Time) float64 {
		return timeLeft + float64(right-timeLeft)*float64(when.Sub(g.First))/float64(whole)
	}
	for k := range steps {
		s := &steps[k]
		const least = 4 // a burst of a minute is seen too
		from := min(at(s.Whole.Start), right-least)
		row := Row{Words: rowHeight*k + 20, Y: rowHeight*k + 25, X: decimals(from, 1), W: decimals(max(least, at(s.Whole.End)-from), 1), Class: level(s.Insight),
			Text: s.Whole.Start.UTC().Format("15:04Z ") + middle(strings.Replace(Title(s.Insight), ".amazonaws.com ", " ", 1), mostWords)}
		if s.State == insight.Open {
			row.Class += " goeson"
		}
		t.Rows = append(t.Rows, row)
	}
	t.Ticks = timeTicks(g.First.UTC(), g.Last.UTC(), at)
	return t
}

// timeTicks marks up to six round times.
func timeTicks(from, to time.Time, at func(time.Time) float64) (out []Tick) {
	every := 28 * 24 * time.Hour
	for _, d := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour,
		12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour} {
		if to.Sub(from) <= 5*d {
			every = d
			break
		}
	}
	day := ""
	for t := from.Truncate(every); !t.After(to); t = t.Add(every) {
		if t.Before(from) || at(t) > right-40 {
			continue
		}
		format := "15:04"
		if today := t.Format("Jan 2"); today != day {
			day, format = today, "Jan 2 15:04"
		}
		out = append(out, Tick{At: decimals(at(t), 1), Text: t.Format(format)})
	}
	return out
}

// middle cuts a text in the middle to n characters: the service at its head tells as much as the API at its end.
func middle(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	head := (n - 1) / 3
	return string(r[:head]) + "…" + string(r[len(r)-(n-1-head):])
}
