package insight

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// Event is what attribution reads of one counted call.
type Event struct {
	Time      int64  // milliseconds since 1970 UTC
	ReadOnly  bool   // as counted: counts.Class.ReadOnly
	Principal string // trail.PrincipalOf, "|via=" included
	ErrorCode string // as counted: trail.ErrorOf; "" for a call that succeeded
	EventID   string
	Object    string // key of the trail object it came from
	Region    string

	UserAgent   string
	SourceIP    string
	AccessKeyID string
	Source      string // eventSource
	Name        string // eventName
	ARN         string // userIdentity.arn
	Session     string // the session name: what follows the role in an assumed role's ARN; "" when there is none
}

// Query selects the counted calls of one API in [From, To), or where IsTotal holds those of one principal to any API.
type Query struct {
	Account   string
	Region    string
	Source    string
	Name      string
	Principal string // "" for all
	Data      bool   // data events; management events otherwise
	From, To  time.Time
}

// IsTotal tells whether q selects all that a principal calls.
func (q *Query) IsTotal() bool {
	return counts.Series{Region: q.Region, Source: q.Source, Name: q.Name, Principal: q.Principal}.IsTotal()
}

// Events reads counted calls: those that trail.Counted, superseded ones left out.
type Events interface {
	// Each calls fn for every call that a query selects, with the query's index; one that several select, once for each. The
	// order must depend on the data alone. The event is valid until fn returns. An error of fn ends the reading and is returned.
	Each(ctx context.Context, q []Query, fn func(i int, e *Event) error) error
}

// Limits of attribution.
const (
	listLength  = 5      // as AWS: at most five values a list
	sampleCount = 5      // events pointed at
	maxDistinct = 10_000 // values of an attribute counted apart; those that appear later are counted together
	maxValue    = 1024   // bytes of a value that are kept; CloudTrail itself cuts a userAgent at 1 kB
	batch       = 100    // insights whose events are read in one pass: it bounds memory
)

// OtherValues stands for the values that appeared after 10,000 distinct ones; the counts of all others are exact.
const OtherValues = "(other values)"

// aspects are the attributes in the order they are reported: AWS's three, then ours.
var aspects = [...]struct {
	name string
	of   func(*Event) string
}{
	{"userIdentityArn", func(e *Event) string { return e.Principal }},
	{"userAgent", func(e *Event) string { return e.UserAgent }},
	{"errorCode", func(e *Event) string {
		if e.ErrorCode == "" {
			return "null"
		}
		return e.ErrorCode
	}},
	{"sourceIPAddress", func(e *Event) string { return e.SourceIP }},
	{"accessKeyId", func(e *Event) string { return e.AccessKeyID }},
	{"sessionName", func(e *Event) string { return e.Session }},
	{"awsRegion", func(e *Event) string { return e.Region }},
	{"api", func(e *Event) string { return e.Source + " " + e.Name }},
}

// AWSAttributes is how many of an insight's attributions, counted from the first, can be AWS's own: userIdentityArn, userAgent, errorCode.
const AWSAttributes = 3

// Attribute fills in what accounts for each insight's count: Attributions and Samples where there are none, and WholeAttributions of
// closed insights that have none. Exactly the calls that the insight counts are divided. It reads only what is missing; retracted insights are passed over.
func Attribute(ctx context.Context, ev Events, list []*Insight) error {
	var open []*Insight
	for _, i := range list {
		if i.Principal == "" && i.Name == "" { // an account
			i.Attributions, i.WholeAttributions = []Attribution{}, []Attribution{}
		}
		if i.State != Retracted && (i.Attributions == nil || i.State == Closed && i.WholeAttributions == nil) {
			open = append(open, i)
		}
	}
	for part := range slices.Chunk(open, batch) {
		if err := attribute(ctx, ev, part); err != nil {
			return fmt.Errorf("attributing insights: %w", err)
		}
	}
	return nil
}

func attribute(ctx context.Context, ev Events, list []*Insight) error {
	queries := make([]Query, len(list))
	shares := make([]division, len(list))
	for k, i := range list {
		to := i.Whole.End
		if i.Detected.End.After(to) {
			to = i.Detected.End
		}
		queries[k] = Query{Account: i.Account, Region: i.Region, Source: i.Source, Name: i.Name, Principal: i.Principal,
			Data: i.Data, From: i.Baseline.Start, To: to}
		shares[k].of = i
	}
	err := ev.Each(ctx, queries, func(k int, e *Event) error {
		shares[k].add(e)
		return nil
	})
	if err != nil {
		return err
	}
	for k, i := range list {
		d := &shares[k]
		if i.Attributions == nil {
			i.Attributions, i.Samples = d.list(detected), d.samples
		}
		if i.State == Closed && i.WholeAttributions == nil {
			i.WholeAttributions = d.list(whole)
		}
	}
	return nil
}

// The spans that calls are counted in.
const (
	usual = iota
	detected
	whole
	spans
)

// division counts the values of one insight's calls.
type division struct {
	of      *Insight
	values  [len(aspects)][spans]tally
	samples []Sample
}

func (d *division) add(e *Event) {
	i := d.of
	if !i.counts(e) {
		return
	}
	for s, span := range [spans]Span{usual: i.Baseline, detected: i.Detected, whole: i.Whole} {
		if e.Time < span.Start.UnixMilli() || e.Time >= span.End.UnixMilli() {
			continue
		}
		for a := range aspects {
			d.values[a][s].add(aspects[a].of(e))
		}
		if s == detected {
			d.sample(e)
		}
	}
}

// counts tells whether an event that the insight's query selects is one of what it counts. Of Novelty all calls are divided: which of them were the
// first is in NewAPIs.
func (i *Insight) counts(e *Event) bool {
	switch {
	case i.Kind == ErrorRate && i.IsTotal():
		return trail.FamilyOf(e.ErrorCode) == trail.AccessDenied
	case i.Kind == ErrorRate:
		return e.ErrorCode == i.ErrorCode
	case i.Kind == Novelty:
		return true
	}
	return i.Data || i.Reads || !e.ReadOnly
}

// sample keeps the first events by time and ID.
func (d *division) sample(e *Event) {
	s := Sample{EventID: strings.Clone(e.EventID), Time: time.UnixMilli(e.Time).UTC().Format(time.RFC3339), Object: strings.Clone(e.Object)}
	n, _ := slices.BinarySearchFunc(d.samples, s, func(a, b Sample) int {
		return strings.Compare(a.Time+a.EventID, b.Time+b.EventID)
	})
	if n < sampleCount {
		d.samples = slices.Insert(d.samples, n, s)
		d.samples = d.samples[:min(len(d.samples), sampleCount)]
	}
}

// list returns the attributions of one span and the baseline. errorCode is left out of error rates, as AWS does; one of ours where there is
// nothing to tell: no value at all, or the region or API of an insight that is about one.
func (d *division) list(span int) []Attribution {
	out := []Attribution{}
	for a := range aspects {
		name := aspects[a].name
		t := &d.values[a]
		if name == "errorCode" && d.of.Kind == ErrorRate && !d.of.IsTotal() || name == "awsRegion" && d.of.Region != "" || name == "api" && d.of.Name != "" {
			continue
		}
		if a >= AWSAttributes && t[span].empty() && t[usual].empty() {
			continue
		}
		out = append(out, Attribution{Attribute: name, Insight: t[span].top(), Baseline: t[usual].top()})
	}
	return out
}

// tally counts values. Values that an attacker invents can fill it, but not grow it without bound.
type tally struct {
	n     map[string]int64
	other int64
}

func (t *tally) add(v string) {
	v = shorten(v)
	if _, known := t.n[v]; !known {
		if len(t.n) >= maxDistinct {
			t.other++
			return
		}
		if t.n == nil {
			t.n = map[string]int64{}
		}
		v = strings.Clone(v)
	}
	t.n[v]++
}

// shorten cuts a value to maxValue bytes, at a character.
func shorten(v string) string {
	if len(v) <= maxValue {
		return v
	}
	return strings.ToValidUTF8(v[:maxValue], "")
}

// empty tells whether no value but "" was counted.
func (t *tally) empty() bool { return t.other == 0 && (len(t.n) == 0 || len(t.n) == 1 && t.n[""] > 0) }

// top returns the largest shares, by count and then value.
func (t *tally) top() []Share {
	out := []Share{}
	for v, n := range t.n {
		out = append(out, Share{Value: v, Count: n})
	}
	if t.other > 0 {
		out = append(out, Share{Value: OtherValues, Count: t.other})
	}
	slices.SortFunc(out, func(a, b Share) int {
		switch {
		case a.Count > b.Count:
			return -1
		case a.Count < b.Count:
			return 1
		}
		return strings.Compare(a.Value, b.Value)
	})
	return slices.Clone(out[:min(len(out), listLength)])
}
