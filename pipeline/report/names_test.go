package report

import (
	"net/netip"
	"testing"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

func TestLabels(t *testing.T) {
	n := Names{
		Accounts: map[string]AccountName{"111122223333": {Name: "shop", Owner: "anna"}, "444455556666": {Name: "bank"}, "777788889999": {Owner: "ben"}},
		Networks: []Network{
			{netip.MustParsePrefix("10.0.0.0/8"), "VPN"}, {netip.MustParsePrefix("10.1.0.0/16"), "office"}, {netip.MustParsePrefix("2001:db8::/32"), "six"},
			{netip.MustParsePrefix("0.0.0.0/1"), "half"},
		},
	}
	own, err := trail.ParseGlob(trail.Literal("arn:aws:sts::111122223333:assumed-role/job*"))
	if err != nil {
		t.Fatal(err)
	}
	n.Own = []trail.Glob{own}
	i := &insight.Insight{Unit: insight.Unit{Series: counts.Series{Account: "111122223333"}}}
	for _, c := range [][3]string{
		{"sourceIPAddress", "10.2.3.4", "VPN"},
		{"sourceIPAddress", "10.1.3.4", "office"}, // the longest prefix
		{"sourceIPAddress", "::ffff:10.1.3.4", "office"},
		{"sourceIPAddress", "2001:db8::1", "six"},
		{"sourceIPAddress", "2001:db9::1", Outside},
		{"sourceIPAddress", "203.0.113.9", Outside},
		{"sourceIPAddress", "192.168.3.4", Private},
		{"sourceIPAddress", "fd00::1", Private},
		{"sourceIPAddress", "9.9.9.9", "half"},
		{"sourceIPAddress", "cloudformation.amazonaws.com", ""},
		{"sourceIPAddress", "AWS Internal", ""},
		{"sourceIPAddress", "", ""},
		{"userAgent", "10.2.3.4", ""},
		{"userIdentityArn", "arn:aws:sts::111122223333:assumed-role/ci", ""},
		{"userIdentityArn", "arn:aws:sts::444455556666:assumed-role/ci", "account 444455556666 bank"},
		{"userIdentityArn", "arn:aws:sts::123456789012:assumed-role/ci", "account 123456789012"},
		{"userIdentityArn", "arn:aws:sts::111122223333:assumed-role/job*", "this job"},
		{"userIdentityArn", "arn:aws:sts::111122223333:assumed-role/jobs", ""},
		{"userIdentityArn", "account:444455556666/AROAX", "account 444455556666 bank"},
		{"userIdentityArn", "service:ec2.amazonaws.com", ""},
		{"sessionIssuer", "arn:aws:iam::444455556666:role/x", "account 444455556666 bank"},
	} {
		if got := n.label(i, c[0], c[1]); got != c[2] {
			t.Errorf("%s %s: %q, want %q", c[0], c[1], got, c[2])
		}
	}
	if got := (&Names{}).label(i, "sourceIPAddress", "203.0.113.9"); got != "" {
		t.Errorf("without networks everything is %q", got)
	}
	for id, want := range map[string]string{"111122223333": "111122223333 shop (anna)", "444455556666": "444455556666 bank", "777788889999": "777788889999 (ben)", "x\n": `x\u000a`} {
		if got := n.Account(id); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}
