package sink

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/insight"
)

// hubAnswers stands for STS and Security Hub of an organisation: 111122223333 calls, roles can be taken on, and failed are findings that fail.
func hubAnswers(failed func(r request, n int) string) func(request, int) (int, string) {
	return func(r request, n int) (int, string) {
		switch r.operation {
		case "GetCallerIdentity":
			return 200, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>999999999999</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
		case "AssumeRole":
			role := r.input["RoleArn"].(string)
			return 200, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>AK` + strings.Split(role, ":")[4] +
				`</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`
		}
		return 200, failed(r, n)
	}
}

func noneFailed(r request, _ int) string {
	return fmt.Sprintf(`{"FailedCount":0,"SuccessCount":%d,"FailedFindings":[]}`, len(r.entries()))
}

func TestSecurityHub(t *testing.T) {
	e := serve(t, hubAnswers(noneFailed))
	i := worked()
	i.Principal = "arn:aws:sts::111122223333:assumed-role/ci-deployer"
	list := []Message{about(i, Start), about(i, End)}
	list[1].Order = 1
	taken, _, left, waited, reason := sendAll(t, open(t, Config{Type: "securityhub", Region: "eu-central-1"}), list)
	if waited < 100*time.Millisecond { // 10 requests a second: "Guidelines for using the BatchImportFindings API"
		t.Errorf("two requests within %v", waited)
	}
	if len(taken) != 2 || left != 0 || reason != nil {
		t.Fatalf("%d taken, %d left, %v", len(taken), left, reason)
	}
	a, b := e.requests[1].entries()[0], e.requests[2].entries()[0]
	if a["Id"] != b["Id"] || a["CreatedAt"] != b["CreatedAt"] || a["UpdatedAt"].(string) >= b["UpdatedAt"].(string) || a["RecordState"] != "ACTIVE" {
		t.Errorf("start %v, end %v", a, b)
	}
	// Filed under the caller, who is not the member: the member is a resource.
	if a["AwsAccountId"] != "999999999999" || a["ProductArn"] != "arn:aws:securityhub:eu-central-1:999999999999:product/999999999999/default" {
		t.Errorf("filed under %v, %v", a["AwsAccountId"], a["ProductArn"])
	}
	want := `[map[Id:AWS::::Account:111122223333 Partition:aws Region:eu-central-1 Type:AwsAccount] map[Id:arn:aws:sts::111122223333:assumed-role/ci-deployer Partition:aws Region:eu-central-1 Type:AwsIamRole]]`
	if got := fmt.Sprint(a["Resources"]); got != want {
		t.Errorf("resources %s", got)
	}
}

// TestSecurityHubMembers files each account's findings under that account, with its role.
func TestSecurityHubMembers(t *testing.T) {
	e := serve(t, hubAnswers(noneFailed))
	list := messages(4)
	for k, account := range []string{"111111111111", "222222222222", "111111111111", "unknown"} {
		list[k].Insight.Account = account
	}
	c := Config{Type: "securityhub", Region: "cn-north-1", Role: "arn:aws-cn:iam::{account}:role/findings", ExternalID: "x1"}
	if taken, _, _, _, reason := sendAll(t, open(t, c), list); len(taken) != 4 {
		t.Fatalf("%d taken, %v", len(taken), reason)
	}
	got := map[string]int{}
	for _, r := range e.requests {
		for _, f := range r.entries() {
			account := f["AwsAccountId"].(string)
			got[account]++
			if f["ProductArn"] != "arn:aws-cn:securityhub:cn-north-1:"+account+":product/"+account+"/default" {
				t.Error(f["ProductArn"])
			}
			key := "AK" + account
			if account == "999999999999" { // an account that is none is filed under the caller's
				key = "AKIDEXAMPLE"
			}
			if !strings.Contains(r.header.Get("Authorization"), "Credential="+key+"/") {
				t.Errorf("account %s is filed with %s", account, r.header.Get("Authorization"))
			}
		}
		if r.operation == "AssumeRole" && r.input["ExternalId"] != "x1" {
			t.Errorf("assumed with %v", r.input)
		}
	}
	if fmt.Sprint(got) != "map[111111111111:2 222222222222:1 999999999999:1]" {
		t.Errorf("filed %v", got)
	}
}

func TestSecurityHubFailures(t *testing.T) {
	list := messages(105)
	failed := func(m Message, code string) string {
		return `{"Id":"trailgauge/` + m.Insight.ID + `","ErrorCode":"` + code + `","ErrorMessage":"because"}`
	}
	e := serve(t, hubAnswers(func(r request, n int) string {
		if n > 0 {
			return noneFailed(r, n)
		}
		return `{"FailedCount":2,"SuccessCount":98,"FailedFindings":[` + failed(list[3], "InvalidInput") + "," + failed(list[5], "InternalFailure") + `]}`
	}))
	taken, refused, left, _, reason := sendAll(t, open(t, Config{Type: "securityhub", Region: "eu-central-1"}), list)
	if len(taken) != 104 || reason == nil || left != 0 || !errors.Is(refused[list[3].ID], ErrRefused) {
		t.Errorf("%d taken, %v, %d left", len(taken), refused, left)
	}
	if again := e.requests[2].entries(); len(again) != 6 || again[0]["Id"] != "trailgauge/"+list[5].Insight.ID {
		t.Errorf("second request: %v", again)
	}
	serve(t, func(r request, n int) (int, string) {
		if r.operation == "BatchImportFindings" {
			return 401, `{"__type":"InvalidAccessException","message":"Account 1 is not subscribed to AWS Security Hub"}`
		}
		return hubAnswers(noneFailed)(r, n)
	})
	_, _, left, _, reason = sendAll(t, open(t, Config{Type: "securityhub", Region: "eu-central-1"}), list)
	var hint *HintError
	if left != 105 || !errors.As(reason, &hint) || !strings.Contains(hint.Hint, "turn Security Hub on") {
		t.Errorf("%d left, %v", left, reason)
	}
}

// TestFindingLengths: the lengths of "AWS Security Finding Format (ASFF)" in the Security Hub user guide, which the model does not have.
func TestFindingLengths(t *testing.T) {
	m := about(hostile(), Start)
	m.Title, m.Summary = strings.Repeat("é", 2000), strings.Repeat("long ", 2000)
	m.Lake = "s3://" + strings.Repeat("x", 1000)
	e := serve(t, hubAnswers(noneFailed))
	retracted, test := about(worked(), Retraction), TestMessage("x", "lake", time.Unix(0, 0))
	if taken, _, _, _, reason := sendAll(t, open(t, Config{Type: "securityhub", Region: "eu-central-1"}), []Message{m, retracted, test}); len(taken) != 3 {
		t.Fatal(reason)
	}
	list := e.requests[1].entries()
	for at, most := range map[string]int{"Title": 256, "Description": 1024, "Id": 512, "GeneratorId": 512, "AwsAccountId": 12} {
		if got := len(list[0][at].(string)); got > most || got == 0 {
			t.Errorf("%s has %d bytes", at, got)
		}
	}
	fields := list[0]["ProductFields"].(map[string]any)
	if len(fields) > 50 {
		t.Errorf("%d product fields", len(fields))
	}
	for k, v := range fields {
		if len(k) > 128 || len(v.(string)) > 2048 || strings.ContainsFunc(v.(string), func(r rune) bool { return r < ' ' || r == '\u202e' }) {
			t.Errorf("product field %s: %.100q", k, v)
		}
	}
	for _, r := range list[0]["Resources"].([]any) {
		if r := r.(map[string]any); len(r["Id"].(string)) > 512 || r["Region"] != nil {
			t.Errorf("resource %.100v", r)
		}
	}
	call := list[0]["Action"].(map[string]any)["AwsApiCallAction"].(map[string]any)
	if len(call["Api"].(string)) > 128 || len(call["ServiceName"].(string)) > 128 {
		t.Errorf("action %v", call)
	}
	if n := len(list[0]["Remediation"].(map[string]any)["Recommendation"].(map[string]any)["Text"].(string)); n > 512 {
		t.Errorf("recommendation of %d bytes", n)
	}
	for _, f := range list[1:] {
		if f["RecordState"] != "ARCHIVED" || f["Severity"].(map[string]any)["Label"] != "INFORMATIONAL" {
			t.Errorf("retracted or test: %v, %v", f["RecordState"], f["Severity"])
		}
	}
}

func TestSeverities(t *testing.T) {
	for severity, want := range map[float64]int{3: 2, 3.99: 2, 4: 3, 6: 4, 8.9: 4, 9: 5, 40: 5} {
		i := worked()
		i.Worst.Score = severity * 2.302585092994046
		if m := about(i, Start); m.level() != want {
			t.Errorf("severity %v is level %d, want %d", severity, m.level(), want)
		}
		i.State = insight.Retracted
		if m := about(i, Retraction); m.level() != 1 {
			t.Errorf("a retraction is level %d", m.level())
		}
	}
}
