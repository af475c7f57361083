package main

import (
	"context"
	"slices"
	"strings"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// ownPrincipals returns, as patterns, whom the trail shows for this job's calls: who STS says the job is, and the roles it assumes for trails. Buckets
// of another server are in no trail. Where STS does not answer there is one name less: it only serves a label, and a rule that tells less.
func (b bucketFlags) ownPrincipals(ctx context.Context, lake string, places []trailPlace) []string {
	if b.Endpoint != "" {
		return nil
	}
	var out []string
	add := func(u trail.UserIdentity) {
		key, _ := trail.PrincipalOf(&trail.Record{UserIdentity: u})
		if p := trail.Literal(key); !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	own := strings.HasPrefix(lake, "s3://")
	for _, p := range places {
		if p.RoleARN != "" {
			account := trail.AccountOf(p.RoleARN)
			add(trail.UserIdentity{Type: "AssumedRole", AccountID: account,
				SessionContext: trail.SessionContext{SessionIssuer: trail.SessionIssuer{ARN: p.RoleARN, AccountID: account}}})
		}
		own = own || p.history || strings.HasPrefix(p.URL, "s3://")
	}
	if !own {
		return out
	}
	if arn, err := store.Caller(ctx, store.S3Options{Region: b.Region}); err == nil {
		add(identityOf(arn))
	}
	slices.Sort(out)
	return out
}

// identityOf returns what CloudTrail has of a caller with an ARN, as far as its key goes.
func identityOf(arn string) trail.UserIdentity {
	u := trail.UserIdentity{Type: "IAMUser", ARN: arn, AccountID: trail.AccountOf(arn)}
	switch kind, _ := trail.KindOf(arn); kind {
	case "role":
		u.Type = "AssumedRole"
	case "federated":
		u.Type = "FederatedUser"
	case "root":
		u.Type = "Root"
	}
	return u
}
