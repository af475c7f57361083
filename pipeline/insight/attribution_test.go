package insight

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

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
		{Attribute: "userIdentityArn", Insight: []Share{{anna, 4}, {"ci", 4}}, Baseline: []Share{{"ci", 3}, {anna, 2}}},
		{Attribute: "userAgent", Insight: []Share{{"cli", 8}}, Baseline: []Share{{"cli", 5}}},
		{Attribute: "errorCode", Insight: []Share{{"Denied", 4}, {"null", 4}}, Baseline: []Share{{"null", 3}, {"Denied", 2}}},
		{Attribute: "sourceIPAddress", Insight: []Share{{"198.51.100.7", 8}}, Baseline: []Share{{"198.51.100.7", 5}}},
	}
	if d := cmp.Diff(want, calls.Attributions); d != "" {
		t.Errorf("call rate, detected:\n%s", d)
	}
	if d := cmp.Diff([]Share{{"ci", 9}, {anna, 4}}, calls.WholeAttributions[0].Insight); d != "" {
		t.Errorf("call rate, whole:\n%s", d)
	}
	want = []Attribution{
		{Attribute: "userIdentityArn", Insight: []Share{{"reader", 9}, {anna, 4}}, Baseline: []Share{{anna, 2}}},
		{Attribute: "userAgent", Insight: []Share{{"cli", 13}}, Baseline: []Share{{"cli", 2}}},
		{Attribute: "sourceIPAddress", Insight: []Share{{"198.51.100.7", 13}}, Baseline: []Share{{"198.51.100.7", 2}}},
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

// What an attacker invents cannot hide what matters, be it before or after, nor grow without bound; what is listed is counted exactly.
func TestAttributeBoundsInventedValues(t *testing.T) {
	invent := func(from, n int) (list []Event) {
		for k := range n {
			list = append(list, Event{Time: at(11, 9, 42, 0).UnixMilli(), Principal: "ci", EventID: fmt.Sprintf("%06d", from+k),
				UserAgent: fmt.Sprintf("%06d%s", from+k, strings.Repeat("é", 4000)), SourceIP: fmt.Sprint(from + k)})
		}
		return list
	}
	often := func(n int, agent string) (list []Event) {
		for range n {
			list = append(list, Event{Time: at(11, 9, 43, 0).UnixMilli(), Principal: "ci", UserAgent: agent, SourceIP: agent})
		}
		return list
	}
	before := Event{Time: at(5, 0, 0, 0).UnixMilli(), Principal: "ci", UserAgent: "curl"}
	const flood = 3 * maxDistinct
	total := int64(3*flood + 90 + 40)
	for name, m := range map[string]*memory{
		"last":   {list: slices.Concat(invent(0, 3*flood), often(90, "curl"), often(40, "wget"))},
		"first":  {list: slices.Concat(often(90, "curl"), often(40, "wget"), invent(0, 3*flood))},
		"amidst": {list: slices.Concat(invent(0, flood), often(90, "curl"), invent(flood, flood), often(40, "wget"), invent(2*flood, flood))},
	} {
		m.list = append(m.list, before)
		i := sample(CallRate)
		if err := Attribute(context.Background(), m, []*Insight{i}); err != nil {
			t.Fatal(err)
		}
		agents := i.Attributions[1]
		got := agents.Insight
		if len(got) < 2 || got[0] != (Share{"curl", 90}) || got[1] != (Share{"wget", 40}) {
			t.Errorf("%s: got %.200v", name, got)
		}
		sum := agents.InsightOther
		for _, s := range got {
			if sum += s.Count; len(s.Value) > maxValue {
				t.Errorf("%s: a value of %d bytes is kept", name, len(s.Value))
			}
		}
		if sum != total || len(got) > listLength {
			t.Errorf("%s: the shares add up to %d, want %d", name, sum, total)
		}
		if d := cmp.Diff([]Share{{"curl", 1}}, agents.Baseline); d != "" || agents.BaselineOther != 0 {
			t.Errorf("%s: the baseline:\n%s", name, d)
		}
		if d := cmp.Diff([]Share{{"ci", total}}, i.Attributions[0].Insight); d != "" || len(i.Samples) != sampleCount {
			t.Errorf("%s: what was not crowded was counted twice: %d samples\n%s", name, len(i.Samples), d)
		}
		if len(m.queries) != 2 {
			t.Errorf("%s: %d readings, want 2", name, len(m.queries))
		}
	}
}

// flood makes up as many events as one asks for, each with values of its own that are as long as a caller can make them.
type flood struct {
	n    int
	most uint64 // bytes of heap while they were read
}

func (f *flood) Each(_ context.Context, q []Query, fn func(int, *Event) error) error {
	for k := range f.n {
		when := at(5, 0, 0, 0)
		if k%2 > 0 {
			when = at(11, 9, 42, 0)
		}
		long := fmt.Sprintf("%d %s", k, strings.Repeat("x", 2000))
		e := Event{Time: when.UnixMilli(), UserAgent: long, Session: long[:64], Identity: long[:64], Resource: long, SourceIP: long[:40], AccessKeyID: long[:20]}
		for i := range q {
			if err := fn(i, &e); err != nil {
				return err
			}
		}
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	f.most = max(f.most, m.HeapAlloc)
	return nil
}

func TestAttributeBoundsMemory(t *testing.T) {
	list := make([]*Insight, 2*batch)
	for k := range list {
		list[k] = sample(CallRate)
	}
	few, many := &flood{n: 2 * maxDistinct}, &flood{n: 3 * maxDistinct}
	if err := errors.Join(Attribute(context.Background(), few, list[:batch]), Attribute(context.Background(), many, list[batch:])); err != nil {
		t.Fatal(err)
	}
	if most := max(few.most, many.most); most > 128<<20 || many.most > few.most*5/4 {
		t.Errorf("%d MiB of heap, and %d with more events and insights", few.most>>20, many.most>>20)
	}
	t.Logf("%d MiB and %d MiB", few.most>>20, many.most>>20)
}

// Whatever the values, those with more than a 301st of the calls are listed with their exact counts, and a list adds up.
func TestTallyIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)) // rapid's own slices are short
		var values []int
		for v := range rapid.IntRange(0, 4*maxDistinct).Draw(t, "values") {
			values = append(values, slices.Repeat([]int{v}, 1+r.IntN(3))...)
		}
		for _, common := range rapid.SliceOfN(rapid.IntRange(0, 40), 0, 7).Draw(t, "common") {
			values = append(values, slices.Repeat([]int{common}, 2*common)...)
		}
		r.Shuffle(len(values), func(i, k int) { values[i], values[k] = values[k], values[i] })
		var l tally
		want := map[string]int64{}
		for _, v := range values {
			l.add(fmt.Sprint(v))
			want[fmt.Sprint(v)]++
			if len(l.n) > maxDistinct {
				t.Fatalf("%d values are held", len(l.n))
			}
		}
		if l.choose() {
			for _, v := range values {
				l.add(fmt.Sprint(v))
			}
		}
		top, other := l.top()
		listed := map[string]bool{}
		least := int64(math.MaxInt64)
		for _, s := range top {
			if s.Count != want[s.Value] {
				t.Fatalf("%s: %d, want %d", s.Value, s.Count, want[s.Value])
			}
			other, least, listed[s.Value] = other+s.Count, min(least, s.Count), true
		}
		for v, n := range want {
			if n > int64(len(values)/(maxDistinct+1)) && !listed[v] && (len(top) < listLength || n > least) {
				t.Fatalf("%s with %d of %d calls is not among %v", v, n, len(values), top)
			}
		}
		if other != int64(len(values)) {
			t.Fatalf("the list adds up to %d of %d", other, len(values))
		}
	})
}

func TestAttributeOurs(t *testing.T) {
	m := &memory{list: []Event{
		{Time: at(11, 9, 42, 0).UnixMilli(), Session: "anna", Identity: "anna@example.com", Issuer: "arn:aws:iam::1:role/x/dev", MFA: "true", Resource: "roleName=admin"},
		{Time: at(11, 9, 43, 0).UnixMilli(), Session: "ben", MFA: "false", Resource: "arn:aws:s3:::b"},
		{Time: at(11, 9, 44, 0).UnixMilli(), Session: "ben", MFA: "false", Resource: "arn:aws:s3:::b"},
	}}
	i := sample(CallRate)
	if err := Attribute(context.Background(), m, []*Insight{i}); err != nil {
		t.Fatal(err)
	}
	want := []Attribution{
		{Attribute: "sessionName", Insight: []Share{{"ben", 2}, {"anna", 1}}, Baseline: []Share{}},
		{Attribute: "sourceIdentity", Insight: []Share{{"", 2}, {"anna@example.com", 1}}, Baseline: []Share{}},
		{Attribute: "sessionIssuer", Insight: []Share{{"", 2}, {"arn:aws:iam::1:role/x/dev", 1}}, Baseline: []Share{}},
		{Attribute: "mfaAuthenticated", Insight: []Share{{"false", 2}, {"true", 1}}, Baseline: []Share{}},
		{Attribute: "resource", Insight: []Share{{"arn:aws:s3:::b", 2}, {"roleName=admin", 1}}, Baseline: []Share{}},
	}
	if d := cmp.Diff(want, i.Attributions[AWSAttributes:]); d != "" {
		t.Error(d)
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
