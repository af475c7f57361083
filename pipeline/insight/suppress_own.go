package insight

import "fmt"

// ownAPIs are what the job itself calls over and over: objects of trail and lake, and their keys. What it deletes is not among them: whoever else uses its
// principal may want a trail to be gone. Nor is any other API, of which a trail shows that the principal is used for something else.
// CloudTrail calls ListObjectsV2 ListObjects, too.
var ownAPIs = []string{
	"s3.amazonaws.com:GetObject", "s3.amazonaws.com:HeadObject", "s3.amazonaws.com:ListObjects", "s3.amazonaws.com:PutObject",
	"kms.amazonaws.com:Decrypt", "kms.amazonaws.com:GenerateDataKey",
}

// OwnRule is the rule for the calls that the job itself makes as a principal, a trail.Glob: bursts of them are not told up to a ceiling. Errors and
// everything else that the principal does are.
func OwnRule(principal string, ceiling int64) Rule {
	return Rule{
		Name: fmt.Sprintf("own calls of %s", principal), OwnAPIs: ownAPIs, Principal: principal, Kind: CallRate.String(),
		Owner: "trailgauge", Reason: "this job reads the trail and writes the lake", Expires: Never, Ceiling: &ceiling,
	}
}
