package decode

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strings"
	"unsafe"

	"trailgauge/pipeline/trail"
)

// A memo's bounds: how long a text it remembers, how many, and how far it looks for one. Real callers take 100 to 700 bytes.
const (
	maxRemembered = 1 << 10
	maxTexts      = 1 << 12
	slots         = 4 * maxTexts
	maxLook       = 16
)

// memo knows what came of texts decoded before, so that the same text need not be taken apart again. A text here is the rest of an
// object: from the value of a member that begins a part of the record to the closing brace. No such text is the beginning of another
// one, so that it is enough to find it at pos; where it ends need not be known before.
//
// A full memo forgets everything: what is still in use is met again soon, and endless new texts cost no more than being remembered.
type memo struct {
	slots     []uint32 // 1 + index of a text, by hash, with linear probing; three quarters or more are 0
	texts     []remembered
	forgotten uint64 // how many texts there were before: no number is given twice
}

// remembered is what came of a text.
type remembered struct {
	hash   uint64
	text   string
	values []piece
	extra  string // the members it adds to Extra

	principal, kind string // of a caller, once they are known
}

// piece is a column's value: a piece of the text.
type piece struct {
	column   column
	from, to uint16 // of a boolean: to is 1 when it is true
}

// column is a column of a part, as the row that its members are decoded into has it.
type column struct {
	at   uint16
	kind kind
}

// part is what a schema has of a part of the record: some of its fields, of which CloudTrail writes a certain one first.
type part struct {
	trail.Part
	first   int    // field
	fields  uint64 // bits by their index
	columns []column
}

// opening is where the text of a part begins.
type opening struct {
	part  *part
	from  int // in the object
	hash  uint64
	extra int    // length of the record's Extra
	seen  uint64 // fields
}

// seed keeps the hashes from being foreseen. No output depends on it.
var seed = maphash.MakeSeed()

// recall decodes what begins at pos if its text was met before. Otherwise it says what to remember, if that can be done.
func (d *Decoder) recall(p *part, row unsafe.Pointer) (met bool, o opening) {
	rest := d.data[d.pos:min(len(d.data), d.pos+maxRemembered)]
	// What lies behind the first closing brace hardly ever tells two texts apart that are the same before it.
	n := bytes.IndexByte(rest, '}')
	if n < 0 {
		return false, o
	}
	m := &d.memos[p.Part]
	h := maphash.Bytes(seed, rest[:n])
	i := m.find(h, rest)
	if i < 0 {
		return false, opening{part: p, from: d.pos, hash: h, extra: len(d.extra)}
	}
	t := &m.texts[i]
	for _, v := range t.values {
		switch at := unsafe.Add(row, v.column.at); {
		case v.column.kind != boolean:
			*(*string)(at) = t.text[v.from:v.to]
		case v.to == 1:
			*(**bool)(at) = &yes
		default:
			*(**bool)(at) = &no
		}
	}
	if t.extra != "" {
		d.comma()
		d.extra = append(d.extra, t.extra...)
	}
	d.pos += len(t.text)
	d.alike[p.Part] = m.number(i)
	return true, o
}

// remember notes what came of the text from o to pos, if it is all that the row's columns of the part have their values from.
func (d *Decoder) remember(o opening, row unsafe.Pointer) {
	raw := d.data[o.from:d.pos]
	if len(raw) > maxRemembered || d.wrapper {
		return
	}
	m := &d.memos[o.part.Part]
	t := remembered{hash: o.hash}
	d.values = d.values[:0]
	for _, c := range o.part.columns {
		at, v := unsafe.Add(row, c.at), piece{column: c}
		switch c.kind {
		case attributes:
			if *(*map[string]string)(at) != nil {
				return
			}
			continue
		case boolean:
			b := *(**bool)(at)
			if b == nil {
				continue
			}
			if *b {
				v.to = 1
			}
		default:
			s := *(*string)(at)
			if s == "" {
				continue
			}
			// A text that had escapes is none of the object's own.
			from := uintptr(unsafe.Pointer(unsafe.StringData(s))) - uintptr(unsafe.Pointer(unsafe.SliceData(raw)))
			if from >= uintptr(len(raw)) {
				return
			}
			v.from, v.to = uint16(from), uint16(int(from)+len(s))
		}
		d.values = append(d.values, v)
	}
	t.text, t.values = string(raw), slices.Clone(d.values)
	t.extra = strings.TrimPrefix(string(d.extra[o.extra:]), ",")
	if i := m.add(t); i >= 0 {
		d.alike[o.part.Part] = m.number(i)
	}
}

// number returns the number of a text, from 1, by its index.
func (m *memo) number(i int) uint64 { return m.forgotten + uint64(i) + 1 }

// at returns the text of that number, nil for none.
func (m *memo) at(number uint64) *remembered {
	if number == 0 {
		return nil
	}
	return &m.texts[number-m.forgotten-1]
}

// find returns the index of the text that is at the start of rest, -1 for none.
func (m *memo) find(hash uint64, rest []byte) int {
	if len(m.slots) == 0 {
		return -1
	}
	for k := range uint64(maxLook) {
		n := m.slots[(hash+k)%slots]
		if n == 0 {
			return -1
		}
		if t := &m.texts[n-1]; t.hash == hash && len(t.text) <= len(rest) && string(rest[:len(t.text)]) == t.text {
			return int(n - 1)
		}
	}
	return -1
}

// add returns the index of a new text, -1 if too many others have its place.
func (m *memo) add(t remembered) int {
	switch {
	case m.slots == nil:
		m.slots = make([]uint32, slots)
		clear(m.slots) // else each page of it is found empty first and written later, which halts all other processors
	case len(m.texts) == maxTexts:
		m.forgotten += maxTexts
		clear(m.slots)
		clear(m.texts)
		m.texts = m.texts[:0]
	}
	for k := range uint64(maxLook) {
		if at := &m.slots[(t.hash+k)%slots]; *at == 0 {
			if n := len(m.texts); n == cap(m.texts) { // room for all at once would be read by each garbage collection
				m.texts = append(make([]remembered, 0, min(max(2*n, 64), maxTexts)), m.texts...)
			}
			m.texts = append(m.texts, t)
			*at = uint32(len(m.texts))
			return len(m.texts) - 1
		}
	}
	return -1
}
