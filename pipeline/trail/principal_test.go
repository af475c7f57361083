package trail

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrincipalOf(t *testing.T) {
	type ui = UserIdentity
	issuer := func(name, account, arn string) SessionContext {
		return SessionContext{SessionIssuer: SessionIssuer{Type: "Role", UserName: name, AccountID: account, ARN: arn}}
	}
	const acct = "111122223333"
	for _, c := range []struct {
		name      string
		u         ui
		key, kind string
	}{
		{"role", ui{Type: "AssumedRole", ARN: "arn:aws:sts::" + acct + ":assumed-role/ci/run-881", AccountID: acct,
			SessionContext: issuer("ci", acct, "arn:aws:iam::"+acct+":role/build/ci")}, "arn:aws:sts::" + acct + ":assumed-role/ci", "role"},
		{"role without issuer", ui{Type: "AssumedRole", ARN: "arn:aws:sts::" + acct + ":assumed-role/ci/run-881", AccountID: acct}, "arn:aws:sts::" + acct + ":assumed-role/ci", "role"},
		{"role from the ARN alone", ui{Type: "AssumedRole", ARN: "arn:aws:sts::" + acct + ":assumed-role/ci/run-881"}, "arn:aws:sts::" + acct + ":assumed-role/ci", "role"},
		{"role from the issuer alone", ui{Type: "AssumedRole", SessionContext: issuer("ci", acct, "")}, "arn:aws-us-gov:sts::" + acct + ":assumed-role/ci", "role"},
		{"role from the issuer's ARN", ui{Type: "AssumedRole", SessionContext: issuer("", "", "arn:aws:iam::"+acct+":role/build/ci")}, "arn:aws:sts::" + acct + ":assumed-role/ci", "role"},
		{"the ARN is right", ui{Type: "AssumedRole", ARN: "arn:aws:sts::" + acct + ":assumed-role/ci/x", SessionContext: issuer("Tester", acct, "")}, "arn:aws:sts::" + acct + ":assumed-role/ci", "role"},
		{"role of China", ui{Type: "AssumedRole", ARN: "arn:aws-cn:sts::1:assumed-role/ci/x"}, "arn:aws-cn:sts::1:assumed-role/ci", "role"},
		{"role, persistent", ui{Type: "Role", ARN: "arn:aws:iam::1:role/a/b/ci", AccountID: "1"}, "arn:aws:sts::1:assumed-role/ci", "role"},
		{"role by id", ui{Type: "AssumedRole", PrincipalID: "AROAX:i-0abc"}, "aroa:AROAX", "role"},
		{"role, nothing known", ui{Type: "AssumedRole", AccountID: "1"}, "AssumedRole:1:", "role"},
		{"single sign-on", ui{Type: "AssumedRole", ARN: "arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/anna@example.com", AccountID: "1"},
			"arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin_0123456789abcdef", "role"},
		{"role via service", ui{Type: "AssumedRole", ARN: "arn:aws:sts::1:assumed-role/ci/x", InvokedBy: "cloudformation.amazonaws.com"},
			"arn:aws:sts::1:assumed-role/ci|via=cloudformation.amazonaws.com", "role"},
		{"user", ui{Type: "IAMUser", ARN: "arn:aws:iam::1:user/ops/anna", AccountID: "1", UserName: "anna", AccessKeyID: "AKIAX"}, "arn:aws:iam::1:user/ops/anna", "user"},
		{"user in the console", ui{Type: "IAMUser", ARN: "arn:aws:iam::1:user/anna", InvokedBy: "signin.amazonaws.com"}, "arn:aws:iam::1:user/anna", "user"},
		{"user via service", ui{Type: "IAMUser", ARN: "arn:aws:iam::1:user/anna", InvokedBy: "AWS Internal"}, "arn:aws:iam::1:user/anna|via=AWS Internal", "user"},
		{"hidden", ui{Type: "IAMUser", AccountID: "1", UserName: "HIDDEN_DUE_TO_SECURITY_REASONS"}, "iam-hidden:1", "user"},
		{"claimed user", ui{Type: "IAMUser", AccountID: "1", UserName: "anna"}, "arn:aws-us-gov:iam::1:user/anna#unverified", "user"},
		{"user by id", ui{Type: "IAMUser", AccountID: "1", PrincipalID: "AIDA"}, "IAMUser:1:AIDA", "user"},
		{"root", ui{Type: "Root", ARN: "arn:aws:iam::1:root", AccountID: "1", PrincipalID: "1"}, "arn:aws:iam::1:root", "root"},
		{"assumed root", ui{Type: "Root", ARN: "arn:aws:iam::1:root", AccountID: "1", SessionContext: SessionContext{AssumedRoot: "true"}}, "arn:aws:iam::1:root#assumed", "root"},
		{"federated", ui{Type: "FederatedUser", ARN: "arn:aws:sts::1:federated-user/batch", AccountID: "1"}, "arn:aws:sts::1:federated-user/batch", "federated"},
		{"federated by id", ui{Type: "FederatedUser", PrincipalID: "1:batch", AccountID: "1"}, "arn:aws-us-gov:sts::1:federated-user/batch", "federated"},
		{"service", ui{Type: "AWSService", InvokedBy: "autoscaling.amazonaws.com"}, "service:autoscaling.amazonaws.com", "service"},
		{"service by address", ui{Type: "AWSService"}, "service:config.amazonaws.com", "service"},
		{"account", ui{Type: "AWSAccount", AccountID: "2", PrincipalID: "AROAX:sess"}, "account:2/AROAX", "account"},
		{"anonymous", ui{Type: "AWSAccount", AccountID: "anonymous"}, "anonymous", "anonymous"},
		{"anonymous, old", ui{Type: "AWSAccount", AccountID: "ANONYMOUS_PRINCIPAL"}, "anonymous", "anonymous"},
		{"web", ui{Type: "WebIdentityUser", IdentityProvider: "accounts.example.com", UserName: "u"}, "web:accounts.example.com:u", "web"},
		{"saml", ui{Type: "SAMLUser", IdentityProvider: "q1=", UserName: "anna@example.com"}, "saml:q1=:anna@example.com", "saml"},
		{"identity center", ui{Type: "IdentityCenterUser", OnBehalfOf: OnBehalfOf{UserID: "94a1", IdentityStoreARN: "arn:aws:identitystore::9:identitystore/d-1"}, CredentialID: "C"},
			"idc:arn:aws:identitystore::9:identitystore/d-1/94a1", "idc"},
		{"unknown type", ui{Type: "Unknown", AccountID: "9", PrincipalID: "p", UserName: "n"}, "Unknown:9:p", "other"},
		{"directory", ui{Type: "Directory", AccountID: "9", UserName: "n"}, "Directory:9:n", "other"},
		{"service event", ui{AccountID: "1", InvokedBy: "AWS Internal"}, "service:AWS Internal", "service"},
		{"nothing", ui{}, "unknown:444455556666", "unknown"},
	} {
		r := Record{UserIdentity: c.u, AWSRegion: "us-gov-west-1", SourceIPAddress: "config.amazonaws.com", RecipientAccountID: "444455556666"}
		if key, kind := PrincipalOf(&r); key != c.key || kind != c.kind {
			t.Errorf("%s: got %s (%s), want %s (%s)", c.name, key, kind, c.key, c.kind)
		}
		shown := c.kind
		if strings.HasPrefix(c.key, c.u.Type+":") { // a record that has nothing to make a key of but its type
			shown = "other"
		}
		if kind, name := KindOf(c.key); kind != shown || !strings.Contains(c.key, name) {
			t.Errorf("%s: the key %s shows %s, %s, want %s", c.name, c.key, kind, name, shown)
		}
		_, _, own := AppendPrincipal(nil, &r)
		other, _ := PrincipalOf(&Record{UserIdentity: c.u, AWSRegion: "cn-north-1", SourceIPAddress: "10.0.0.1", RecipientAccountID: "777788889999"})
		if own != (other == c.key) {
			t.Errorf("%s: userIdentity's own is %v, and of another record the key is %s", c.name, own, other)
		}
	}
}

func TestPartitions(t *testing.T) {
	for region, want := range map[string]string{"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-east-1": "aws-us-gov", "eusc-de-east-1": "aws-eusc",
		"us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "eu-isoe-west-1": "aws-iso-e", "us-isof-south-1": "aws-iso-f", "": "aws"} {
		if got := PartitionOf(region); got != want {
			t.Errorf("%s is in %s, want %s", region, got, want)
		}
	}
}

func TestPrincipalIsBounded(t *testing.T) {
	key := func(name string) string {
		k, _ := PrincipalOf(&Record{UserIdentity: UserIdentity{Type: "SAMLUser", IdentityProvider: "p", UserName: name}})
		return k
	}
	seen := map[string]string{}
	for _, name := range []string{strings.Repeat("é", 300), strings.Repeat("é", 300) + "x", strings.Repeat("a", 1<<16), "a\nb", "a\x00b", "a\ufffdb", "a\u202eb", "a\xffb", "a\u0085b"} {
		k := key(name)
		if len(k) > MaxPrincipal || !utf8.ValidString(k) || hasControls([]byte(k)) {
			t.Errorf("%.20q: key %q of %d bytes", name, k, len(k))
		}
		if other, ok := seen[k]; ok {
			t.Errorf("%.20q and %.20q have the key %q", name, other, k)
		}
		seen[k] = name
	}
	if k := key("José"); k != "saml:p:José" {
		t.Errorf("got %q", k)
	}
	if k := key(strings.Repeat("a", MaxPrincipal-len("saml:p:"))); len(k) != MaxPrincipal || strings.Contains(k, "~") {
		t.Errorf("a key of the very bound is cut: %q", k)
	}
}
