package trail

import "strings"

func (c *caller) appendARN(dst []byte, service, account string, resource ...string) []byte {
	dst = appendAll(dst, "arn:", c.partition(), ":", service, "::", account, ":")
	return appendAll(dst, resource...)
}

// partition takes the partition from an ARN of the caller, or else from the region's name.
func (c *caller) partition() string {
	for _, arn := range [...]string{c.ARN, c.SessionContext.SessionIssuer.ARN} {
		if rest, ok := strings.CutPrefix(arn, "arn:"); ok {
			if p, _, ok := strings.Cut(rest, ":"); ok && strings.HasPrefix(p, "aws") {
				return p
			}
		}
	}
	return PartitionOf(c.rest().AWSRegion)
}

// roleOfARN reads …:assumed-role/ROLE/SESSION and …:role/path/ROLE.
func roleOfARN(arn string) string {
	resource := arnResource(arn)
	if rest, ok := strings.CutPrefix(resource, "assumed-role/"); ok {
		role, _, _ := strings.Cut(rest, "/")
		return role
	}
	if rest, ok := strings.CutPrefix(resource, "role/"); ok {
		return rest[strings.LastIndexByte(rest, '/')+1:]
	}
	return ""
}

// arnField returns a field of arn:partition:service:region:account:resource, the last one with all its colons.
func arnField(arn string, n int) string {
	if !strings.HasPrefix(arn, "arn:") {
		return ""
	}
	for i := range len(arn) {
		if arn[i] == ':' {
			if n--; n == 0 {
				return arn[i+1:]
			}
		}
	}
	return ""
}

func arnResource(arn string) string { return arnField(arn, 5) }
func arnAccount(arn string) string  { return beforeColon(arnField(arn, 4)) }

func beforeColon(s string) string {
	s, _, _ = strings.Cut(s, ":")
	return s
}
