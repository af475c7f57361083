package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"trailgauge/pipeline/insight"
)

var busConfig = Config{Type: "eventbridge", ARN: "arn:aws:events:eu-central-1:111122223333:event-bus/security"}

// busTakes answers as PutEvents does when all is well.
func busTakes(r request) string {
	var b strings.Builder
	for k := range r.entries() {
		fmt.Fprintf(&b, `{"EventId":"e-%d"},`, k)
	}
	return `{"FailedEntryCount":0,"Entries":[` + strings.TrimSuffix(b.String(), ",") + `]}`
}

func TestEventBridge(t *testing.T) {
	e := serve(t, func(r request, _ int) (int, string) { return 200, busTakes(r) })
	list := messages(23)
	taken, _, left, _, reason := sendAll(t, open(t, busConfig), list)
	if len(taken) != 23 || left != 0 || reason != nil || len(e.requests) != 3 {
		t.Fatalf("%d taken, %d left, %v, in %d requests", len(taken), left, reason, len(e.requests))
	}
	if got := e.requests[0].header.Get("Authorization"); !strings.Contains(got, "/eu-central-1/events/") {
		t.Errorf("signed for %s", got)
	}
	first := e.requests[0].entries()[0]
	if first["Source"] != "trailgauge" || first["DetailType"] != "Insight Start" || first["EventBusName"] != busConfig.ARN {
		t.Errorf("entry %v", first)
	}
	var d struct {
		awsRecord
		Trailgauge struct{ ID, Phase, Insight, Status string }
	}
	if err := json.Unmarshal([]byte(first["Detail"].(string)), &d); err != nil {
		t.Fatal(err)
	}
	if d.Trailgauge.ID != list[0].ID || d.Trailgauge.Phase != "start" || d.Trailgauge.Insight != list[0].Insight.ID || *d.SharedEventID != list[0].Insight.ID ||
		d.InsightDetails.State != "Start" || d.InsightDetails.InsightType != "ApiCallRateInsight" {
		t.Errorf("detail %s", first["Detail"])
	}
}

// TestEventBridgePartly has entries fail within a request that succeeds: those alone are sent again, with the same IDs.
func TestEventBridgePartly(t *testing.T) {
	e := serve(t, func(r request, n int) (int, string) {
		if n > 0 {
			return 200, busTakes(r)
		}
		return 200, `{"FailedEntryCount":3,"Entries":[{"EventId":"1"},{"ErrorCode":"ThrottlingException","ErrorMessage":"slow down"},{"ErrorCode":"InternalFailure"},` +
			`{"ErrorCode":"MalformedDetail","ErrorMessage":"no"},{"EventId":"5"}]}`
	})
	list := messages(5)
	taken, refused, left, waited, reason := sendAll(t, open(t, busConfig), list)
	if len(taken) != 4 || left != 0 || reason == nil || !errors.Is(refused[list[3].ID], ErrRefused) {
		t.Errorf("%d taken, %v refused, %d left, %v", len(taken), refused, left, reason)
	}
	again := e.requests[1].entries()
	if len(e.requests) != 2 || len(again) != 2 || !strings.Contains(again[0]["Detail"].(string), list[1].ID) || !strings.Contains(again[1]["Detail"].(string), list[2].ID) || waited == 0 {
		t.Errorf("%d requests, waited %v, again: %v", len(e.requests), waited, again)
	}
}

// TestDown has a receiver that is out of order, in all the ways that there are: nothing is lost, and each way says what to do.
func TestDown(t *testing.T) {
	for name, c := range map[string]struct {
		status   int
		body     string
		requests int // at least
		hint     string
	}{
		"throttled for minutes": {400, `{"__type":"ThrottlingException","message":"Rate exceeded"}`, 6, ""},
		"down":                  {http.StatusServiceUnavailable, `{}`, 6, ""},
		"no JSON":               {http.StatusBadGateway, `<html>`, 6, ""},
		"expired":               {400, `{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`, 3, "renew them"},
		"unknown key":           {400, `{"__type":"UnrecognizedClientException","message":"The security token included in the request is invalid."}`, 3, "sts get-caller-identity"},
		"denied":                {400, `{"__type":"AccessDeniedException","message":"not authorized\u001b[31m"}`, 3, "policy"},
		"no such bus":           {400, `{"__type":"ResourceNotFoundException","message":"no bus"}`, 3, "arn and the region"},
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, func(request, int) (int, string) { return c.status, c.body })
			taken, refused, left, waited, reason := sendAll(t, open(t, busConfig), messages(35))
			if len(taken)+len(refused) > 0 || left != 35 || reason == nil {
				t.Fatalf("%d taken, %d refused, %d left, %v", len(taken), len(refused), left, reason)
			}
			if len(e.requests) < c.requests || len(e.requests) > 10 || c.hint != "" && len(e.requests) != c.requests {
				t.Errorf("%d requests", len(e.requests))
			}
			var busy *BusyError
			var hint *HintError
			if c.hint == "" && (!errors.As(reason, &busy) || waited < patience/2 || waited > patience) {
				t.Errorf("waited %v: %v", waited, reason)
			}
			if c.hint != "" && (!errors.As(reason, &hint) || !strings.Contains(hint.Hint, c.hint) || waited > 0) {
				t.Errorf("%v, waited %v", reason, waited)
			}
			if strings.ContainsFunc(reason.Error(), func(r rune) bool { return r < ' ' }) || !strings.Contains(reason.Error(), busConfig.ARN) {
				t.Errorf("%q", reason)
			}
		})
	}
}

// TestOrder has an end wait for its start, which is throttled, and pass it when that is refused.
func TestOrder(t *testing.T) {
	for _, code := range []string{"ThrottlingException", "MalformedDetail"} {
		e := serve(t, func(r request, n int) (int, string) {
			if n > 0 {
				return 200, busTakes(r)
			}
			return 200, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"` + code + `"},{"EventId":"2"}]}`
		})
		i, other := worked(), worked()
		other.ID = "0f6c1b7a-2f5c-5d0e-8a11-000000000000"
		list := []Message{about(i, Start), about(i, End), about(other, Start)}
		taken, _, left, _, _ := sendAll(t, open(t, busConfig), list)
		want := []string{list[2].ID, list[0].ID, list[1].ID}
		if code == "MalformedDetail" {
			want = []string{list[2].ID, list[1].ID}
		}
		if left != 0 || strings.Join(taken, " ") != strings.Join(want, " ") || len(e.requests[0].entries()) != 2 {
			t.Errorf("%s: taken in the order %v, want %v, %d left", code, taken, want, left)
		}
	}
}

// TestPoison has the service refuse every request with one message in it: the others arrive, and it waits.
func TestPoison(t *testing.T) {
	list := messages(12)
	serve(t, func(r request, _ int) (int, string) {
		if strings.Contains(r.body, list[4].ID) {
			return 400, `{"__type":"ValidationException","message":"1 validation error detected"}`
		}
		return 200, busTakes(r)
	})
	taken, _, left, _, reason := sendAll(t, open(t, busConfig), list)
	if len(taken) != 11 || left != 1 || reason == nil {
		t.Errorf("%d taken, %d left, %v", len(taken), left, reason)
	}
}

// TestBytes cuts attributions, and never the identity. The limit and how it is counted: see busBytes.
func TestBytes(t *testing.T) {
	e := serve(t, func(r request, _ int) (int, string) { return 200, busTakes(r) })
	size := func(x map[string]any) int {
		return 14 + len(x["Source"].(string)) + len(x["DetailType"].(string)) + len(x["Detail"].(string))
	}
	list := messages(10)
	for k := range list {
		list[k].Insight = largeInsight(list[k].Insight, 60_000)
	}
	list[9].Insight.Attributions[0].Insight[0].Value = strings.Repeat("<\x01", 200_000)
	if taken, refused, left, _, _ := sendAll(t, open(t, busConfig), list); len(taken) != 10 {
		t.Fatalf("%d taken, %v, %d left", len(taken), refused, left)
	}
	for _, r := range e.requests {
		sum := 0
		for _, x := range r.entries() {
			sum += size(x)
		}
		if sum >= 256<<10 {
			t.Errorf("a request of %d bytes", sum)
		}
	}
	var d struct{ Trailgauge struct{ Cut bool } }
	last := e.requests[len(e.requests)-1].entries()
	_ = json.Unmarshal([]byte(last[len(last)-1]["Detail"].(string)), &d)
	if !d.Trailgauge.Cut || !strings.Contains(last[len(last)-1]["Detail"].(string), `"eventName":"RunInstances"`) {
		t.Errorf("cut: %.300s", last[len(last)-1]["Detail"])
	}
	huge := messages(1)
	huge[0].Insight.Name = strings.Repeat("x", 300_000)
	if _, refused, _, _, _ := sendAll(t, open(t, busConfig), huge); !errors.Is(refused[huge[0].ID], ErrRefused) {
		t.Errorf("an identity of 300 kB: %v", refused)
	}
}

// largeInsight has attributions of about n bytes.
func largeInsight(i *insight.Insight, n int) *insight.Insight {
	out := *i
	out.Attributions = []insight.Attribution{{Attribute: "userAgent", Insight: []insight.Share{{Value: strings.Repeat("u", n), Count: 1}}}}
	return &out
}
