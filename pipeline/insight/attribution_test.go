package insight

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/counts"
)

// memory is Events over a list of events of one API.
type memory struct {
	list    []Event
	queries []Query
}

func (m *memory) Each(_ context.Context, q []Query, fn func(int, *Event) error) error {
	m.queries = append(m.queries, q...)
	for k := range m.list {
		e := &m.list[k]
		for n, q := range q {
			in := e.Time >= q.From.UnixMilli() && e.Time < q.To.UnixMilli()
			if in && (q.Principal == "" || q.Principal == e.Principal) {
				if err := fn(n, e); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func at(day, hour, minute, second int) time.Time {
	return time.Date(2026, 3, day, hour, minute, second, 0, time.UTC)
}

func sample(kind Kind) *Insight {
	i := &Insight{ID: "0f6c1b7a-2f5c-5d0e-8a11-6a2f6a4f7c10", Revision: 1, State: Closed, Unit: Unit{Kind: kind, Series: counts.Series{
		Account: "111122223333", Region: "eu-central-1", Source: "ec2.amazonaws.com", Name: "RunInstances"}}}
	i.Baseline = Span{Start: at(4, 0, 0, 0), End: at(11, 9, 42, 0)}
	i.Detected = Span{Start: at(11, 9, 42, 0), End: at(11, 9, 47, 0)}
	i.Whole = Span{Start: at(11, 9, 42, 0), End: at(11, 9, 59, 0)}
	return i
}

func TestAttribute(t *testing.T) {
	m := &memory{}
	call := func(at time.Time, n int, principal, code string, read bool) {
		for k := range n {
			m.list = append(m.list, Event{Time: at.UnixMilli(), Principal: principal, ErrorCode: code, ReadOnly: read, UserAgent: "cli",
				EventID: fmt.Sprintf("%s-%s-%d", at.Format("021504"), principal, 9-k), Object: "o", Region: "eu-central-1", SourceIP: "198.51.100.7"})
		}
	}
	call(at(3, 23, 59, 59), 7, "ci", "", false) // before the baseline
	call(at(4, 0, 0, 0), 3, "ci", "", false)
	call(at(11, 9, 41, 59), 2, "anna|via=cloudformation.amazonaws.com", "Denied", false)
	call(at(11, 9, 42, 0), 4, "ci", "", false)
	call(at(11, 9, 43, 0), 4, "anna|via=cloudformation.amazonaws.com", "Denied", false)
	call(at(11, 9, 44, 0), 9, "reader", "Denied", true) // read calls are no part of a management call rate
	call(at(11, 9, 47, 0), 5, "ci", "", false)
	call(at(11, 9, 59, 0), 8, "late", "", false) // after the end

	calls, errs := sample(CallRate), sample(ErrorRate)
	errs.ErrorCode = "Denied"
	if err := Attribute(context.Background(), m, []*Insight{calls, errs}); err != nil {
		t.Fatal(err)
	}
	const anna = "anna|via=cloudformation.amazonaws.com"
	want := []Attribution{
		{"userIdentityArn", []Share{{anna, 4}, {"ci", 4}}, []Share{{"ci", 3}, {anna, 2}}},
		{"userAgent", []Share{{"cli", 8}}, []Share{{"cli", 5}}},
		{"errorCode", []Share{{"Denied", 4}, {"null", 4}}, []Share{{"null", 3}, {"Denied", 2}}},
		{"sourceIPAddress", []Share{{"198.51.100.7", 8}}, []Share{{"198.51.100.7", 5}}},
	}
	if d := cmp.Diff(want, calls.Attributions); d != "" {
		t.Errorf("call rate, detected:\n%s", d)
	}
	if d := cmp.Diff([]Share{{"ci", 9}, {anna, 4}}, calls.WholeAttributions[0].Insight); d != "" {
		t.Errorf("call rate, whole:\n%s", d)
	}
	want = []Attribution{
		{"userIdentityArn", []Share{{"reader", 9}, {anna, 4}}, []Share{{anna, 2}}},
		{"userAgent", []Share{{"cli", 13}}, []Share{{"cli", 2}}},
		{"sourceIPAddress", []Share{{"198.51.100.7", 13}}, []Share{{"198.51.100.7", 2}}},
	}
	if d := cmp.Diff(want, errs.Attributions); d != "" {
		t.Errorf("error rate:\n%s", d)
	}
	var ids []string
	for _, s := range calls.Samples {
		ids = append(ids, s.EventID)
	}
	if d := cmp.Diff([]string{"110942-ci-6", "110942-ci-7", "110942-ci-8", "110942-ci-9", "110943-" + anna + "-6"}, ids); d != "" {
		t.Errorf("samples are not the first by time and ID:\n%s", d)
	}

	m.queries = nil
	if err := Attribute(context.Background(), m, []*Insight{calls, errs}); err != nil || m.queries != nil {
		t.Errorf("what is there is read again: %v, %v", m.queries, err)
	}
}

func TestAttributeBoundsInventedValues(t *testing.T) {
	m := &memory{}
	for k := range maxDistinct + 500 {
		m.list = append(m.list, Event{Time: at(11, 9, 42, 0).UnixMilli(), UserAgent: fmt.Sprintf("%06d%s", k, strings.Repeat("é", 4000))})
	}
	for range 700 {
		m.list = append(m.list, Event{Time: at(11, 9, 43, 0).UnixMilli(), UserAgent: m.list[3].UserAgent})
	}
	i := sample(CallRate)
	if err := Attribute(context.Background(), m, []*Insight{i}); err != nil {
		t.Fatal(err)
	}
	got := i.Attributions[1].Insight
	if len(got) != 5 || got[0].Count != 701 || got[1] != (Share{OtherValues, 500}) || len(got[0].Value) > maxValue {
		t.Errorf("got %.200v", got)
	}
}

type broken struct{}

func (broken) Each(context.Context, []Query, func(int, *Event) error) error {
	return errors.New("gone")
}

func TestAttributeSaysWhatFailed(t *testing.T) {
	i := sample(CallRate)
	err := Attribute(context.Background(), broken{}, []*Insight{i})
	if err == nil || err.Error() != "attributing insights: gone" || i.Attributions != nil {
		t.Errorf("got %v and %v", err, i.Attributions)
	}
}
