package sink

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/insight"
)

// matches tells whether an event fits a pattern, as "Amazon EventBridge event patterns" has it, for the operators that the shipped patterns use: a member of
// a pattern is a list of which one must fit, or a pattern of its own. Others fail the test.
func matches(t *testing.T, pattern, event map[string]any) bool {
	t.Helper()
	for name, want := range pattern {
		got, there := event[name]
		if inner, ok := want.(map[string]any); ok {
			object, _ := got.(map[string]any)
			if !matches(t, inner, object) {
				return false
			}
			continue
		}
		if !slices.ContainsFunc(want.([]any), func(w any) bool { return fits(t, w, got, there) }) {
			return false
		}
	}
	return true
}

func fits(t *testing.T, want, got any, there bool) bool {
	t.Helper()
	operator, ok := want.(map[string]any)
	if !ok {
		return there && got == want
	}
	for name, x := range operator {
		switch name {
		case "exists":
			return there == x.(bool)
		case "prefix":
			s, isText := got.(string)
			return isText && strings.HasPrefix(s, x.(string))
		case "anything-but":
			return there && !slices.Contains(x.([]any), got)
		case "numeric":
			n, isNumber := got.(float64)
			if list := x.([]any); len(list) == 2 && list[0] == ">=" {
				return isNumber && n >= list[1].(float64)
			}
		}
		t.Errorf("operator %s: %v", name, x)
	}
	return false
}

// TestRules sends messages and matches what arrives with the patterns of scripts/eventbridge, as EventBridge wraps it.
func TestRules(t *testing.T) {
	principal, silence, weak, retracted := worked(), worked(), worked(), worked()
	principal.Principal = "arn:aws:iam::111122223333:user/ops-anna"
	silence.Kind = insight.Silence
	weak.Worst.Score, weak.State = 7, insight.Open
	retracted.State = insight.Retracted
	messages := map[string]Message{
		"start": about(worked(), Start), "end": about(worked(), End), "revision": about(worked(), Revision), "retraction": about(retracted, Retraction),
		"weak start": about(weak, Start), "principal": about(principal, Start), "silence": about(silence, Start), "test": TestMessage("x", "lake", time.Unix(0, 0)),
	}
	want := map[string]string{
		"all.json":                      "end principal retraction revision silence start weak start",
		"severe-starts.json":            "principal silence start",
		"like-cloudtrail-insights.json": "end start weak start",
		"one-account.json":              "end principal retraction revision silence start weak start",
	}
	got := map[string][]string{}
	e := serve(t, func(r request, _ int) (int, string) { return 200, busTakes(r) })
	var names []string
	for name := range messages {
		names = append(names, name)
	}
	slices.Sort(names)
	s := open(t, busConfig)
	for _, name := range names {
		if taken, _, _, _, reason := sendAll(t, s, []Message{messages[name]}); len(taken) != 1 {
			t.Fatal(reason)
		}
		x := e.requests[len(e.requests)-1].entries()[0]
		var detail map[string]any
		if err := json.Unmarshal([]byte(x["Detail"].(string)), &detail); err != nil {
			t.Fatal(err)
		}
		event := map[string]any{"source": x["Source"], "detail-type": x["DetailType"], "detail": detail}
		for file := range want {
			body, err := os.ReadFile(filepath.Join("..", "..", "scripts", "eventbridge", file))
			if err != nil {
				t.Fatal(err)
			}
			var pattern map[string]any
			if err := json.Unmarshal(body, &pattern); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if matches(t, pattern, event) {
				got[file] = append(got[file], name)
			}
		}
	}
	for file, w := range want {
		if g := strings.Join(got[file], " "); g != w {
			t.Errorf("%s matches %q, want %q", file, g, w)
		}
	}
	shipped, _ := filepath.Glob(filepath.Join("..", "..", "scripts", "eventbridge", "*.json"))
	if len(shipped) != len(want) {
		t.Errorf("%d patterns are shipped, %d tested", len(shipped), len(want))
	}
}
