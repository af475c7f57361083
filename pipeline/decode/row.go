package decode

import (
	"strings"
	"unsafe"

	"trailgauge/pipeline/trail"
)

var yes, no = true, false

// row decodes the compact JSON object at pos into r and leaves the record's Extra in d.extra. It returns false
// with a reason when the text is not JSON, and without one when the text must be brought into another form
// first: d.spaced says that it has white space, d.repeated that it has a member twice.
func (d *Decoder) row(r *trail.Record) bool {
	d.extra = append(d.extra[:0], '{')
	d.wrapper, d.alike = false, trail.Alike{}
	_, ok := d.members(recordSchema, unsafe.Pointer(r), recordDepth)
	if ok && len(d.extra) > 1 {
		d.extra = append(d.extra, '}')
	} else {
		d.extra = d.extra[:0]
	}
	return ok
}

// members decodes the object at pos into the columns of one group and returns its number of members.
func (d *Decoder) members(s *schema, row unsafe.Pointer, depth int) (n int, ok bool) {
	var seen uint64
	var known opening
	for i := -1; ; n++ {
		more, ok := d.next('}', depth, n == 0)
		if !ok || !more {
			ok = ok && !d.spaced
			if ok && known.part != nil && seen&^known.seen&^known.part.fields == 0 {
				d.remember(known, row)
			}
			return n, ok
		}
		if k := d.foreseen(s, i+1); k >= 0 {
			i = k
		} else {
			quoted, name, ok := d.name()
			if !ok {
				return n, false
			}
			if i = s.find(name); i < 0 {
				if d.wrapper = d.wrapper || name == "CloudTrailEvent"; !d.unknown(quoted, depth) {
					return n, false
				}
				continue
			}
		}
		bit := uint64(1) << i
		if seen&bit != 0 {
			d.repeated = true
			return n, false
		}
		if p := s.part; p != nil && i == p.first && seen&p.fields == 0 {
			var met bool
			if met, known = d.recall(p, row); met {
				return n + 1, true
			}
			known.seen = seen
		}
		seen |= bit
		if !d.field(&s.fields[i], row, depth+1) {
			return n, false
		}
	}
}

// foreseen moves over the name and the colon of the next member if it is that of field i or one of the next few, and returns which; else -1.
// Members mostly come in CloudTrail's own order, which is that of the fields.
func (d *Decoder) foreseen(s *schema, i int) int {
	rest := d.data[d.pos:]
	for end := min(i+4, len(s.fields)); i < end; i++ {
		if q := s.fields[i].quoted; len(rest) >= len(q) && rest[1] == q[1] && string(rest[:len(q)]) == q {
			d.pos += len(q)
			return i
		}
	}
	return -1
}

// name moves over a member's name and its colon, and returns the name as it is written and as it is meant.
func (d *Decoder) name() (quoted []byte, name string, ok bool) {
	if d.peek() != '"' {
		return nil, "", d.fail("want the name of a member")
	}
	if d.spaced {
		return nil, "", false
	}
	from := d.pos
	d.escaped = false
	if !d.text() {
		return nil, "", false
	}
	quoted = d.data[from:d.pos]
	name = view(quoted[1 : len(quoted)-1])
	if d.escaped {
		b, _ := appendUnescaped(nil, quoted[1:len(quoted)-1])
		name = view(b)
	}
	return quoted, name, d.colon()
}

// unknown keeps a member that has no column.
func (d *Decoder) unknown(quoted []byte, depth int) bool {
	from := d.pos
	if !d.value(depth + 1) {
		return false
	}
	d.comma()
	d.extra = append(append(d.extra, quoted...), ':')
	d.extra = append(d.extra, d.data[from:d.pos]...)
	return true
}

// keep puts the value of a member that its column cannot tell into Extra.
func (d *Decoder) keep(f *field, value []byte) {
	d.comma()
	d.extra = append(append(d.extra, f.quoted...), value...)
}

func (d *Decoder) comma() {
	if d.extra[len(d.extra)-1] != '{' {
		d.extra = append(d.extra, ',')
	}
}

// field decodes the value at pos.
func (d *Decoder) field(f *field, row unsafe.Pointer, depth int) bool {
	from, c := d.pos, d.peek()
	switch {
	case c == '"' && f.kind <= raw:
		return d.stringValue(f, row)
	case c == '{' && f.kind == group:
		return d.groupValue(f, row, depth)
	case c == '[' && f.kind == resources:
		return d.resourceValues(f, row, depth)
	case c == '{' && f.kind == attributes:
		return d.attributeValues(f, row, depth)
	}
	if !d.value(depth) {
		return false
	}
	value := d.data[from:d.pos]
	literal := c == 't' || c == 'f'
	if c != 'n' {
		switch {
		case f.kind == boolean && literal:
			if *f.boolean(row) = &no; c == 't' {
				*f.boolean(row) = &yes
			}
		case f.kind <= raw && f.kind != boolean:
			*f.text(row) = view(value)
		}
	}
	if natural := f.kind == raw && (c == '{' || c == '[') || (f.kind == flag || f.kind == boolean) && literal; !natural {
		d.keep(f, value)
	}
	return true
}

func (d *Decoder) stringValue(f *field, row unsafe.Pointer) bool {
	from := d.pos
	d.escaped = false
	if !d.text() {
		return false
	}
	quoted := d.data[from:d.pos]
	content, natural := d.content(quoted)
	if f.kind == boolean {
		if strings.EqualFold(content, "true") {
			*f.boolean(row) = &yes
		} else if strings.EqualFold(content, "false") {
			*f.boolean(row) = &no
		}
	} else {
		*f.text(row) = content
	}
	if !natural || f.kind != text || content == "" {
		d.keep(f, quoted)
	}
	return true
}

// content returns the text of a string that was just moved over; clean is false where the text differs.
func (d *Decoder) content(quoted []byte) (s string, clean bool) {
	inside := quoted[1 : len(quoted)-1]
	if !d.escaped {
		return view(inside), true
	}
	b, clean := appendUnescaped(d.arena.reserve(len(inside)), inside)
	return view(b), clean
}

func (d *Decoder) groupValue(f *field, row unsafe.Pointer, depth int) bool {
	before := len(d.extra)
	d.keep(f, []byte{'{'})
	open := len(d.extra)
	n, ok := d.members(f.fields, f.group(row), depth)
	if n > 0 && len(d.extra) == open {
		d.extra = d.extra[:before]
	} else {
		d.extra = append(d.extra, '}')
	}
	return ok
}

func (d *Decoder) resourceValues(f *field, row unsafe.Pointer, depth int) bool {
	from, before := d.pos, len(d.extra)
	d.items = d.items[:0]
	natural := true
	for first := true; ; first = false {
		more, ok := d.next(']', depth, first)
		if !ok || d.spaced {
			return false
		}
		if !more {
			break
		}
		d.items = append(d.items, trail.Resource{})
		if d.peek() != '{' {
			natural = false
			if !d.value(depth + 1) {
				return false
			}
			continue
		}
		n, ok := d.members(resourceSchema, unsafe.Pointer(&d.items[len(d.items)-1]), depth+1)
		if !ok {
			return false
		}
		natural = natural && n > 0 && len(d.extra) == before
	}
	d.extra = d.extra[:before]
	if !natural || len(d.items) == 0 {
		d.keep(f, d.data[from:d.pos])
	}
	if len(d.items) > 0 {
		*f.resources(row) = d.items
	}
	return true
}

func (d *Decoder) attributeValues(f *field, row unsafe.Pointer, depth int) bool {
	from, natural := d.pos, true
	values := map[string]string{}
	for first := true; ; first = false {
		more, ok := d.next('}', depth, first)
		if !ok || d.spaced {
			return false
		}
		if !more {
			break
		}
		quoted, name, ok := d.name()
		if !ok {
			return false
		}
		if d.escaped {
			_, clean := appendUnescaped(nil, quoted[1:len(quoted)-1])
			natural = natural && clean
		}
		if _, twice := values[name]; twice {
			d.repeated = true
			return false
		}
		if d.peek() != '"' {
			natural = false
			if !d.value(depth + 1) {
				return false
			}
			continue
		}
		start := d.pos
		d.escaped = false
		if !d.text() {
			return false
		}
		content, clean := d.content(d.data[start:d.pos])
		values[name] = content
		natural = natural && clean
	}
	if len(values) > 0 {
		*f.attributes(row) = values
	}
	if !natural || len(values) == 0 {
		d.keep(f, d.data[from:d.pos])
	}
	return true
}
