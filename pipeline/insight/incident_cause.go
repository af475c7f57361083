package insight

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"trailgauge/pipeline/trail"
)

// CauseKind says what kind of value insights share.
type CauseKind string

// The kinds, strongest first.
const (
	ByPrincipal CauseKind = "principal"       // the same role, user, root or other identity, whatever its sessions; of an SSO role the same person
	ByPerson    CauseKind = "sessionName"     // the same person in SSO roles, of any account
	ByKey       CauseKind = "accessKeyId"     // the same credential
	BySource    CauseKind = "sourceIdentity"  // the same identity at the head of a chain of roles
	ByAddress   CauseKind = "sourceIPAddress" // the same address, usual for none of them
)

var causeKinds = []CauseKind{ByPrincipal, ByPerson, ByKey, BySource, ByAddress}

// Cause is a value that accounts for most of an insight's calls.
type Cause struct {
	Kind  CauseKind `json:"kind"`  // principal, sessionName, accessKeyId, sourceIdentity or sourceIPAddress
	Value string    `json:"value"` // as in the trail; of a principal its key, in an SSO role followed by the session's name
}

func (c Cause) compare(d Cause) int {
	return cmp.Or(cmp.Compare(slices.Index(causeKinds, c.Kind), slices.Index(causeKinds, d.Kind)), cmp.Compare(c.Value, d.Value))
}

// link is a cause as insights are linked by it.
type link struct {
	Cause
	account string // what Value is unique in; "" is everywhere
	known   bool   // there were calls before, and Value was not usual among them: of an address that says something
}

// A value must account for more than half of an insight's calls to be a cause of it: so there is one of a kind at most, and what everybody
// shares a little of links nothing. An address that made usualShare of the calls of the week before is none: a NAT gateway, an office.
const usualShare = .1

// ssoRole begins the names of the roles that IAM Identity Center makes. Their session names are people, chosen by no caller.
const ssoRole = ":assumed-role/AWSReservedSSO_"

// causes returns what an insight can be linked by, strongest first. What fell silent is about a principal or nothing: the calls that are
// left are not the cause. It goes by what raised the insight, which stays as it was when it opened.
func (i *Insight) causes() []link {
	var out []link
	add := func(kind CauseKind, value string) {
		if value != "" {
			out = append(out, link{Cause: Cause{kind, value}, known: true})
		}
	}
	principal, person := i.who(), ""
	if i.Kind == Silence {
		principal = plain(i.Principal)
	} else if strings.Contains(principal, ssoRole) {
		person = i.mostly("sessionName")
	}
	if person != "" { // many people share the role
		principal += "/" + person
	}
	if distinct(principal) {
		add(ByPrincipal, principal)
	}
	if i.Kind == Silence {
		return out
	}
	add(ByPerson, person)
	add(ByKey, i.mostly("accessKeyId"))
	add(BySource, i.mostly("sourceIdentity"))
	if a, ok := i.address(); ok {
		out = append(out, a)
	}
	return out
}

// who returns the principal that most of an insight is due to, without the service that called on its behalf; "" when there is none.
func (i *Insight) who() string {
	if i.Principal != "" {
		return plain(i.Principal)
	}
	if i.Kind == Silence {
		return ""
	}
	return plain(i.mostly("userIdentityArn"))
}

func plain(principal string) string {
	who, _ := trail.SplitVia(principal)
	return who
}

// distinct tells whether a principal is somebody: AWS's services, anonymous callers and those that a record does not name are everybody's.
func distinct(principal string) bool {
	switch kind, _ := trail.KindOf(principal); kind {
	case "service", "anonymous", "unknown":
		return false
	}
	return principal != "" && !strings.HasPrefix(principal, "iam-hidden:")
}

// address returns the address that most of an insight came from, unless it is usual or no address: services call by their names. Private ones
// mean something within an account alone.
func (i *Insight) address() (link, bool) {
	v := i.mostly("sourceIPAddress")
	ip, err := netip.ParseAddr(v)
	if err != nil {
		return link{}, false
	}
	a := i.attribution("sourceIPAddress")
	before := calls(a.Baseline, a.BaselineOther)
	for _, s := range a.Baseline {
		if s.Value == v && float64(s.Count) >= usualShare*float64(before) {
			return link{}, false
		}
	}
	l := link{Cause: Cause{ByAddress, v}, known: before > 0}
	if ip = ip.Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() || sharedSpace.Contains(ip) {
		l.account = i.Account
	}
	return l, true
}

// sharedSpace is the addresses of carriers' own networks, RFC 6598: like private ones.
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// mostly returns the value of an attribute that accounts for more than half of what raised the insight; "" when none does.
func (i *Insight) mostly(attribute string) string {
	if a := i.attribution(attribute); a != nil && len(a.Insight) > 0 && 2*a.Insight[0].Count > calls(a.Insight, a.InsightOther) {
		return a.Insight[0].Value
	}
	return ""
}

// calls is how many a list of shares divides.
func calls(list []Share, other int64) int64 {
	for _, s := range list {
		other += s.Count
	}
	return other
}

func (i *Insight) attribution(name string) *Attribution {
	for k := range i.Attributions {
		if i.Attributions[k].Attribute == name {
			return &i.Attributions[k]
		}
	}
	return nil
}
