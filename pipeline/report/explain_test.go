package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
)

// nasty is what an attacker may have in a name.
const nasty = "\x1b[31mown\x1b[0m\u202e'; DROP TABLE events; --\n"

func explainable() *insight.Insight {
	at := time.Date(2026, 10, 31, 4, 0, 0, 0, time.UTC)
	i := &insight.Insight{ID: "0e1f", Revision: 2, State: insight.Closed, Threshold: 7.5, Suppressed: nasty, Unit: insight.Unit{Kind: insight.CallRate}}
	i.Series = counts.Series{Account: "111122223333", Region: "eu-central-1", Source: nasty, Name: nasty, Principal: "arn:aws:iam::111122223333:user/" + nasty}
	i.Whole = insight.Span{Start: at, End: at.Add(time.Hour), Count: 43}
	i.Detected = i.Whole
	a := &insight.Arithmetic{From: at, To: at.Add(time.Hour), Tested: 43, Decided: "nb", NB: &insight.NB{Mean: 1.5, Size: 2, LnP: -30.5}, Hurdle: &insight.Hurdle{Active: .5, LnP: -40}}
	a.Hours = []insight.Used{{Hour: at, Observed: true, Count: 43}}
	a.Null.Share, a.Null.Lower.Weight, a.Null.Upper.Weight, a.Null.Lower.Stretch, a.Null.Upper.Stretch = .1, 1000, 1000, 1, 1
	a.Promise = insight.Promise{FalsePerDay: 1, Series: 500, PerSeriesDay: .001, Channel: "calls", Share: .55}
	a.Hidden = []int32{int32(at.Add(-48*time.Hour).Unix() / 3600)}
	a.Tried = []insight.Tried{{Window: 60, Model: "nb", Count: 43, Mean: 1.5, LnP: -30.5, Cell: "calls/<2/60", Score: 9, Material: true}}
	i.First = insight.Verdict{Score: 9, LnP: -30.5, Window: 60, End: 300, Count: 43, Mean: 1.5, Size: 2, Model: "nb", Cell: "calls/<2/60", Arithmetic: a}
	i.Worst = i.First
	return i
}

func explainText(t *testing.T, i *insight.Insight, said *insight.Seen, asJSON bool) string {
	t.Helper()
	var b bytes.Buffer
	if err := Explain(&b, i, said, Names{}, asJSON, 100, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestExplain(t *testing.T) {
	said := &insight.Seen{Insight: "0e1f", As: insight.AsBenign, By: nasty, Note: nasty}
	text := explainText(t, explainable(), said, false)
	for _, want := range []string{
		"nb         negative binomial: ln P(Y ≥ 43; mean 1.5, size 2) = -30.5", "-30.5, by the negative binomial", "-ln(0.001 · 0.55) = 7.505592",
		"1 hour of quarantine, which the fit did not see, the last 2026-10-29 04:00Z", "Suppressed by the rule ", "Marked benign by ", "this returns 43", "Monday 00:00",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Its strongest verdict") || strings.Contains(text, "Retracted") {
		t.Errorf("one verdict is told twice, or as retracted:\n%s", text)
	}
	var j struct {
		SchemaVersion int
		First         struct {
			Verdict insight.Verdict
			Steps   []struct{ What, Text string }
			SQL     string
			Hidden  []time.Time
		}
	}
	js := explainText(t, explainable(), said, true)
	if err := json.Unmarshal([]byte(js), &j); err != nil {
		t.Fatal(err)
	}
	if a := j.First.Verdict.Arithmetic; j.SchemaVersion != SchemaVersion || a == nil || a.NB.LnP != -30.5 || len(j.First.Steps) < 6 || !strings.Contains(j.First.SQL, "04:00:00") {
		t.Errorf("the JSON says %+v", j)
	}
	for what, s := range map[string]string{"text": text, "JSON": js} {
		fit(t, what, s)
	}
}

func TestExplainRetracted(t *testing.T) {
	i := explainable()
	i.State = insight.Retracted
	i.Worst.Score, i.Worst.LnP = 11, -50
	text := explainText(t, i, nil, false)
	for _, want := range []string{"Retracted: late data took it back", "retracted, revision 2", "The verdict that opened it", "Its strongest verdict"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
}

// What an older version decided is told as far as it was kept.
func TestExplainWithoutArithmetic(t *testing.T) {
	i := explainable()
	i.First.Arithmetic, i.Worst.Arithmetic = nil, nil
	if text := explainText(t, i, nil, false); !strings.Contains(text, "decided by a version that kept no more") || !strings.Contains(text, "the threshold was 7.5") {
		t.Error(text)
	}
	explainText(t, i, nil, true)
}
