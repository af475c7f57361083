package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestEventHistory reads an account that has no trail, over real requests of the SDK.
func TestEventHistory(t *testing.T) {
	c := newCloud(t)
	lookupPace = 0
	defer func() { lookupPace = 500 * time.Millisecond }()
	requests, throttle, code := 0, 0, ""
	expire := map[string]bool{}
	newest := time.Time{}
	cloudTrail(t, func(operation, region string, input map[string]any) (any, int, string) {
		requests++
		from, to := int64(input["StartTime"].(float64)), int64(input["EndTime"].(float64))
		if operation != "LookupEvents" || region != "eu-central-1" || input["MaxResults"] != 50.0 || to-from != 3599 || from%3600 != 0 {
			t.Errorf("%s in %s with %v", operation, region, input)
		}
		if at := time.Unix(from, 0); newest.IsZero() || at.After(newest) {
			newest = at
		}
		token, _ := input["NextToken"].(string)
		switch {
		case code != "":
			return nil, 400, code
		case throttle > 0:
			throttle--
			return nil, 400, "ThrottlingException"
		case token == "50" && from%(7*3600) == 0 && !expire[fmt.Sprint(from)]:
			expire[fmt.Sprint(from)] = true
			return nil, 400, "InvalidNextTokenException"
		}
		first, _ := strconv.Atoi(token)
		total := 40 + int(from/3600%24) // two pages in the afternoon
		events := []any{}
		for i := first; i < total && i < first+50; i++ {
			at := time.Unix(from+int64(i)*7, 0).UTC()
			events = append(events, map[string]any{"EventId": fmt.Sprintf("%d-%d", from, i), "EventName": "CreateUser", "EventTime": at.Unix(), "CloudTrailEvent": fmt.Sprintf(
				`{"eventVersion":"1.09","userIdentity":{"type":"IAMUser","principalId":"AIDA1","arn":"arn:aws:iam::999988887777:user/job","accountId":"999988887777","accessKeyId":"AKIA1","userName":"job"},"eventTime":%q,"eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"eu-central-1","sourceIPAddress":"192.0.2.1","userAgent":"x","requestID":"r","eventID":"%08x-0000-4000-8000-%012x","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"999988887777","eventCategory":"Management"}`,
				at.Format(time.RFC3339), from, i)})
		}
		out := map[string]any{"Events": events}
		if first+50 < total {
			out["NextToken"] = strconv.Itoa(first + 50)
		}
		return out, 0, ""
	})
	lake := t.TempDir()
	args := []string{"run", "--trail", "lookup-events:eu-central-1", "--lake", lake, "--as-of", "2026-11-01T12:10:00Z", "--history-days", "3"}

	c.run(2, []string{"no Event History is in the lake yet, in " + filepath.Join(lake, "history", "eu-central-1", "trail")}, append([]string{"plan"}, args[1:]...)...)
	code = "AccessDeniedException"
	c.run(1, []string{"fetching the events of eu-central-1, 2026-11-01T10:00:00Z to 2026-11-01T11:00:00Z: access denied (AccessDeniedException", "hint: the caller needs cloudtrail:LookupEvents"}, args...)
	code = "ExpiredTokenException"
	c.run(1, []string{"the credentials do not hold", "hint: get new credentials"}, args...)
	code, throttle, requests = "", 2, 0
	out := c.run(0, []string{"Event History of eu-central-1: 70 of 70 hours, back to 2026-10-29 13:00Z", "about 0s left"}, args...)
	if !strings.Contains(out, "70 objects") || !strings.Contains(out, "+ 0 duplicate + 0 replaced + 0 rejected") || !newest.Equal(time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)) || len(expire) == 0 {
		t.Errorf("after %d requests, up to %s, %v,\n%s", requests, newest, expire, out)
	}
	if !strings.Contains(out, "23 of 23 decided hours observed") {
		t.Errorf("coverage:\n%s", out)
	}

	// What was fetched is not fetched again, and nothing is new in it; more days are read when they are there, as history.
	requests = 0
	if out := c.run(0, nil, args...); requests != 0 || !strings.Contains(out, "Nothing new in the trail") {
		t.Errorf("after %d requests,\n%s", requests, out)
	}
	args[len(args)-1] = "5"
	if out := c.run(0, []string{"48 of 48 hours"}, args...); !strings.Contains(out, "48 objects") {
		t.Errorf("5 days:\n%s", out)
	}
	if out := c.run(0, nil, append([]string{"plan"}, args[1:]...)...); !strings.Contains(out, "would read 0 objects") {
		t.Errorf("plan:\n%s", out)
	}
	if left, _ := os.ReadDir(filepath.Join(lake, "history", "eu-central-1")); len(left) != 2 {
		t.Errorf("history holds %v", left)
	}
	for _, bad := range [][]string{{"--history-days", "0"}, {"--history-days", "91"}, {"--trail", "lookup-events:Frankfurt"}} {
		c.run(2, nil, append(append([]string{}, args...), bad...)...)
	}
}
