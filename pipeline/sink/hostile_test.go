package sink

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"trailgauge/pipeline/store"
)

// TestHostile sends an insight whose every text is an attack: what arrives is valid, and who and what are whole.
func TestHostile(t *testing.T) {
	m := about(hostile(), Start)
	for _, c := range []struct {
		Config
		reply func(request, int) (int, string)
	}{
		{busConfig, func(r request, _ int) (int, string) { return 200, busTakes(r) }},
		{topicConfig, func(r request, _ int) (int, string) { return 200, topicTakes(r, nil) }},
		{Config{Type: "securityhub", Region: "eu-central-1"}, hubAnswers(noneFailed)},
	} {
		e := serve(t, c.reply)
		if taken, refused, _, _, reason := sendAll(t, open(t, c.Config), []Message{m}); len(taken) != 1 {
			t.Fatalf("%s: %v, %v", c.Type, refused, reason)
		}
		x := e.requests[len(e.requests)-1].entries()[0]
		text, _ := x["Detail"].(string)
		if c.Type == "sns" {
			text = x["Message"].(string)
		}
		var d struct {
			InsightDetails struct{ EventName, ErrorCode string }
			Trailgauge     struct{ Principal string }
		}
		if c.Type == "securityhub" {
			continue // TestFindingLengths
		}
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatalf("%s: %v", c.Type, err)
		}
		name := strings.ToValidUTF8(m.Insight.Name, "\ufffd")
		if d.InsightDetails.EventName != name || d.InsightDetails.ErrorCode != name || d.Trailgauge.Principal != strings.ToValidUTF8(m.Insight.Principal, "\ufffd") {
			t.Errorf("%s: %.300q", c.Type, d)
		}
	}
}

// TestNoCredentials: nothing to sign with is said at once, with what to do.
func TestNoCredentials(t *testing.T) {
	e := serve(t, func(request, int) (int, string) { return 500, "" })
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	c := busConfig
	c.Name = "bus"
	_, err := Open(t.Context(), c, os.Getenv)
	var hint *HintError
	if !errors.As(err, &hint) || hint.Hint != store.HintNoCredentials || len(e.requests) > 0 {
		t.Errorf("%v", err)
	}
	t.Setenv("AWS_PROFILE", "nobody")
	if _, err := Open(t.Context(), c, os.Getenv); !errors.As(err, &hint) || hint.Hint != store.HintProfile {
		t.Errorf("with a profile that is not there: %v", err)
	}
}

// TestRoleDenied: of an account whose role cannot be assumed the findings wait; those of others arrive.
func TestRoleDenied(t *testing.T) {
	answers := hubAnswers(noneFailed)
	serve(t, func(r request, n int) (int, string) {
		if r.operation == "AssumeRole" && strings.Contains(r.input["RoleArn"].(string), "222222222222") {
			return 403, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error><RequestId>r</RequestId></ErrorResponse>`
		}
		return answers(r, n)
	})
	list := messages(4)
	for k, account := range []string{"111111111111", "222222222222", "111111111111", "222222222222"} {
		list[k].Insight.Account = account
	}
	taken, _, left, _, reason := sendAll(t, open(t, Config{Type: "securityhub", Region: "eu-central-1", Role: "arn:aws:iam::{account}:role/findings"}), list)
	var hint *HintError
	if len(taken) != 2 || left != 2 || !errors.As(reason, &hint) || hint.Hint != hintRole || !strings.Contains(reason.Error(), "222222222222") {
		t.Errorf("%d taken, %d left, %v", len(taken), left, reason)
	}
}

// TestDocumented: the package comment names every member of the JSON that is ours.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	m := about(hostile(), Start)
	m.Insight.Incident, m.Insight.Source, m.Insight.Name = "x", "iam.amazonaws.com", "CreateAccessKey"
	body, err := m.JSON(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	var d struct{ Trailgauge map[string]any }
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Trailgauge["techniques"]; !ok {
		t.Error("no techniques")
	}
	named := map[string]bool{}
	for line := range strings.Lines(string(doc)) {
		if names, ok := strings.CutPrefix(line, "//	  "); ok && !strings.HasPrefix(names, " ") {
			list, _, _ := strings.Cut(names, "  ")
			for name := range strings.SplitSeq(list, ", ") {
				named[name] = true
			}
		}
	}
	for name := range d.Trailgauge {
		if !named[name] {
			t.Errorf("the package comment says nothing of %s", name)
		}
	}
}
