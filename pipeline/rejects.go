package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/trail"
)

// rejects is a list of what a shard could not take in, as JSON Lines.
type rejects struct{ lines bytes.Buffer }

// rejected is one line of the list.
type rejected struct {
	Object   string `json:"object"`
	Position *int   `json:"position,omitempty"` // index of the record in its object; absent: the object as a whole
	Reason   string `json:"reason"`
	Record   string `json:"record,omitempty"` // its text, cut at 64 KiB; bytes that are no UTF-8 are replaced
}

// maxRejected bounds what is kept of a rejected record. A record in CloudTrail has at most 256 KB.
const maxRejected = 64 << 10

func rejectedKey(run int, name string) string {
	return fmt.Sprintf("rejected/%08d-%s.jsonl", run, name)
}

func (r *rejects) add(line rejected) {
	text, err := json.Marshal(line)
	if err != nil { // strings and an int always marshal
		panic("pipeline: internal error: " + err.Error())
	}
	r.lines.Write(append(text, '\n'))
}

func (r *rejects) object(key, reason string) { r.add(rejected{Object: key, Reason: reason}) }

func (r *rejects) record(key string, x decode.Rejection) {
	reason := x.Reason
	if x.More > 0 {
		reason = fmt.Sprintf("%s; %d more items of this object were rejected and are not listed", reason, x.More)
	}
	r.add(rejected{key, &x.Position, reason, excerpt(string(x.Raw))})
}

func (r *rejects) conflict(key string, position int, rec *trail.Record) {
	text, err := decode.Rebuild(rec)
	if err != nil {
		text = fmt.Appendf(nil, "(%v)", err)
	}
	r.add(rejected{key, &position, "conflict: an event with the same account and ID but other content is kept", excerpt(string(text))})
}

func excerpt(s string) string {
	if len(s) > maxRejected {
		s = s[:maxRejected]
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s
}

func (r *rejects) body() []byte { return r.lines.Bytes() }
