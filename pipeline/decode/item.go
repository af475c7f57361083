package decode

import (
	"crypto/sha256"
	"fmt"

	"github.com/zeebo/xxh3"

	"trailgauge/pipeline/trail"
)

// maxRecord is the size in bytes above which a record is rejected. CloudTrail's own limit is 256 KB, and 1 MB
// in an event data store.
const maxRecord = 2 << 20

// recordDepth is what a record may already be inside of, at most: {"Records":[…]}.
const recordDepth = 2

// item reads one item, which should be a record.
func (d *Decoder) item(depth int) bool {
	from := d.pos
	defer func() { d.position++ }()
	if d.peek() != '{' {
		if !d.value(depth) {
			return false
		}
		d.refuse(from, "a record must be a JSON object")
		return true
	}
	d.arena.reset()
	d.record = trail.Record{}
	r := &d.record
	d.spaced, d.repeated = false, false
	var compact []byte
	if d.row(r) {
		compact = d.data[from:d.pos]
	} else if !d.spaced && !d.repeated {
		return false
	} else {
		// White space or a repeated member: take the text's span, bring it into the plain form, decode that.
		d.pos = from
		if !d.value(recordDepth) {
			return false
		}
		var ok bool
		if compact, ok = d.plainRow(r, d.data[from:d.pos]); !ok {
			return false
		}
	}
	reason := ""
	if len(compact) > maxRecord {
		reason = fmt.Sprintf("a record of %d bytes, the limit is %d", len(compact), maxRecord)
	} else {
		reason = d.finish(r)
	}
	if reason != "" {
		d.refuse(from, reason)
		return true
	}
	d.failed = d.each(r, d.meta(r, compact))
	return d.failed == nil
}

// plainRow decodes a valid record without its white space and with the last of repeated members, and returns
// its compact text.
func (d *Decoder) plainRow(r *trail.Record, value []byte) (compact []byte, ok bool) {
	outer := d.scanner
	defer func() { d.scanner = outer }()
	compact = appendCompact(d.arena.reserve(len(value)), value)
	for plain := compact; ; plain = lastWins(nil, compact) {
		*r = trail.Record{}
		d.scanner = scanner{data: plain}
		d.repeated = false
		if ok = d.row(r); ok || !d.repeated {
			return compact, ok
		}
	}
}

func (d *Decoder) refuse(from int, reason string) {
	if n := len(d.rejected); n == maxRejections {
		d.rejected[n-1].More++
		return
	}
	d.rejected = append(d.rejected, Rejection{Position: d.position, Offset: int64(from), Reason: reason, Raw: d.data[from:d.pos:d.pos]})
}

// finish fills the columns that are derived from others. It returns why the record is rejected, or "".
func (d *Decoder) finish(r *trail.Record) (reason string) {
	ms, ok := trail.ParseTime(r.EventTime)
	switch {
	case ok:
		r.EventTS = ms
	case d.wrapper:
		return "an item of lookup-events: its record is the text in CloudTrailEvent"
	case r.EventTime == "":
		return "no eventTime"
	default:
		return fmt.Sprintf("eventTime %.40q cannot be read", r.EventTime)
	}
	r.ReadOnlyBool = trail.ReadOnlyOf(r)
	_, r.ErrorFamily, r.IsError = trail.ErrorOf(r)
	r.Account = firstOf(r.RecipientAccountID, r.UserIdentity.AccountID, d.src.Account)
	r.Region = firstOf(r.AWSRegion, d.src.Region)
	r.SourceKey = d.src.Key
	if r.Addendum.Reason == "UPDATED_DATA" && r.Addendum.OriginalEventID != r.EventID { // nothing replaces itself
		r.Supersedes = r.Addendum.OriginalEventID
	}
	d.principal(r)
	r.Extra = view(d.extra)
	return ""
}

// principal fills the columns of the principal. Most follow from userIdentity alone, and are remembered with it.
func (d *Decoder) principal(r *trail.Record) {
	met := d.memos[trail.Caller].at(d.alike[trail.Caller])
	if met != nil && met.principal != "" {
		r.Principal, r.PrincipalKind = met.principal, met.kind
		return
	}
	own := false
	d.scratch, r.PrincipalKind, own = trail.AppendPrincipal(d.scratch[:0], r)
	r.Principal = view(d.scratch)
	if !own {
		d.alike[trail.Caller] = 0
	} else if met != nil {
		met.principal, met.kind = string(d.scratch), r.PrincipalKind
	}
}

// firstOf returns a, b or c, the first that says something, and "unknown" at last.
func firstOf(s ...string) string {
	for _, v := range s {
		if v != "" {
			return v
		}
	}
	return "unknown"
}

func (d *Decoder) meta(r *trail.Record, compact []byte) Meta {
	m := Meta{Position: d.position, Sum: xxh3.Hash(compact), Alike: d.alike}
	if r.EventID == "" {
		sum := sha256.Sum256(compact)
		m.Key = [16]byte(sum[:])
		return m
	}
	m.Key = EventKey(r.Account, r.EventID)
	return m
}
