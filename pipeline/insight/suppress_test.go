package insight

import (
	"errors"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/counts"
)

func valid(r Rule) Rule {
	r.Owner, r.Reason = "anna", "nightly job"
	if r.Expires == "" {
		r.Expires = Never
	}
	return r
}

const ciRole = "arn:aws:iam::111122223333:assumed-role/ci"

// users is an insight about CreateUser calls by the role ci: 40 in half an hour on 2026-10-31.
func users() Insight {
	start := time.Date(2026, 10, 31, 23, 30, 0, 0, time.UTC)
	i := Insight{ID: "i", State: Closed, Extent: 40, First: Verdict{Mean: .1, Count: 40}}
	i.Unit = Unit{Series: counts.Series{Account: "111122223333", Region: "us-east-1", Source: "iam.amazonaws.com", Name: "CreateUser", Principal: ciRole}}
	i.Detected = Span{Start: start, End: start.Add(30 * time.Minute), Count: 40}
	i.Whole = i.Detected
	return i
}

func TestRules(t *testing.T) {
	api := func(kind Kind, mean float64, shares ...Share) func(*Insight) {
		return func(i *Insight) {
			i.Principal, i.Kind, i.First.Mean = "", kind, mean
			i.Attributions = []Attribution{{Attribute: "userAgent", Insight: []Share{{ciRole, 40}}}, {Attribute: "userIdentityArn", Insight: shares}}
		}
	}
	ci := valid(Rule{Principal: "*role/ci"})
	anna := "arn:aws:iam::111122223333:user/anna"
	for _, c := range []struct {
		name   string
		rule   Rule
		change func(*Insight)
		want   bool
	}{
		{"API with its source", Rule{API: "iam.amazonaws.com:Create*"}, nil, true},
		{"name alone", Rule{API: "CreateUser"}, nil, true},
		{"another source", Rule{API: "ec2.amazonaws.com:Create*"}, nil, false},
		{"letter case", Rule{API: "createuser"}, nil, false},
		{"principal", Rule{Principal: "arn:*:assumed-role/c?"}, nil, true},
		{"another principal", Rule{Principal: "arn:*:user/*"}, nil, false},
		{"account", Rule{Account: "1111*"}, nil, true},
		{"another account", Rule{Account: "2*"}, nil, false},
		{"region", Rule{Region: "us-*"}, nil, true},
		{"another region", Rule{Region: "eu-*"}, nil, false},
		{"kind", Rule{Kind: "ApiCallRateInsight"}, nil, true},
		{"another kind", Rule{Kind: "ApiErrorRateInsight"}, nil, false},
		{"all of them", Rule{API: "Create*", Principal: "*ci", Account: "1*", Region: "us*", Kind: "ApiCallRateInsight"}, nil, true},
		{"all of them but one", Rule{API: "Create*", Principal: "*ci", Account: "1*", Region: "eu*", Kind: "ApiCallRateInsight"}, nil, false},
		{"all that a principal calls has no API", Rule{API: "Create*"}, func(i *Insight) { i.Source, i.Name, i.Region = "", "", "" }, false},

		{"on its last day", Rule{API: "*", Expires: "2026-10-31"}, nil, true},
		{"the day after", Rule{API: "*", Expires: "2026-10-30"}, nil, false},
		{"begun on its last day, going on", Rule{API: "*", Expires: "2026-10-31"}, func(i *Insight) { i.Whole.End = i.Whole.End.Add(48 * time.Hour) }, true},
		{"up to the ceiling", Rule{API: "*", Ceiling: new(int64(40))}, nil, true},
		{"above", Rule{API: "*", Ceiling: new(int64(39))}, nil, false},
		{"what is usual after it does not count", Rule{API: "*", Ceiling: new(int64(40))}, func(i *Insight) { i.Whole.Count = 60 }, true},

		{"an API because of the principal alone", ci, api(CallRate, .1, Share{ciRole, 40}), true},
		{"and of nothing else that would be worth an insight", ci, api(CallRate, .1, Share{ciRole, 31}, Share{anna, 9}), true},
		{"and of another", ci, api(CallRate, .1, Share{ciRole, 29}, Share{anna, 11}), false},
		{"others' usual calls", ci, api(CallRate, 9, Share{ciRole, 23}, Share{anna, 17}), true},
		{"errors need fewer", ci, api(ErrorRate, .1, Share{ciRole, 34}, Share{anna, 6}), false},
		{"an API that the principal did not call", ci, api(CallRate, 30, Share{anna, 40}), false},
		{"callers that are not known", ci, api(CallRate, .1), false},
		{"not even to a wider pattern", valid(Rule{Principal: "?*"}), api(CallRate, .1), false},
		{"any principal", valid(Rule{Principal: "*"}), api(CallRate, .1, Share{anna, 40}), true},
		{"silence is nobody's", ci, api(Silence, .1, Share{ciRole, 40}), false},
	} {
		i := users()
		if c.change != nil {
			c.change(&i)
		}
		r, err := ParseRules([]Rule{valid(Rule{Name: "other", Account: "none"}), valid(c.rule)})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := r.Of(&i); (got != "") != c.want || got == "other" {
			t.Errorf("%s: suppressed by %q", c.name, got)
		}
	}
	r, err := ParseRules([]Rule{valid(Rule{API: "Create*", Region: "us-*", Ceiling: new(int64(10))}), valid(Rule{Name: "wide", API: "*"}), valid(Rule{API: "CreateU*"})})
	if err != nil {
		t.Fatal(err)
	}
	i := users()
	if got := r.Of(&i); got != "wide" { // the first one's ceiling does not hold the second
		t.Errorf("suppressed by %q", got)
	}
	if i.Extent = 3; r.Of(&i) != "Create* us-*" {
		t.Errorf("suppressed by %q", r.Of(&i))
	}
	if (&Rules{}).Of(&i) != "" {
		t.Error("suppressed without a rule")
	}
}

// The job's own reading and writing is not told up to the ceiling; what it deletes, its errors, and whatever else somebody does as it are.
func TestOwnCalls(t *testing.T) {
	r, err := ParseRules([]Rule{OwnRule("*role/ci", 40)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		source, name string
		change       func(*Insight)
		want         bool
	}{
		{"s3.amazonaws.com", "GetObject", nil, true},
		{"s3.amazonaws.com", "ListObjects", nil, true},
		{"kms.amazonaws.com", "GenerateDataKey", nil, true},
		{"s3.amazonaws.com", "GetObject", func(i *Insight) { i.Extent = 41 }, false},
		{"s3.amazonaws.com", "GetObject", func(i *Insight) { i.Kind, i.ErrorCode = ErrorRate, "AccessDenied" }, false},
		{"s3.amazonaws.com", "GetObject", func(i *Insight) { i.Principal = "arn:aws:iam::111122223333:user/anna" }, false},
		{"s3.amazonaws.com", "GetObject", func(i *Insight) {
			i.Principal, i.Attributions = "", []Attribution{{Attribute: "userIdentityArn", Insight: []Share{{ciRole, 40}}}}
		}, true},
		{"s3.amazonaws.com", "GetObject", func(i *Insight) { i.Principal = "" }, false}, // it is not known who
		{"s3.amazonaws.com", "DeleteObjects", nil, false},
		{"s3.amazonaws.com", "GetObjectAcl", nil, false},
		{"iam.amazonaws.com", "CreateUser", nil, false},
		{"", "", nil, false},
	} {
		i := users()
		i.Source, i.Name, i.Data = c.source, c.name, true
		if c.change != nil {
			c.change(&i)
		}
		if got := r.Of(&i) != ""; got != c.want {
			t.Errorf("%s %s by %q, %s, %d: suppressed %v", c.source, c.name, i.Principal, i.Kind, i.Extent, got)
		}
	}
}

func TestRulesThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		change      func(*Rule)
		field, want string
	}{
		{func(r *Rule) { r.API = "" }, "", "suppress everything"},
		{func(r *Rule) { r.API = "[a" }, "api", "ends within a class"},
		{func(r *Rule) { r.Principal = `\` }, "principal", "ends within"},
		{func(r *Rule) { r.Kind = "ApiCallRate" }, "kind", "none of ApiCallRateInsight, ApiErrorRateInsight, ApiSilenceInsight, PrincipalNoveltyInsight"},
		{func(r *Rule) { r.Owner = " " }, "", "owner is missing"},
		{func(r *Rule) { r.Reason = "" }, "", "reason is missing"},
		{func(r *Rule) { r.Expires = "" }, "", "expires is missing"},
		{func(r *Rule) { r.Expires = "31.12.2026" }, "expires", "neither a day"},
		{func(r *Rule) { r.Expires = "2026-02-30" }, "expires", "neither a day"},
		{func(r *Rule) { r.Ceiling = new(int64(0)) }, "ceiling", "0 is not a count"},
		{func(r *Rule) { r.Ceiling = new(int64(-3)) }, "ceiling", "-3 is not a count"},
		{func(r *Rule) { r.Owner = "an\x1b[31mna" }, "owner", "control character"},
		{func(r *Rule) { r.Name = "first" }, "", `rule 1 is called "first" too`},
	} {
		r := valid(Rule{API: "*"})
		c.change(&r)
		_, err := ParseRules([]Rule{valid(Rule{Name: "first", API: "Create*"}), r})
		var wrong *RuleError
		if !errors.As(err, &wrong) || wrong.Index != 1 || wrong.Field != c.field || !strings.Contains(wrong.Reason, c.want) {
			t.Errorf("%+v: %v, want %s: %s", r, err, c.field, c.want)
		}
	}
}

func TestUseOfRules(t *testing.T) {
	r, err := ParseRules([]Rule{
		valid(Rule{Name: "hit", API: "Create*", Ceiling: new(int64(1))}), valid(Rule{Name: "none", API: "Delete*"}),
		valid(Rule{Name: "over", API: "*", Expires: "2026-10-31"}), valid(Rule{Name: "soon", API: "*", Expires: "2026-11-07"}), valid(Rule{Name: "later", API: "*", Expires: "2026-11-08"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	gone := users()
	gone.State = Retracted
	for k, u := range r.Use(time.Date(2026, 11, 1, 5, 0, 0, 0, time.UTC), []Insight{users(), gone}) {
		want := []RuleUse{{Matched: 1}, {}, {Matched: 1, Expired: true}, {Matched: 1, Ends: true}, {Matched: 1}}[k]
		if u.Matched != want.Matched || u.Expired != want.Expired || u.Ends != want.Ends {
			t.Errorf("%s: %+v, want %+v", u.Name, u, want)
		}
	}
}
