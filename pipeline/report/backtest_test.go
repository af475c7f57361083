package report

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
)

// TestBacktestIsHarmless: what an attacker named reaches neither a terminal nor a JSON viewer as more than text, and numbers that JSON has not are null.
func TestBacktestIsHarmless(t *testing.T) {
	const evil = "\x1b]0;owned\a\x1b[2J\u202e\u0085\n| x"
	at := time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC)
	i := insight.Insight{
		ID: evil, Unit: insight.Unit{Series: counts.Series{Account: evil, Region: evil, Source: evil, Name: evil, Principal: evil}, Kind: insight.ErrorRate, ErrorCode: evil},
		Whole: insight.Span{Start: at, End: at.Add(time.Hour), Count: 7}, Expected: math.NaN(), Worst: insight.Verdict{Score: math.Inf(1)}, Threshold: math.Inf(-1),
	}
	list := Briefs([]insight.Insight{i})
	aws := AWSInsight{ID: evil, Type: evil, Account: evil, Region: evil, Source: evil, Name: evil, ErrorCode: evil, From: at, To: at}
	b := &Backtest{
		Lake: evil, From: at, To: at.Add(time.Hour), Configured: Replay{Insights: list}, Against: &Replay{}, Gained: list, Lost: list,
		Stored: &Stored{From: at, To: at.Add(time.Hour), OnlyLake: list, OnlyReplay: list}, AWS: &AWS{Unreadable: 1, OnlyOurs: list, OnlyAWS: []AWSInsight{aws}},
	}
	var text, js bytes.Buffer
	if err := BacktestText(&text, b, 80, false); err != nil {
		t.Fatal(err)
	}
	b.Against = nil
	if err := BacktestText(&text, b, 80, false); err != nil {
		t.Fatal(err)
	}
	if err := Encode(&js, b); err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{"text": text.String(), "JSON": js.String()} {
		fit(t, name, out)
		if !strings.Contains(out, "owned") {
			t.Errorf("%s does not tell of the name", name)
		}
	}
	var back struct {
		Lost []struct {
			Account                    string
			Expected, Score, Threshold *float64
		}
	}
	if err := json.Unmarshal(js.Bytes(), &back); err != nil || len(back.Lost) != 1 {
		t.Fatalf("%v: %d lost", err, len(back.Lost))
	}
	if x := back.Lost[0]; x.Account != evil || x.Expected != nil || x.Score != nil || x.Threshold != nil {
		t.Errorf("read back: %+v; want the account as it was, and no numbers", x)
	}
}

// TestTable aligns columns of any text.
func TestTable(t *testing.T) {
	var x text
	x.table([][]string{{"a", "bb", "note"}, {"ccc", "1", ""}, nil, {"é", "333"}}, 2)
	want := "  a     bb  note\n  ccc    1\n\n  é    333\n"
	if got := x.b.String(); got != want {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}
