package report

import (
	"fmt"
	"io"
	"time"

	"trailgauge/pipeline/insight"
)

// explanation is the JSON that Explain writes: the insight as in the JSON report, and the arithmetic of the verdicts that opened it and that
// was its worst.
type explanation struct {
	SchemaVersion int `json:"schemaVersion"`
	insightJSON
	Change string   `json:"change,omitempty"` // of the report; absent here
	First  *derived `json:"first"`
	Worst  *derived `json:"worst"`
}

// derived is how one verdict came about.
type derived struct {
	Verdict insight.Verdict `json:"verdict"` // with its arithmetic, the formulas of which are in insight.Arithmetic; null for what an older version decided
	Steps   []step          `json:"steps"`   // the same in words
	SQL     string          `json:"sql"`     // counts the window again, of an account's the one series' whose numbers these are; "" without the arithmetic
	Hidden  []time.Time     `json:"hidden"`  // quarantined hours, left out of the fit
}

// step is one line of the sum.
type step struct {
	What string `json:"what"`
	Text string `json:"text"`
}

// Explain writes the arithmetic of one insight as JSON, or as text for a terminal of the given width (as Text). said is its mark that holds; nil
// when there is none.
func Explain(w io.Writer, i *insight.Insight, said *insight.Seen, names Names, asJSON bool, width int, color bool) error {
	r := &Run{Names: names, Marks: map[string]*insight.Seen{i.ID: said}}
	e := explanation{SchemaVersion: SchemaVersion, insightJSON: insightOf(&Entry{Insight: i}, r)}
	e.First, e.Worst = derive(i, &i.First), derive(i, &i.Worst)
	if asJSON {
		if err := Encode(w, &e); err != nil {
			return fmt.Errorf("encoding the explanation: %w", err)
		}
		return nil
	}
	t := newText(width, color)
	t.names = names
	t.explain(i, &e, remarks(r, i))
	_, err := io.WriteString(w, t.b.String())
	return err
}

func derive(i *insight.Insight, v *insight.Verdict) *derived {
	d := &derived{Verdict: *v, Steps: []step{}, Hidden: []time.Time{}}
	a := v.Arithmetic
	if a == nil {
		return d
	}
	of := *i
	if of.Members = nil; a.Of != nil {
		of.Unit = *a.Of
	}
	d.Steps, d.SQL = steps(i, v), query(&of, a.From, a.To, "")
	for _, h := range a.Hidden {
		d.Hidden = append(d.Hidden, time.Unix(int64(h)*3600, 0).UTC())
	}
	return d
}
