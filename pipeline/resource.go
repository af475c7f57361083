package pipeline

import (
	"github.com/go-faster/jx"

	"trailgauge/pipeline/trail"
)

// naming are the parameters of requests that name what is called upon, the most telling first: where a call has several it is about the first.
// The names are those of the services' APIs.
var naming = []string{
	"resourceArn", "resourceARN", "bucketName", "roleName", "userName", "groupName", "roleArn", "policyArn", "functionName", "keyId", "secretId",
	"instanceId", "dBInstanceIdentifier", "dBClusterIdentifier", "snapshotId", "volumeId", "imageId", "groupId", "tableName", "clusterName",
	"cluster", "stackName", "repositoryName", "logGroupName", "streamName", "topicArn", "queueUrl", "trailName", "detectorId", "accountId", "name",
}

// longestParameter bounds a parameter that is taken for a name, in bytes.
const longestParameter = 1024

// resourceOf says what a call was upon: the shortest ARN of its resources (a bucket rather than one of its objects, so that calls on many of
// them have one thing in common), else the parameter of its request that names it, as "roleName=admin"; "" when there is neither.
func resourceOf(r *trail.Record) string {
	arn := ""
	for k := range r.Resources {
		if a := r.Resources[k].ARN; a != "" && (arn == "" || len(a) < len(arn) || len(a) == len(arn) && a < arn) {
			arn = a
		}
	}
	if arn != "" || r.RequestParameters == "" {
		return arn
	}
	best, value := len(naming), ""
	d := jx.DecodeStr(r.RequestParameters)
	if d.Next() != jx.Object {
		return ""
	}
	// What is no JSON after all names what it named before.
	_ = d.ObjBytes(func(d *jx.Decoder, key []byte) error {
		for k, name := range naming[:best] {
			if string(key) != name || d.Next() != jx.String {
				continue
			}
			text, err := d.StrBytes()
			if err == nil && len(text) > 0 && len(text) <= longestParameter {
				best, value = k, string(text)
			}
			return err
		}
		return d.Skip()
	})
	if value == "" {
		return ""
	}
	return naming[best] + "=" + value
}
