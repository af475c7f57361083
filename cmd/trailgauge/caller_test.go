package main

import (
	"testing"

	"trailgauge/pipeline/trail"
)

func TestOwnPrincipals(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:sts::111122223333:assumed-role/trailgauge/i-0abc":     "arn:aws:sts::111122223333:assumed-role/trailgauge",
		"arn:aws-cn:sts::111122223333:assumed-role/trailgauge/session": "arn:aws-cn:sts::111122223333:assumed-role/trailgauge",
		"arn:aws:iam::111122223333:user/ops/anna":                      "arn:aws:iam::111122223333:user/ops/anna",
		"arn:aws:iam::111122223333:root":                               "arn:aws:iam::111122223333:root",
		"arn:aws:sts::111122223333:federated-user/batch":               "arn:aws:sts::111122223333:federated-user/batch",
	} {
		if key, _ := trail.PrincipalOf(&trail.Record{UserIdentity: identityOf(arn)}); key != want {
			t.Errorf("%s: %q, want %q", arn, key, want)
		}
	}
	places := []trailPlace{{URL: "folder"}, {URL: "folder", RoleARN: "arn:aws:iam::444455556666:role/path/read[er]"}}
	got := bucketFlags{}.ownPrincipals(t.Context(), "lake", places)
	if len(got) != 1 || got[0] != `arn:aws:sts::444455556666:assumed-role/read\[er]` {
		t.Errorf("of a role that is assumed: %q", got)
	}
	if got := (bucketFlags{Endpoint: "http://localhost"}).ownPrincipals(t.Context(), "s3://lake", places); got != nil {
		t.Errorf("of another server's buckets: %q", got)
	}
}
