package pipeline

import (
	"strings"
	"testing"

	"trailgauge/pipeline/trail"
)

func TestResourceOf(t *testing.T) {
	arn := func(list ...string) (out []trail.Resource) {
		for _, a := range list {
			out = append(out, trail.Resource{ARN: a})
		}
		return out
	}
	for _, c := range []struct {
		name      string
		resources []trail.Resource
		request   string
		want      string
	}{
		{"a bucket rather than an object", arn("arn:aws:s3:::b/key", "", "arn:aws:s3:::b"), `{"bucketName":"other"}`, "arn:aws:s3:::b"},
		{"of equals the first by name", arn("arn:b", "arn:a"), "", "arn:a"},
		{"a parameter", nil, `{"roleName":"admin","policyName":"p"}`, "roleName=admin"},
		{"the most telling, wherever it stands", nil, `{"name":"n","groupName":"g","userName":"anna"}`, "userName=anna"},
		{"a resource without a name", arn(""), `{"keyId":"alias/k"}`, "keyId=alias/k"},
		{"none that names anything", nil, `{"maxResults":5,"nested":{"roleName":"x"}}`, ""},
		{"a name that is no text", nil, `{"roleName":{"x":1},"userName":["y"],"name":"z"}`, "name=z"},
		{"an empty one", nil, `{"roleName":"","name":"z"}`, "name=z"},
		{"one that is too long", nil, `{"roleName":"` + strings.Repeat("x", 2000) + `","name":"z"}`, "name=z"},
		{"escapes", nil, `{"roleName":"a\u0062\n"}`, "roleName=ab\n"},
		{"no object", nil, `"roleName"`, ""},
		{"no JSON", nil, `{"roleName":"a", `, "roleName=a"},
		{"null", nil, `null`, ""},
		{"nothing", nil, "", ""},
	} {
		if got := resourceOf(&trail.Record{Resources: c.resources, RequestParameters: c.request}); got != c.want {
			t.Errorf("%s: %.60q, want %q", c.name, got, c.want)
		}
	}
}

func TestSessionOf(t *testing.T) {
	for _, c := range []struct {
		arn, id, want string
	}{
		{"arn:aws:sts::111122223333:assumed-role/dev/anna@example.com", "AROAX:other", "anna@example.com"},
		{"arn:aws:sts::111122223333:assumed-role/dev", "AROAX:other", ""},
		{"arn:aws:iam::111122223333:user/anna", "AIDAX", ""},
		{"", "AROAX:probe-7", "probe-7"}, // another account's role
		{"", "AROAX", ""},
		{"", "accounts.example.com:app-7:user-19", ""},
		{"", "", ""},
	} {
		if got := sessionOf(&trail.UserIdentity{ARN: c.arn, PrincipalID: c.id}); got != c.want {
			t.Errorf("%q, %q: %q, want %q", c.arn, c.id, got, c.want)
		}
	}
}
