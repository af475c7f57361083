package decode

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"

	"trailgauge/pipeline/trail"
)

// Source says where an object came from.
type Source struct {
	Key     string
	Account string // from the key, "" when unknown
	Region  string // from the key, "" when unknown
}

// Meta is what de-duplication needs to know about a record.
type Meta struct {
	Position int // index of the record in its object, rejected ones counted

	// Key is XXH3-128 of the account, a NUL and the eventID; of a record without eventID, the first 16 bytes of
	// the SHA-256 of its JSON text. Records with the same key are the same event.
	Key [16]byte

	// Sum is XXH3-64 of the record's JSON text without white space outside of strings: two records of one key
	// and different sums are a conflict.
	Sum uint64

	Alike trail.Alike // of the records of one Decoder
}

// Rejection is an item of an object that is not a record.
type Rejection struct {
	Position int    // index of the item in its object
	Offset   int64  // where it begins in the object, in bytes
	Reason   string // what is wrong with it, lower case
	Raw      []byte // the item as it was written; points into the object
	More     int    // so many items after it were rejected too, and are not told one by one: only of the last of maxRejections
}

// maxRejections bounds how many rejected items of an object are told: one of 64 MiB can hold 32 million.
const maxRejections = 10_000

// Decoder decodes objects one after the other in the same memory. The zero value is ready. A Decoder is for one goroutine.
type Decoder struct {
	scanner
	record   trail.Record
	arena    arena
	extra    []byte // of the record being decoded
	items    []trail.Resource
	scratch  []byte
	wrapper  bool // the record has a member of a lookup-events wrapper
	repeated bool // the record has a member twice
	memos    [trail.Parts]memo
	alike    trail.Alike // of the record
	values   []piece

	src      Source
	each     func(*trail.Record, Meta) error
	failed   error // of each
	rejected []Rejection
	position int // of the next item
}

// Each decodes the object whose inflated content is data and calls each for its records, in order. It reads {"Records": […]},
// whatever other members that object has; an array of records; single records; and any sequence of these, one after the
// other or one a line. What is not a record goes to reject (nil: nowhere), after the whole object was read. An error means
// that the object as a whole is bad: not JSON, cut short, nested more than 200 deep, or holding neither a record nor a place
// for records. That is known at its end: each may have been called before, reject was not. An empty object has no records.
// An error of each ends it and is returned as it is.
//
// A record, and all that it points to, is valid during the call only. Bytes that are not UTF-8 are read as U+FFFD, each;
// offsets and raw items of such an object are those of the corrected text.
func (d *Decoder) Each(data []byte, src Source, each func(*trail.Record, Meta) error, reject func(Rejection)) error {
	d.scanner = scanner{data: validText(bytes.TrimPrefix(data, []byte("\ufeff")))}
	d.src, d.each, d.failed, d.position = src, each, nil, 0
	d.rejected = d.rejected[:0]
	defer d.forget()
	if err := d.object(); err != nil {
		return cmp.Or(d.failed, err)
	}
	if reject != nil {
		for _, r := range d.rejected {
			reject(r)
		}
	}
	return nil
}

// forget lets go of the object, so that a resting Decoder does not keep it in memory.
func (d *Decoder) forget() {
	d.each, d.data, d.record = nil, nil, trail.Record{}
	clear(d.rejected)
	clear(d.items)
}

// Records decodes one object as Decoder.Each does, appends its records to recs and returns a Meta for each. The records
// stay valid for ever; their strings point into data, which must not change any more. After an error recs is as it came.
func Records(data []byte, src Source, recs []trail.Record, reject func(Rejection)) ([]trail.Record, []Meta, error) {
	var d Decoder
	d.arena.keep = true
	var metas []Meta
	all := recs
	err := d.Each(data, src, func(r *trail.Record, m Meta) error {
		own := *r
		own.Resources = slices.Clone(r.Resources)
		own.Principal, own.Extra = strings.Clone(r.Principal), strings.Clone(r.Extra)
		all, metas = append(all, own), append(metas, m)
		return nil
	}, reject)
	if err != nil {
		return recs, nil, err
	}
	return all, metas, nil
}

var errNoRecords = errors.New(`reading JSON: no records here: want {"Records": […]}, an array of records, or records one after the other`)

// object reads the values of the object, one after the other.
func (d *Decoder) object() error {
	strangers := 0 // objects that are neither a record nor a list of them
	for c := d.peek(); c != 0 || d.pos < len(d.data); c = d.peek() {
		ok := false
		switch c {
		case '[':
			ok = d.list(0)
		case '{':
			switch d.formOf() {
			case listOfRecords:
				ok = d.wrapped()
			case oneRecord:
				ok = d.item(0)
			default:
				strangers++
				ok = d.stranger()
			}
		default:
			return errNoRecords
		}
		if !ok {
			return d.err()
		}
	}
	if strangers > 0 && strangers == d.position {
		return errNoRecords
	}
	return nil
}

type form uint8

const (
	neither form = iota
	oneRecord
	listOfRecords
)

// formOf tells what the object at pos is by the first member that says so. It does not move, and leaves
// mistakes to be found by who reads the object.
func (d *Decoder) formOf() form {
	before := d.scanner
	defer func() { d.scanner = before }()
	for first := true; ; first = false {
		if more, ok := d.next('}', 0, first); !ok || !more || d.peek() != '"' {
			return neither
		}
		d.spaced = false
		_, name, ok := d.name()
		switch name {
		case "Records":
			return listOfRecords
		case "eventVersion", "eventTime", "eventSource", "eventName", "eventID", "userIdentity", "eventType", "CloudTrailEvent":
			return oneRecord
		}
		if !ok || !d.value(1) {
			return neither
		}
	}
}

// wrapped reads {"Records": […]} and passes over other members. Null is an empty list.
func (d *Decoder) wrapped() bool {
	found := false
	for first := true; ; first = false {
		more, ok := d.next('}', 0, first)
		if !ok || !more {
			return ok
		}
		d.peek()
		d.spaced = false
		_, name, ok := d.name()
		if !ok {
			return false
		}
		switch {
		case name != "Records":
			ok = d.value(1)
		case found: // readers differ in which of two lists they see
			return d.fail("Records is there twice")
		case d.peek() == '[':
			found, ok = true, d.list(1)
		case d.peek() == 'n':
			found, ok = true, d.word("null")
		default:
			return d.fail("want an array in Records")
		}
		if !ok {
			return false
		}
	}
}

// list reads an array of records.
func (d *Decoder) list(depth int) bool {
	for first := true; ; first = false {
		more, ok := d.next(']', depth, first)
		if !ok || !more {
			return ok
		}
		d.peek()
		if !d.item(depth + 1) {
			return false
		}
	}
}

// stranger passes over an object that is no record.
func (d *Decoder) stranger() bool {
	from := d.pos
	if !d.value(0) {
		return false
	}
	d.refuse(from, "neither a record nor a list of records")
	d.position++
	return true
}
