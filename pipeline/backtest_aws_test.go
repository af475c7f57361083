package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/sink"
)

// ownInsights reads CloudTrail's own insights. Most are made of the lake's by the sink, which writes AWS's shape.
func (m *decidedMonth) ownInsights(t *testing.T) {
	o := m.options(24*5, 0)
	o.Trail = folder(t)
	put := func(key string, body []byte) {
		if err := o.Trail.Put(t.Context(), key, body); err != nil {
			t.Fatal(err)
		}
	}
	folderOf := func(org string) string { return org + "AWSLogs/111122223333/CloudTrail-Insight/eu-central-1/" }
	want := map[string]bool{}
	objects := 0
	for k, i := range m.opened(o) {
		if i.Kind.IsAWS() && i.Principal == "" {
			want[i.ID] = true
			for n, f := range sink.Events(&i) {
				if n == 0 && k%2 == 0 && i.State == insight.Closed {
					continue // the End alone tells when it started, too
				}
				objects++
				put(strings.Replace(f.Key, "insight-events/", "some/prefix/", 1), f.Body)
			}
		}
	}
	at := o.From.Add(30 * time.Hour)
	record := func(id, state string, at time.Time) string {
		return fmt.Sprintf(`{"eventVersion":"1.09","eventTime":%q,"awsRegion":"eu-central-1","eventID":"e-%s-%s","eventType":"AwsCloudTrailInsight","recipientAccountId":"111122223333",`+
			`"sharedEventID":%q,"insightDetails":{"state":%q,"eventSource":"ec2.amazonaws.com","eventName":"RunInstances","insightType":"ApiCallRateInsight","insightContext":{"statistics":{"insightDuration":5}}},"eventCategory":"Insight"}`,
			at.Format(time.RFC3339), id, state, id, state)
	}
	name := func(at time.Time, n string) string {
		return at.Format("2006/01/02/") + "111122223333_CloudTrail-Insight_eu-central-1_" + at.Format("20060102T1504Z") + "_" + n + ".json.gz"
	}
	later := o.To.AddDate(0, 1, 0)
	put(folderOf("")+name(at, "a"), pack(`{"Records":[`+record("alone", "Start", at)+`,{"eventTime":7},3,`+record("alone", "End", at.Add(5*time.Minute))+`]}`))
	put(folderOf("")+name(at, "b"), pack(`{"Records":[`)) // cut
	put(folderOf("")+name(later, "c"), pack(`{"Records":[`+record("later", "Start", later)+`]}`))
	put(folderOf("")+name(at, "d"), pack(`{"Records":[`+record("before", "End", o.From)+`]}`))
	objects += 3
	b := m.backtest(t, o)
	if a := b.AWS; a.Objects != objects || a.Unreadable != 1 || a.Insights != len(want)+1 || a.Both != len(want) || len(a.OnlyAWS) != 1 || len(want) < 3 {
		t.Errorf("%d objects, %d unreadable, %d insights, %d found, only AWS's %+v; want %d, 1, %d, %d and the one made up",
			a.Objects, a.Unreadable, a.Insights, a.Both, a.OnlyAWS, objects, len(want)+1, len(want))
	}
	alone := report.AWSInsight{ID: "alone", Type: "ApiCallRateInsight", Account: "111122223333", Region: "eu-central-1", Source: "ec2.amazonaws.com",
		Name: "RunInstances", From: at, To: at.Add(5 * time.Minute)}
	if d := cmp.Diff([]report.AWSInsight{alone}, b.AWS.OnlyAWS); d != "" {
		t.Errorf("only AWS's: %s", d)
	}
	for _, i := range b.AWS.OnlyOurs {
		if want[i.ID] || !i.Kind.IsAWS() || i.IsTotal() {
			t.Errorf("only ours: %s %s", i.Kind, i.Name)
		}
	}
}
