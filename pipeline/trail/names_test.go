package trail

import "testing"

func TestNames(t *testing.T) {
	for s, want := range map[string]bool{"111122223333": true, "": false, "11112222333": false, "1111222233334": false, "11112222333x": false, "１１１１": false} {
		if IsAccount(s) != want {
			t.Errorf("account %q: %v", s, !want)
		}
	}
	for s, want := range map[string]bool{
		"eu-central-1": true, "us-gov-west-1": true, "eusc-de-east-1": true, "us-isob-east-1": true, "ap-southeast-7": true,
		"": false, "eu": false, "eu-central": false, "evil.example": false, "eu-central-1.evil.example": false, "EU-central-1": false, "eu-central-1\n": false,
	} {
		if IsRegion(s) != want {
			t.Errorf("region %q: %v", s, !want)
		}
	}
	for s, want := range map[string]bool{
		"arn:aws:iam::111122223333:role/audit": true, "arn:aws-us-gov:iam::111122223333:role/team/{x}/a.b_c@d": true,
		"arn:aws:iam::111122223333:user/audit": false, "arn:aws:iam::{account}:role/audit": false, "arn:aws:iam::111122223333:role/": false,
		"arn:aws:iam::111122223333:role/a b": false, "arn:aws:iam::111122223333:role/a\n": false, "arn:aws:sts::111122223333:assumed-role/a/b": false,
	} {
		if IsRole(s) != want {
			t.Errorf("role %q: %v", s, !want)
		}
	}
	for s, want := range map[string]string{
		"arn:aws:sts::111122223333:assumed-role/audit": "111122223333", "account:444455556666/AIDA1": "444455556666",
		"arn:aws-cn:iam::111122223333:role/a": "111122223333", "service:ec2.amazonaws.com": "", "anonymous": "", "": "", "arn:aws": "",
	} {
		if got := AccountOf(s); got != want {
			t.Errorf("account of %q: %q, want %q", s, got, want)
		}
	}
	for s, want := range map[string][2]string{
		"arn:aws:iam::111122223333:user/anna":                                  {"arn:aws:iam::111122223333:user/anna", ""},
		"arn:aws:iam::111122223333:user/anna|via=cloudformation.amazonaws.com": {"arn:aws:iam::111122223333:user/anna", "cloudformation.amazonaws.com"},
	} {
		if who, via := SplitVia(s); who != want[0] || via != want[1] {
			t.Errorf("%s: %q, %q", s, who, via)
		}
	}
}
