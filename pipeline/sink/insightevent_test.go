package sink

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
)

// AWS's shape, from its documentation alone: every member it names, none else but extension. Pointers are what must be there.
type awsRecord struct {
	EventVersion, EventTime, AwsRegion, EventID, EventType, RecipientAccountId, SharedEventID, EventCategory *string
	Addendum                                                                                                 *struct{ Reason, OriginalEventID string }
	InsightDetails                                                                                           *struct {
		State, EventSource, EventName, InsightType string
		ErrorCode, SourceEventCategory             *string
		InsightContext                             struct {
			Statistics struct {
				Baseline, Insight                 awsAverage
				InsightDuration, BaselineDuration int
			}
			Attributions []struct {
				Attribute         string
				Insight, Baseline []struct {
					Value   string
					Average json.Number
				}
			}
		}
		InsightSource string
		Extension     json.RawMessage
	}
}

type awsAverage struct{ Average json.Number }

var number = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]{0,9}[1-9])?$`)

// parse reads one file as a strict reader of AWS's records would.
func parse(t *testing.T, f File) (awsRecord, string) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(f.Body))
	if err != nil {
		t.Fatal(err)
	}
	if !z.ModTime.IsZero() || z.Name != "" {
		t.Errorf("gzip header has a time or a name: %v", z.Header)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	d.UseNumber()
	var file struct{ Records []awsRecord }
	if err := d.Decode(&file); err != nil || len(file.Records) != 1 {
		t.Fatalf("%d records, %v: %s", len(file.Records), err, body)
	}
	r := file.Records[0]
	for name, s := range map[string]*string{"eventVersion": r.EventVersion, "eventTime": r.EventTime, "awsRegion": r.AwsRegion, "eventID": r.EventID,
		"eventType": r.EventType, "recipientAccountId": r.RecipientAccountId, "sharedEventID": r.SharedEventID, "eventCategory": r.EventCategory} {
		if s == nil {
			t.Errorf("no %s", name)
		}
	}
	if _, err := time.Parse("2006-01-02T15:04:00Z", *r.EventTime); err != nil {
		t.Error(err)
	}
	s := r.InsightDetails.InsightContext.Statistics
	numbers := []json.Number{s.Baseline.Average, s.Insight.Average}
	for _, a := range r.InsightDetails.InsightContext.Attributions {
		switch a.Attribute {
		case "userIdentityArn", "userAgent", "errorCode":
		default:
			t.Errorf("attribute %q is none of AWS's", a.Attribute)
		}
		if len(a.Insight) > 5 || len(a.Baseline) > 5 || a.Insight == nil || a.Baseline == nil {
			t.Errorf("attribution of %d and %d values", len(a.Insight), len(a.Baseline))
		}
		for _, v := range append(a.Insight, a.Baseline...) {
			numbers = append(numbers, v.Average)
		}
	}
	for _, n := range numbers {
		if !number.MatchString(string(n)) {
			t.Errorf("average %q", n)
		}
	}
	return r, string(body)
}

// worked is the example of the reference, section 1.3, from its counts: 213 calls in the week before, 210 in five minutes, 561 in 17.
func worked() *insight.Insight {
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 3, day, hour, minute, 0, 0, time.UTC) }
	const ci, anna = "arn:aws:sts::111122223333:assumed-role/ci-deployer", "arn:aws:iam::111122223333:user/ops-anna"
	usual := func(v string) []insight.Share { return []insight.Share{{Value: v, Count: 213}} }
	i := &insight.Insight{
		ID: "0f6c1b7a-2f5c-5d0e-8a11-6a2f6a4f7c10", Revision: 1, State: insight.Closed,
		Unit:     insight.Unit{Series: counts.Series{Account: "111122223333", Region: "eu-central-1", Source: "ec2.amazonaws.com", Name: "RunInstances"}},
		Detected: insight.Span{Start: at(11, 9, 42), End: at(11, 9, 47), Count: 210},
		Whole:    insight.Span{Start: at(11, 9, 42), End: at(11, 9, 59), Count: 561},
		Baseline: insight.Span{Start: at(4, 0, 0), End: at(11, 9, 42), Count: 213},
		Expected: .34, Threshold: 9.2, First: insight.Verdict{Score: 31.25, Window: 5, Count: 210, Mean: .1, Model: "nb", Size: math.Inf(1)},
		Attributions: []insight.Attribution{
			{Attribute: "userIdentityArn", Insight: []insight.Share{{Value: ci, Count: 207}, {Value: anna, Count: 3}}, Baseline: usual(ci)},
			{Attribute: "userAgent", Insight: []insight.Share{{Value: "aws-sdk-go-v2/1.30.3", Count: 210}}, Baseline: usual("aws-sdk-go-v2/1.30.3")},
			{Attribute: "errorCode", Insight: []insight.Share{{Value: "null", Count: 195}, {Value: "Client.InstanceLimitExceeded", Count: 15}}, Baseline: usual("null")},
			{Attribute: "sourceIPAddress", Insight: []insight.Share{{Value: "198.51.100.7", Count: 210}}},
		},
		WholeAttributions: []insight.Attribution{{Attribute: "userIdentityArn", Insight: []insight.Share{{Value: ci, Count: 561}}, Baseline: usual(ci)}},
	}
	i.Worst = i.First
	return i
}

func TestWorkedExample(t *testing.T) {
	files := Events(worked())
	if len(files) != 2 {
		t.Fatalf("%d files, want Start and End", len(files))
	}
	// The reference's text, member for member; eventID, insightSource and extension are ours.
	const head = `{"Records":[{"eventVersion":"1.09","eventTime":"2026-03-11T09:42:00Z","awsRegion":"eu-central-1","eventID":"ID",` +
		`"eventType":"AwsCloudTrailInsight","recipientAccountId":"111122223333","sharedEventID":"0f6c1b7a-2f5c-5d0e-8a11-6a2f6a4f7c10",` +
		`"insightDetails":{"state":"Start","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","insightType":"ApiCallRateInsight",` +
		`"sourceEventCategory":"Management","insightContext":{"statistics":{"baseline":{"average":0.0199774902},"insight":{"average":42},` +
		`"insightDuration":5,"baselineDuration":10662},"attributions":[` +
		`{"attribute":"userIdentityArn","insight":[{"value":"arn:aws:sts::111122223333:assumed-role/ci-deployer","average":41.4},` +
		`{"value":"arn:aws:iam::111122223333:user/ops-anna","average":0.6}],` +
		`"baseline":[{"value":"arn:aws:sts::111122223333:assumed-role/ci-deployer","average":0.0199774902}]},` +
		`{"attribute":"userAgent","insight":[{"value":"aws-sdk-go-v2/1.30.3","average":42}],"baseline":[{"value":"aws-sdk-go-v2/1.30.3","average":0.0199774902}]},` +
		`{"attribute":"errorCode","insight":[{"value":"null","average":39},{"value":"Client.InstanceLimitExceeded","average":3}],` +
		`"baseline":[{"value":"null","average":0.0199774902}]}]}`
	r, body := parse(t, files[0])
	got, _, _ := strings.Cut(strings.Replace(body, *r.EventID, "ID", 1), `,"insightSource"`)
	if d := cmp.Diff(head, got); d != "" {
		t.Errorf("Start:\n%s", d)
	}
	if !strings.HasSuffix(body, `},"eventCategory":"Insight"}]}`+"\n") {
		t.Errorf("eventCategory is not last: %s", body)
	}
	e, body := parse(t, files[1])
	const statistics = `"statistics":{"baseline":{"average":0.0199774902},"insight":{"average":33},"insightDuration":17,"baselineDuration":10662},` +
		`"attributions":[{"attribute":"userIdentityArn","insight":[{"value":"arn:aws:sts::111122223333:assumed-role/ci-deployer","average":33}],` +
		`"baseline":[{"value":"arn:aws:sts::111122223333:assumed-role/ci-deployer","average":0.0199774902}]}]}`
	if *e.EventTime != "2026-03-11T09:59:00Z" || e.InsightDetails.State != "End" || !strings.Contains(body, statistics) {
		t.Errorf("End: %s", body)
	}
	if *e.EventID == *r.EventID || *e.SharedEventID != *r.SharedEventID || strings.HasPrefix(e.InsightDetails.InsightSource, "arn:") {
		t.Errorf("IDs or source: %s", body)
	}
}

func TestErrorRateAndPrincipal(t *testing.T) {
	i := worked()
	i.State, i.Kind, i.ErrorCode, i.Data, i.Principal = insight.Open, insight.ErrorRate, "AccessDenied", true, "arn:aws:iam::111122223333:user/ops-anna|via=x"
	i.Baseline.Count = 0
	files := Events(i)
	if len(files) != 1 {
		t.Fatalf("%d files for an open insight", len(files))
	}
	r, body := parse(t, files[0])
	d := r.InsightDetails
	if d.InsightType != "ApiErrorRateInsight" || *d.ErrorCode != "AccessDenied" || *d.SourceEventCategory != "Data" {
		t.Errorf("details: %s", body)
	}
	if strings.Contains(body, `"attribute":"errorCode"`) {
		t.Error("an error rate has an errorCode attribution")
	}
	want := `{"attribute":"userIdentityArn","insight":[{"value":"arn:aws:iam::111122223333:user/ops-anna|via=x","average":42}],"baseline":[]}`
	if !strings.Contains(body, want) || !strings.Contains(body, `"extension":{"principal":"arn:aws:iam::111122223333:user/ops-anna|via=x"`) {
		t.Errorf("principal: %s", body)
	}
}

func TestRevisions(t *testing.T) {
	first, second := worked(), worked()
	second.Revision, second.State = 2, insight.Retracted
	was, now := Events(first), Events(second)
	for k := range was {
		a, _ := parse(t, was[k])
		b, body := parse(t, now[k])
		if b.Addendum == nil || b.Addendum.Reason != "UPDATED_DATA" || b.Addendum.OriginalEventID != *a.EventID || a.Addendum != nil {
			t.Errorf("addendum of %s", body)
		}
		if !strings.Contains(body, `"retracted":true`) || was[k].Key == now[k].Key {
			t.Errorf("%s: %s", now[k].Key, body)
		}
	}
}

func TestKeysAreSafeAndBytesRepeat(t *testing.T) {
	i := worked()
	key := regexp.MustCompile(`^insight-events/AWSLogs/([\w-]+)/CloudTrail-Insight/([\w-]+)/2026/03/11/([\w-]+)_CloudTrail-Insight_([\w-]+)_20260311T0942Z_[A-Z2-7]{16}\.json\.gz$`)
	if k := Events(i)[0].Key; !strings.HasPrefix(k, "insight-events/AWSLogs/111122223333/CloudTrail-Insight/eu-central-1/2026/03/11/111122223333_CloudTrail-Insight_eu-central-1_20260311T0942Z_") {
		t.Error(k)
	}
	for _, hostile := range []string{"", "..", "../../etc", "a/b", "\x00\n", "\u202egnp", strings.Repeat("x", 5000), "\xff"} {
		i.Account, i.Region = hostile, hostile
		files := Events(i)
		if !key.MatchString(files[0].Key) || len(files[0].Key) > 500 {
			t.Errorf("%.20q gives key %q", hostile, files[0].Key)
		}
		parse(t, files[0])
		if d := cmp.Diff(files, Events(i)); d != "" {
			t.Error(d)
		}
	}
}

func TestRate(t *testing.T) {
	for _, c := range []struct {
		n       int64
		minutes int
		want    json.Number
	}{ // the first ones are from real records
		{1, 11336, "0.0000882145"}, {23, 10542, "0.0021817492"}, {4, 3, "1.3333333333"}, {1652026, 10723, "154.063788119"},
		{432526, 121, "3574.5950413223"}, {6, 1, "6"}, {0, 10080, "0"}, {100, 10, "10"}, {1 << 62, 1, "4611686018427387904"}, {5, 0, "0"},
	} {
		if got := rate(c.n, c.minutes); got != c.want {
			t.Errorf("%d in %d minutes: %s, want %s", c.n, c.minutes, got, c.want)
		}
	}
}
