package insight

import (
	"cmp"
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
	Session     string // the session name: what follows an assumed role's name, or the role's ID where its ARN is not known; "" when there is none
	Issuer      string // sessionContext.sessionIssuer.arn: the role or user that temporary credentials are of
	Identity    string // sessionContext.sourceIdentity: who a role was assumed by, where that is enforced
	MFA         string // sessionContext.attributes.mfaAuthenticated: "true", "false", or "" of calls without a session
	Resource    string // what was called upon: an ARN, or a parameter of the request as "roleName=admin"; "" when neither is known
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

// Limits of attribution. What is held at a time is at most 50 insights x 3 spans x 300 values of 12 attributes, of which some can be a kilobyte long.
const (
	listLength  = 5    // as AWS: at most five values a list
	sampleCount = 5    // events pointed at
	maxDistinct = 300  // values of an attribute held at a time, see tally
	maxValue    = 1024 // bytes of a userAgent that are kept, which is where CloudTrail itself cuts it
	maxOther    = 300  // bytes of any other value
	batch       = 50   // insights whose events are read in one pass
)

// aspects are the attributes in the order they are reported: AWS's three, then ours.
var aspects = [...]struct {
	name string
	most int // bytes of a value that are kept
	of   func(*Event) string
}{
	{"userIdentityArn", maxValue, func(e *Event) string { return e.Principal }},
	{"userAgent", maxValue, func(e *Event) string { return e.UserAgent }},
	{"errorCode", maxValue, func(e *Event) string {
		if e.ErrorCode == "" {
			return "null"
		}
		return e.ErrorCode
	}},
	{"sourceIPAddress", maxOther, func(e *Event) string { return e.SourceIP }},
	{"accessKeyId", maxOther, func(e *Event) string { return e.AccessKeyID }},
	{"sessionName", maxOther, func(e *Event) string { return e.Session }},
	{"sourceIdentity", maxOther, func(e *Event) string { return e.Identity }},
	{"sessionIssuer", maxOther, func(e *Event) string { return e.Issuer }},
	{"mfaAuthenticated", maxOther, func(e *Event) string { return e.MFA }},
	{"resource", maxOther, func(e *Event) string { return e.Resource }},
	{"awsRegion", maxOther, func(e *Event) string { return e.Region }},
	{"api", maxOther, func(e *Event) string { return e.Source + " " + e.Name }},
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
	if err := read(ctx, ev, queries, shares); err != nil {
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

// read counts the values of each query's calls, and those that were too many to be held all at once again: by then it is known which matter.
func read(ctx context.Context, ev Events, queries []Query, shares []division) error {
	once := func(queries []Query, shares []*division) error {
		return ev.Each(ctx, queries, func(k int, e *Event) error {
			shares[k].add(e)
			return nil
		})
	}
	all := make([]*division, len(shares))
	for k := range shares {
		all[k] = &shares[k]
	}
	if err := once(queries, all); err != nil {
		return err
	}
	var more []Query
	var crowded []*division
	for k, d := range all {
		if d.again() {
			more, crowded = append(more, queries[k]), append(crowded, d)
		}
	}
	if more == nil {
		return nil
	}
	return once(more, crowded)
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
	second  bool // the calls are read once more, for the values of crowded tallies alone
}

func (d *division) add(e *Event) {
	i := d.of
	if !i.counts(e) {
		return
	}
	var in [spans]bool
	for s, span := range [spans]Span{usual: i.Baseline, detected: i.Detected, whole: i.Whole} {
		in[s] = e.Time >= span.Start.UnixMilli() && e.Time < span.End.UnixMilli()
	}
	for a := range aspects {
		v := shorten(aspects[a].of(e), aspects[a].most)
		for s := range in {
			if t := &d.values[a][s]; in[s] && d.second == t.chosen {
				t.add(v)
			}
		}
	}
	if in[detected] && !d.second {
		d.sample(e)
	}
}

// again prepares a second reading and tells whether one is needed.
func (d *division) again() bool {
	for a := range d.values {
		for s := range d.values[a] {
			d.second = d.values[a][s].choose() || d.second
		}
	}
	return d.second
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
		at := Attribution{Attribute: name}
		at.Insight, at.InsightOther = t[span].top()
		at.Baseline, at.BaselineOther = t[usual].top()
		out = append(out, at)
	}
	return out
}

// tally counts values, however many an attacker invents. It holds 300: where there are more, one of each is dropped for every further one
// (Misra and Gries, "Finding repeated elements", 1982). What is left has every value with more than a 301st of the calls, and a second reading
// counts it exactly.
type tally struct {
	n       map[string]int64
	calls   int64
	dropped bool
	chosen  bool // the values are those of a first reading: no others are counted apart
}

func (t *tally) add(v string) {
	t.calls++
	if _, known := t.n[v]; !known {
		switch {
		case t.chosen:
			return
		case len(t.n) == maxDistinct:
			t.drop()
			return
		case t.n == nil:
			t.n = map[string]int64{}
		}
		v = strings.Clone(v)
	}
	t.n[v]++
}

func (t *tally) drop() {
	t.dropped = true
	for v := range t.n {
		if t.n[v]--; t.n[v] == 0 {
			delete(t.n, v)
		}
	}
}

// choose makes a tally that dropped some of its values ready to count what is left once more.
func (t *tally) choose() bool {
	if !t.dropped {
		return false
	}
	t.chosen, t.calls = true, 0
	for v := range t.n {
		t.n[v] = 0
	}
	return true
}

// shorten cuts a value to so many bytes, at a character.
func shorten(v string, most int) string {
	if len(v) <= most {
		return v
	}
	return strings.ToValidUTF8(v[:most], "")
}

// empty tells whether no value but "" was counted.
func (t *tally) empty() bool { return t.n[""] == t.calls }

// top returns the largest shares, by count and then value, and how many calls have other values.
func (t *tally) top() (out []Share, other int64) {
	out = []Share{}
	for v, n := range t.n {
		out = append(out, Share{Value: v, Count: n})
	}
	slices.SortFunc(out, func(a, b Share) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value)) })
	out = slices.Clone(out[:min(len(out), listLength)])
	for other = t.calls; len(out) > 0 && out[len(out)-1].Count == 0; {
		out = out[:len(out)-1]
	}
	for _, s := range out {
		other -= s.Count
	}
	return out, other
}
