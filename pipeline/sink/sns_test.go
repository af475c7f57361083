package sink

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

var topicConfig = Config{Type: "sns", ARN: "arn:aws:sns:eu-central-1:111122223333:insights"}

func topicTakes(r request, fail map[string]string) string {
	var ok, bad strings.Builder
	for _, x := range r.entries() {
		id := x["Id"].(string)
		if f, is := fail[id]; is {
			fmt.Fprintf(&bad, "<member><Id>%s</Id>%s</member>", id, f)
			continue
		}
		fmt.Fprintf(&ok, "<member><Id>%s</Id><MessageId>m</MessageId></member>", id)
	}
	return `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful>` + ok.String() + `</Successful><Failed>` + bad.String() +
		`</Failed></PublishBatchResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishBatchResponse>`
}

func TestSNS(t *testing.T) {
	for _, arn := range []string{topicConfig.ARN, topicConfig.ARN + ".fifo"} {
		list := messages(12)
		list[0].Insight.Account, list[0].Insight.Region = "a\r\nb", ""
		fail := map[string]string{list[1].ID: "<Code>InternalError</Code><SenderFault>false</SenderFault>", list[2].ID: "<Code>InvalidParameter</Code><Message>no</Message><SenderFault>true</SenderFault>"}
		e := serve(t, func(r request, n int) (int, string) {
			if n > 0 {
				delete(fail, list[1].ID)
			}
			return 200, topicTakes(r, fail)
		})
		taken, refused, left, _, _ := sendAll(t, open(t, Config{Type: "sns", ARN: arn}), list)
		if len(taken) != 11 || left != 0 || !errors.Is(refused[list[2].ID], ErrRefused) || len(e.requests) != 2 {
			t.Errorf("%s: %d taken, %v refused, %d left, %d requests", arn, len(taken), refused, left, len(e.requests))
		}
		x := e.requests[0].entries()[0]
		attributes := fmt.Sprint(x["MessageAttributes"])
		for _, want := range []string{"phase:map[DataType:String StringValue:start]", "severity:map[DataType:Number StringValue:13.", "account:map[DataType:String StringValue:a b]"} {
			if !strings.Contains(attributes, want) {
				t.Errorf("attributes %s lack %s", attributes, want)
			}
		}
		if strings.Contains(attributes, "region") {
			t.Error("an empty attribute")
		}
		fifo := strings.HasSuffix(arn, ".fifo")
		if fifo != (x["MessageGroupId"] == list[0].Insight.ID) || fifo != (x["MessageDeduplicationId"] == list[0].ID) {
			t.Errorf("%s: group %v, deduplication %v", arn, x["MessageGroupId"], x["MessageDeduplicationId"])
		}
	}
}

// TestSubject: what SNS takes, from the API reference of Publish: ASCII, no line breaks or control characters, fewer than 100 characters. The same of
// an ID: up to 80 letters, digits, hyphens and underscores; and a batch of 262,144 bytes.
func TestSubject(t *testing.T) {
	e := serve(t, func(r request, _ int) (int, string) { return 200, topicTakes(r, nil) })
	list := messages(10)
	for k := range list {
		list[k].Insight = largeInsight(list[k].Insight, 40_000)
		list[k].Title = "é\r\nBcc: all@example.com \x1b[31m" + strings.Repeat("long ", 60)
	}
	if taken, _, _, _, _ := sendAll(t, open(t, topicConfig), list); len(taken) != 10 {
		t.Fatalf("%d taken", len(taken))
	}
	subject, id := regexp.MustCompile(`^[!-~][ -~]{0,98}$`), regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	for _, r := range e.requests {
		sum := 0
		for _, x := range r.entries() {
			if !subject.MatchString(x["Subject"].(string)) || !id.MatchString(x["Id"].(string)) {
				t.Errorf("subject %q, ID %q", x["Subject"], x["Id"])
			}
			sum += len(x["Message"].(string)) + len(x["Subject"].(string)) + len(fmt.Sprint(x["MessageAttributes"]))
		}
		if sum > 262_144 || len(r.entries()) > 10 {
			t.Errorf("a request of %d entries and %d bytes", len(r.entries()), sum)
		}
	}
}
