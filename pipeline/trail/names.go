package trail

import (
	"regexp"
	"strings"
)

// IsAccount tells whether a text is an account ID: 12 digits.
func IsAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// region is what the names of all regions look like: eu-central-1, us-gov-west-1, eusc-de-east-1.
var region = regexp.MustCompile(`^[a-z]{2,8}(-[a-z]{1,12}){1,3}-[0-9]{1,2}$`)

// IsRegion tells whether a text can be the name of a region. Those in a trail and its keys are anybody's: ask before one becomes part of a host's name.
func IsRegion(s string) bool { return region.MatchString(s) }

// role is what the ARN of a role looks like, in any partition: the account, a path or none, and the name.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
var role = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/([\x21-\x7e]+/)?[\w+=,.@-]{1,64}$`)

// IsRole tells whether a text can be the ARN of a role.
func IsRole(arn string) bool { return role.MatchString(arn) }

// PartitionOf takes the partition from a region's name (botocore's partitions.json): aws, or another one.
func PartitionOf(region string) string {
	for _, p := range [...][2]string{{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"eusc-", "aws-eusc"}, {"us-iso-", "aws-iso"},
		{"us-isob-", "aws-iso-b"}, {"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"}} {
		if strings.HasPrefix(region, p[0]) {
			return p[1]
		}
	}
	return "aws"
}

// AccountOf returns the account in a principal's key or an ARN; "" where it has none.
func AccountOf(principal string) string {
	if rest, ok := strings.CutPrefix(principal, "account:"); ok {
		id, _, _ := strings.Cut(rest, "/")
		return id
	}
	return arnAccount(principal)
}

// keyKinds are the kinds of principals whose keys show it, by how a key begins; of an ARN what comes after the account.
var keyKinds = [...]struct{ begin, kind string }{
	{":assumed-role/", "role"}, {":role/", "role"}, {":user/", "user"}, {":root", "root"}, {":federated-user/", "federated"},
	{"service:", "service"}, {"account:", "account"}, {"anonymous", "anonymous"}, {"web:", "web"}, {"saml:", "saml"}, {"idc:", "idc"},
	{"aroa:", "role"}, {"iam-hidden:", "user"}, {"unknown:", "unknown"},
}

// KindOf reads a principal's kind off its key, as PrincipalOf has told it, or off a caller's ARN, and what follows there: the name of a role, a
// user or a service, in a session's ARN with the session. A key that does not show its kind is of kind other, and has no name.
func KindOf(principal string) (kind, name string) {
	key, _ := SplitVia(principal)
	if resource := arnResource(key); resource != "" {
		key = ":" + resource
	}
	for _, k := range keyKinds {
		if rest, ok := strings.CutPrefix(key, k.begin); ok {
			return k.kind, rest
		}
	}
	return "other", ""
}

// SplitVia splits a principal's key into who called and the service that called on their behalf; via is "" where none did.
func SplitVia(principal string) (who, via string) {
	who, via, _ = strings.Cut(principal, viaMark)
	return who, via
}
