package sink

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// levelNames are the severities of Message.level, as OCSF spells them.
var levelNames = [...]string{1: "Informational", "Low", "Medium", "High", "Critical"}

// finding is a message as a finding in the AWS Security Finding Format, filed under an account in a region. All messages of an insight are the same
// finding; UpdatedAt tells the newer one, to the millisecond. Lengths are from "AWS Security Finding Format (ASFF) syntax" and its pages of
// attributes in the Security Hub user guide: Title 256, Description 1,024, Id and GeneratorId 512, recommendation 512, 50 product fields of 128 and
// 2,048, Api and ServiceName 128.
//
// An insight that is over stays ACTIVE: that it ended does not mean that somebody has looked. A retracted one, and a test, are ARCHIVED.
func finding(m *Message, account, region string) types.AwsSecurityFinding {
	i := m.Insight
	partition := trail.PartitionOf(region)
	level := types.SeverityLabel(strings.ToUpper(levelNames[m.level()]))
	kinds := []string{"Unusual Behaviors/User"}
	f := types.AwsSecurityFinding{
		SchemaVersion: aws.String("2018-10-08"),
		Id:            aws.String(findingID(m)),
		ProductArn:    aws.String("arn:" + partition + ":securityhub:" + region + ":" + account + ":product/" + account + "/default"),
		GeneratorId:   aws.String("trailgauge/" + i.Kind.String()),
		AwsAccountId:  &account, Types: kinds,
		CreatedAt: stamp(i.Detected.End), UpdatedAt: stamp(m.Told.Add(time.Duration(m.Order%1000) * time.Millisecond)),
		FirstObservedAt: stamp(i.Whole.Start), LastObservedAt: stamp(i.Whole.End),
		Title: filled(m.Title, 256), Description: filled(m.Summary, 1024),
		Severity:              &types.Severity{Label: level, Original: aws.String(string(fixed(i.Severity())))},
		FindingProviderFields: &types.FindingProviderFields{Severity: &types.FindingProviderSeverity{Label: level, Original: aws.String(string(fixed(i.Severity())))}, Types: kinds},
		ProductFields:         productFields(m),
		Resources:             resources(i, partition),
		RecordState:           types.RecordStateActive,
		Remediation:           &types.Remediation{Recommendation: &types.Recommendation{Text: filled("The arithmetic: "+m.Explain(), 512)}},
	}
	if m.calm() {
		f.RecordState = types.RecordStateArchived
	}
	if i.Name != "" && i.Source != "" {
		f.Action = &types.Action{ActionType: aws.String("AWS_API_CALL"), AwsApiCallAction: &types.AwsApiCallAction{
			Api: filled(i.Name, 128), ServiceName: filled(i.Source, 128), FirstSeen: stamp(i.Whole.Start), LastSeen: stamp(i.Whole.End),
		}}
	}
	return f
}

func findingID(m *Message) string { return "trailgauge/" + ascii(m.Insight.ID, 100) }

func productFields(m *Message) map[string]string {
	i := m.Insight
	out := map[string]string{}
	for name, value := range map[string]string{
		"message": m.ID, "phase": string(m.Phase), "insight": i.ID, "revision": strconv.Itoa(i.Revision), "status": string(i.State),
		"account": i.Account, "region": i.Region, "eventSource": i.Source, "eventName": i.Name, "errorCode": i.ErrorCode, "principal": i.Principal,
		"observed": strconv.FormatInt(i.Whole.Count, 10), "expected": string(fixed(i.Expected)), "score": string(fixed(i.Worst.Score)),
		"threshold": string(fixed(i.Threshold)), "model": i.Worst.Model, "incident": i.Incident,
		"techniques": strings.Join(insight.TechniqueIDs(*i), " "),
	} {
		if value = line(value, 2048); value != "" {
			out["trailgauge/"+name] = value
		}
	}
	return out
}

// resources names the account that the calls were counted in, and who made them, where it is one principal with an ARN.
func resources(i *insight.Insight, partition string) []types.Resource {
	at := func(r types.Resource) types.Resource {
		r.Partition = types.Partition(partition)
		if trail.IsRegion(i.Region) {
			r.Region = &i.Region
		}
		return r
	}
	out := []types.Resource{at(types.Resource{Type: aws.String("AwsAccount"), Id: filled("AWS::::Account:"+i.Account, 512)})}
	who, _ := trail.SplitVia(i.Principal)
	if strings.HasPrefix(who, "arn:") {
		is := "Other"
		switch kind, _ := trail.KindOf(who); kind {
		case "role":
			is = "AwsIamRole"
		case "user":
			is = "AwsIamUser"
		}
		out = append(out, at(types.Resource{Type: &is, Id: filled(who, 512)}))
	}
	return out
}

// stamp writes an instant as ASFF has them.
func stamp(t time.Time) *string { return aws.String(t.UTC().Format("2006-01-02T15:04:05.000Z")) }

// filled is a text of 1 to n bytes for a field that must not be blank.
func filled(s string, n int) *string {
	if s = plain(s); s == "" {
		s = "unknown"
	}
	return aws.String(shorten(s, n))
}

// sizeOf is about how many bytes a finding takes: texts and some for their names.
func sizeOf(f *types.AwsSecurityFinding) int {
	body, err := json.Marshal(f)
	if err != nil { // plain data
		panic("sink: encoding a finding: " + err.Error())
	}
	return len(body)
}
