// Package digest verifies a trail against CloudTrail's signed digests: which log files were changed, removed or added since CloudTrail delivered
// them, and whether the chain of the digests itself is whole.
//
// Every hour CloudTrail writes one digest for each account and region, also when nothing happened. It names the log files of the hour with their
// SHA-256, and the digest before it with hash and signature; its own signature is in the metadata of its object. Format and algorithm:
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html and
// …/cloudtrail-log-file-validation-digest-file-structure.html
//
// It is stricter than "aws cloudtrail validate-logs" in three things. A digest must have the hash and the signature that the next one names, and not
// only a signature that fits. Log files that no digest names are reported: as added where the digests of their time hold (of all trails that
// have any in the same place), else as of a time without one. And where metadata was lost, as in a copy on disk, the signature that
// the next digest names is enough; only the newest digest of a chain is then unproven.
//
// What is verified is hostile until proven otherwise, digests too: nothing that a digest with a wrong signature names is read, sizes are bounded
// before anything is unpacked, and of the log files seen 16 bytes each are remembered, one region at a time for each of a few workers.
package digest

import (
	"errors"
	"time"
)

// Kind is what is wrong with an object, or not known of it.
type Kind string

// The kinds. All but the last three are damage.
const (
	Invalid      Kind = "invalid"      // changed since CloudTrail wrote it, or never written by CloudTrail
	Missing      Kind = "missing"      // a proven digest names it, and it is not there
	Moved        Kind = "moved"        // a digest that lies elsewhere than it says
	Broken       Kind = "broken"       // a digest that is no part of the chain
	Unreferenced Kind = "unreferenced" // a log file that the digests of its time do not name
	Uncovered    Kind = "uncovered"    // a log file of a time whose digest is missing or does not hold: none could name it
	Unsigned     Kind = "unsigned"     // the newest digest of a chain, whose signature is lost
	Outside      Kind = "outside"      // named, but in another bucket or prefix: not looked at
)

// Finding is one thing that is not as it should be.
type Finding struct {
	Kind   Kind   `json:"kind"`
	What   string `json:"what"` // "digest" or "log"
	Object string `json:"object"`
	Reason string `json:"reason"`
}

// Damage tells whether a finding means that the trail is not as CloudTrail delivered it.
func (f Finding) Damage() bool { return f.Kind != Unsigned && f.Kind != Outside && f.Kind != Uncovered }

// Gap is a time that no digest covers: [From, To).
type Gap struct {
	Account string    `json:"account"`
	Region  string    `json:"region"`
	Trail   string    `json:"trail"` // name and home region
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
}

// MaxFindings bounds how many findings, and how many gaps, a result tells; More counts the others.
const MaxFindings = 10_000

// Result is what verifying came to. Its findings and gaps are in the order of their objects, whatever the workers.
type Result struct {
	SchemaVersion int       `json:"schemaVersion"` // 1
	Trail         string    `json:"trail"`
	From          time.Time `json:"from"` // asked for, half-open
	To            time.Time `json:"to"`
	// Found is the time from the start of the first digest to the end of the last one; null when there is none.
	Found *struct {
		From time.Time `json:"from"`
		To   time.Time `json:"to"`
	} `json:"found"`
	Digests struct {
		Valid    int64 `json:"valid"`
		Invalid  int64 `json:"invalid"` // of any kind of damage but Missing
		Missing  int64 `json:"missing"`
		Unsigned int64 `json:"unsigned"`
	} `json:"digests"`
	Logs struct {
		Valid        int64 `json:"valid"`
		Unproven     int64 `json:"unproven"` // as an unsigned digest has them
		Invalid      int64 `json:"invalid"`
		Missing      int64 `json:"missing"`
		Unreferenced int64 `json:"unreferenced"`
		Uncovered    int64 `json:"uncovered"`
		Outside      int64 `json:"outside"`
		Pending      int64 `json:"pending"` // the digest that names them is yet to come
	} `json:"logs"`
	Gaps     []Gap     `json:"gaps"`
	Findings []Finding `json:"findings"`
	More     int64     `json:"more"` // findings and gaps beyond MaxFindings
}

// Damaged tells whether anything is not as CloudTrail delivered it. Gaps are no damage: a trail may have been off; but log files in them are, since then there
// would be none.
func (r *Result) Damaged() bool {
	return r.Digests.Invalid+r.Digests.Missing+r.Logs.Invalid+r.Logs.Missing+r.Logs.Unreferenced+r.Logs.Uncovered > 0
}

// Errors that callers tell apart.
var (
	ErrNoKey     = errors.New("public key not found")
	ErrNoDigests = errors.New("there are no digests")
)
