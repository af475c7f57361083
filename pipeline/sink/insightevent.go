package sink

import (
	"bytes"
	"compress/gzip"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// File is one object to write: its key within the lake and its bytes.
type File struct {
	Key  string
	Body []byte
}

// Events returns an insight as CloudTrail Insights events: a Start record, and an End record once it is closed or retracted. Each record is
// a file of its own, so that no bytes depend on what else a run found. The shape is that of AWS's "CloudTrail record contents for Insights
// events for trails", member for member, with what is ours below insightDetails.extension alone.
//
// Record IDs are UUIDv5 over the insight's ID, the state and the revision. A revision above 1 is written as records of its own, which say in
// addendum which records they replace: those of the revision before, whether or not that one had an End yet. A retracted insight's records
// say so in the extension. Of kinds that CloudTrail Insights has no record for there is none: silences, novelties, sums over all that a
// principal calls.
func Events(i *insight.Insight) []File {
	if !i.Kind.IsAWS() || i.IsTotal() {
		return nil
	}
	files := []File{file(i, start(i))}
	if i.State != insight.Open {
		files = append(files, file(i, end(i)))
	}
	return files
}

// source names the detector where AWS has the trail's ARN. It is no ARN, so that nobody takes the event for AWS's own.
const source = "urn:trailgauge:detector"

type envelope struct {
	Records []event `json:"Records"`
}

type event struct {
	EventVersion       string    `json:"eventVersion"`
	EventTime          string    `json:"eventTime"`
	AWSRegion          string    `json:"awsRegion"`
	EventID            string    `json:"eventID"`
	EventType          string    `json:"eventType"`
	RecipientAccountID string    `json:"recipientAccountId"`
	Addendum           *addendum `json:"addendum,omitempty"`
	SharedEventID      string    `json:"sharedEventID"`
	InsightDetails     details   `json:"insightDetails"`
	EventCategory      string    `json:"eventCategory"`
}

type addendum struct {
	Reason          string `json:"reason"`
	OriginalEventID string `json:"originalEventID"`
}

type details struct {
	State               string         `json:"state"`
	EventSource         string         `json:"eventSource"`
	EventName           string         `json:"eventName"`
	InsightType         string         `json:"insightType"`
	ErrorCode           string         `json:"errorCode,omitempty"`
	SourceEventCategory string         `json:"sourceEventCategory"`
	InsightContext      insightContext `json:"insightContext"`
	InsightSource       string         `json:"insightSource"`
	Extension           extension      `json:"extension"`
}

type insightContext struct {
	Statistics   statistics    `json:"statistics"`
	Attributions []attribution `json:"attributions,omitempty"`
}

type statistics struct {
	Baseline         average `json:"baseline"`
	Insight          average `json:"insight"`
	InsightDuration  int     `json:"insightDuration"`
	BaselineDuration int     `json:"baselineDuration"`
}

type average struct {
	Average json.Number `json:"average"`
}

type attribution struct {
	Attribute string  `json:"attribute"`
	Insight   []share `json:"insight"`
	Baseline  []share `json:"baseline"`
}

type share struct {
	Value   string      `json:"value"`
	Average json.Number `json:"average"`
}

// extension is what AWS has no field for. Averages in it are per minute, as in AWS's part.
type extension struct {
	Principal    string        `json:"principal,omitempty"` // of an insight about one principal
	Parent       string        `json:"parentSharedEventID,omitempty"`
	Revision     int           `json:"revision"`
	Retracted    bool          `json:"retracted,omitempty"`
	Count        int64         `json:"count"`              // calls or errors in insightDuration
	Expected     json.Number   `json:"expected,omitempty"` // by the model, in insightDuration; End only
	Score        json.Number   `json:"score"`              // -ln(false insights per series-day this strong)
	Threshold    json.Number   `json:"threshold"`          // the score that was needed
	Window       int           `json:"windowMinutes"`      // the window that raised it: its length,
	WindowCount  int64         `json:"windowCount"`        // count,
	WindowMean   json.Number   `json:"windowExpected"`     // and expected count
	Model        string        `json:"model"`
	Attributions []attribution `json:"attributions,omitempty"` // by further attributes
}

func start(i *insight.Insight) event {
	return record(i, "Start", i.Detected.Start, i.Detected, i.Attributions, i.First)
}

func end(i *insight.Insight) event {
	attributions, _ := i.Attributed() // none of the whole where it was retracted while open
	e := record(i, "End", i.Whole.End, i.Whole, attributions, i.Worst)
	e.InsightDetails.Extension.Expected = fixed(i.Expected)
	return e
}

func record(i *insight.Insight, state string, at time.Time, span insight.Span, by []insight.Attribution, v insight.Verdict) event {
	minutes, before := span.Minutes(), i.Baseline.Minutes()
	aws, ours := attributions(i, by, span)
	e := event{
		EventVersion:       "1.09",
		EventTime:          at.UTC().Format("2006-01-02T15:04:00Z"),
		AWSRegion:          i.Region,
		EventID:            eventID(i.ID, state, i.Revision),
		EventType:          "AwsCloudTrailInsight",
		RecipientAccountID: i.Account,
		SharedEventID:      i.ID,
		EventCategory:      "Insight",
		InsightDetails: details{
			State: state, EventSource: i.Source, EventName: i.Name, InsightType: i.Kind.String(), ErrorCode: i.ErrorCode, SourceEventCategory: trail.Category(i.Data),
			InsightContext: insightContext{
				Statistics: statistics{
					Baseline: average{rate(i.Baseline.Count, before)}, Insight: average{rate(span.Count, minutes)},
					InsightDuration: minutes, BaselineDuration: before,
				},
				Attributions: aws,
			},
			InsightSource: source,
			Extension: extension{
				Principal: i.Principal, Parent: i.Parent, Revision: i.Revision, Retracted: i.State == insight.Retracted, Count: span.Count,
				Score: fixed(v.Score), Threshold: fixed(i.Threshold), Window: v.Window, WindowCount: v.Count, WindowMean: fixed(v.Mean),
				Model: v.Model, Attributions: ours,
			},
		},
	}
	if i.Revision > 1 {
		e.Addendum = &addendum{Reason: "UPDATED_DATA", OriginalEventID: eventID(i.ID, state, i.Revision-1)}
	}
	return e
}

// attributions divides what AWS knows from what is ours. An insight about one principal names it as the only caller, attributed or not.
func attributions(i *insight.Insight, list []insight.Attribution, span insight.Span) (aws, ours []attribution) {
	minutes, before := span.Minutes(), i.Baseline.Minutes()
	if i.Principal != "" {
		caller := insight.Attribution{Attribute: "userIdentityArn", Insight: []insight.Share{{Value: i.Principal, Count: span.Count}}}
		if i.Baseline.Count > 0 {
			caller.Baseline = []insight.Share{{Value: i.Principal, Count: i.Baseline.Count}}
		}
		list = append([]insight.Attribution{caller}, list...)
	}
	named := false // the caller is
	for _, a := range list {
		out := attribution{Attribute: a.Attribute, Insight: shares(a.Insight, minutes), Baseline: shares(a.Baseline, before)}
		switch a.Attribute {
		case "userIdentityArn":
			if !named {
				aws = append(aws, out)
			}
			named = true
		case "errorCode":
			if i.Kind == insight.CallRate {
				aws = append(aws, out)
			}
		case "userAgent":
			aws = append(aws, out)
		default:
			ours = append(ours, out)
		}
	}
	return aws, ours
}

func shares(list []insight.Share, minutes int) []share {
	out := make([]share, 0, len(list))
	for _, s := range list {
		out = append(out, share{Value: s.Value, Average: rate(s.Count, minutes)})
	}
	return out
}

// rate returns n per minute as AWS writes averages: rounded to 10 decimals, no exponent, no trailing zeros, and 0 for no minutes.
func rate(n int64, minutes int) json.Number {
	if minutes <= 0 {
		return "0"
	}
	return trim(big.NewRat(n, int64(minutes)).FloatString(10))
}

// fixed writes x with at most 4 decimals and no exponent; what is infinite or no number, as 0.
func fixed(x float64) json.Number {
	if x-x != 0 { // infinite or NaN
		return "0"
	}
	return trim(strconv.FormatFloat(x, 'f', 4, 64))
}

func trim(s string) json.Number {
	return json.Number(strings.TrimSuffix(strings.TrimRight(s, "0"), "."))
}

// eventID names one record: UUIDv5 within the insight's own ID.
func eventID(shared, state string, revision int) string {
	return uuid.NewSHA1(spaceOf(shared), []byte(state+" "+strconv.Itoa(revision))).String()
}

// spaceOf returns an insight's ID as a space of names.
func spaceOf(shared string) uuid.UUID {
	space, err := uuid.Parse(shared)
	if err != nil { // an ID of another making: still a name
		return uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:trailgauge:insight:"+shared))
	}
	return space
}

// file writes one record under AWS's layout, in a folder of our own.
func file(i *insight.Insight, e event) File {
	at, _ := time.Parse("2006-01-02T15:04:00Z", e.EventTime)
	id := uuid.MustParse(e.EventID)
	account, region := segment(i.Account), segment(i.Region)
	key := fmt.Sprintf("insight-events/AWSLogs/%s/CloudTrail-Insight/%s/%s/%s_CloudTrail-Insight_%s_%s_%s.json.gz", account, region,
		at.Format("2006/01/02"), account, region, at.Format("20060102T1504Z"), base32.StdEncoding.EncodeToString(id[:10]))
	return File{Key: key, Body: pack(envelope{Records: []event{e}})}
}

// segment makes a text of the trail a segment of a key.
func segment(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-':
			return r
		}
		return '_'
	}, s)
	if s == "" {
		return "unknown"
	}
	return s[:min(len(s), 64)]
}

// pack returns v as gzipped JSON, without a time stamp.
func pack(v any) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	j := json.NewEncoder(z)
	j.SetEscapeHTML(false)
	// Neither can fail: the values are plain data, and a buffer takes every byte.
	if err := j.Encode(v); err != nil {
		panic("sink: encoding an insight event: " + err.Error())
	}
	if err := z.Close(); err != nil {
		panic("sink: compressing an insight event: " + err.Error())
	}
	return b.Bytes()
}
