package report

import (
	"net/netip"
	"slices"
	"strings"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// Names are what people call accounts and networks. They are shown and nothing else: no decision, count or ID depends on them. The zero value
// knows none.
type Names struct {
	Accounts map[string]AccountName // by account ID
	Own      []trail.Glob           // principals of the job itself, by their keys
	Networks []Network              // own networks; where several hold an address the longest prefix counts. Empty: no address is told of
}

// AccountName is what is known of an account; both may be empty.
type AccountName struct {
	Name  string
	Owner string // who answers for it
}

// Network is a named range of addresses.
type Network struct {
	Prefix netip.Prefix
	Name   string
}

// What an address is labelled with that is in none of the own networks. A private one (RFC 1918, RFC 4193) came through an endpoint of somebody's VPC.
const (
	Outside = "outside"
	Private = "private"
)

// Account writes an account for people: its ID, its name and, in parentheses, its owner, as far as they are known.
func (n *Names) Account(id string) string {
	a := n.Accounts[id]
	s := strings.TrimSpace(Clean(id) + " " + Clean(a.Name))
	if a.Owner != "" {
		s += " (" + Clean(a.Owner) + ")"
	}
	return s
}

// label says of a value of an attribute what only the names know, not cleaned: the own network that an address is in, or that it is in none; of a
// principal that it is the job's own, or its account, where that is another one than the insight's. "" when there is nothing to say.
func (n *Names) label(i *insight.Insight, attribute, value string) string {
	switch attribute {
	case "sourceIPAddress":
		return n.network(value)
	case "userIdentityArn", "sessionIssuer":
		if attribute == "userIdentityArn" && n.own(value) {
			return "this job"
		}
		if id := trail.AccountOf(value); id != "" && id != i.Account {
			return strings.TrimSpace("account " + id + " " + n.Accounts[id].Name)
		}
	}
	return ""
}

// own tells whether a principal is the job's own.
func (n *Names) own(principal string) bool {
	return principal != "" && slices.ContainsFunc(n.Own, func(g trail.Glob) bool { return g.Match(principal) })
}

// network returns the own network of an address; "" of what is no address: CloudTrail has names of services there, too.
func (n *Names) network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || len(n.Networks) == 0 {
		return ""
	}
	ip = ip.Unmap().WithZone("")
	best := Network{Name: Outside}
	if ip.IsPrivate() {
		best.Name = Private
	}
	for _, w := range n.Networks {
		if w.Prefix.Contains(ip) && (!best.Prefix.IsValid() || w.Prefix.Bits() > best.Prefix.Bits()) {
			best = w
		}
	}
	return best.Name
}

// labelled is a value with its label, both fit to be shown.
func labelled(value, label string) string {
	if label == "" {
		return value
	}
	return value + " [" + Clean(label) + "]"
}

// attributionJSON is an attribution with the labels of its values.
type attributionJSON struct {
	Attribute     string      `json:"attribute"`               // userIdentityArn, userAgent, errorCode as CloudTrail Insights has them; further ones are ours
	Insight       []shareJSON `json:"insight"`                 // at most five values, largest first
	InsightOther  int64       `json:"insightOther,omitempty"`  // calls with values that are not listed
	Baseline      []shareJSON `json:"baseline"`                // the same over the baseline
	BaselineOther int64       `json:"baselineOther,omitempty"` // calls of the baseline with values that are not listed
}

type shareJSON struct {
	Value string `json:"value"`           // as in the trail; of errorCode "null" for calls without one, "" for calls without a value
	Label string `json:"label,omitempty"` // the own network of an address, or "outside", or of another private address "private"; of a principal "this job", or its account where that is another one
	Count int64  `json:"count"`           // calls
}

func (n *Names) attributions(i *insight.Insight, list []insight.Attribution) []attributionJSON {
	out := []attributionJSON{}
	for _, a := range list {
		shares := func(list []insight.Share) []shareJSON {
			out := []shareJSON{}
			for _, s := range list {
				out = append(out, shareJSON{s.Value, n.label(i, a.Attribute, s.Value), s.Count})
			}
			return out
		}
		out = append(out, attributionJSON{a.Attribute, shares(a.Insight), a.InsightOther, shares(a.Baseline), a.BaselineOther})
	}
	return out
}
