package trail

import (
	"slices"
	"strings"
)

// Part is some members of a record that many records have the same, to the letter: who called, and how calls are made.
type Part uint8

const (
	Caller Part = iota // userIdentity: a session makes many calls
	Manner             // what CloudTrail writes last: the account, the kind of event, the connection
	Parts              // how many there are
)

// parts are the parts' members of a record, in the order in which CloudTrail writes them, and the columns that follow from them alone.
// Their own columns are texts that repeat and flags: nothing that tells one call from another.
var parts = [Parts]struct{ members, derived []string }{
	Caller: {[]string{"userIdentity"}, []string{"principal", "principalkind"}},
	Manner: {[]string{
		"eventType", "apiVersion", "managementEvent", "recipientAccountId", "vpcEndpointId", "vpcEndpointAccountId", "eventCategory",
		"sessionCredentialFromConsole", "tlsDetails",
	}, nil},
}

// Members returns the names of the record's members that make up a part, all of what lies in them included. It is shared.
func (p Part) Members() []string { return parts[p].members }

// PartOf tells which part a column of the events table belongs to, by the first name of its path; ok is false for none.
func PartOf(name string) (p Part, ok bool) {
	for p := range Parts {
		isMember := func(m string) bool { return strings.ToLower(m) == name }
		if slices.Contains(parts[p].derived, name) || slices.ContainsFunc(parts[p].members, isMember) {
			return p, true
		}
	}
	return 0, false
}

// Alike numbers the parts of a record: of two records that came from one decoder, those with the same number of a part have the
// same values in all of its columns. 0 says nothing, and so do different numbers.
type Alike [Parts]uint64
