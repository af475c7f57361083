package decode

import "slices"

// lastWins appends the compact JSON value at the start of the text to dst, with only the last of the members
// that share a name in an object, as most readers of JSON understand it.
func lastWins(dst, value []byte) []byte {
	switch value[0] {
	case '{':
		members := membersOf(value)
		last := make(map[string]int, len(members))
		for i, m := range members {
			last[m.name] = i
		}
		members = slices.DeleteFunc(members, func(m member) bool { return last[m.name] != m.index })
		dst = append(dst, '{')
		for i, m := range members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(append(dst, m.quoted...), ':')
			dst = lastWins(dst, m.value)
		}
		return append(dst, '}')
	case '[':
		s := scanner{data: value}
		dst = append(dst, '[')
		for n := 0; ; n++ {
			if more, _ := s.next(']', 0, n == 0); !more {
				return append(dst, ']')
			}
			if n > 0 {
				dst = append(dst, ',')
			}
			from := s.pos
			s.value(0)
			dst = lastWins(dst, value[from:s.pos])
		}
	}
	return append(dst, value...)
}

// member is one member of an object.
type member struct {
	index  int
	name   string // as it is meant
	quoted []byte // as it is written
	value  []byte
}

// membersOf takes a compact, valid JSON object apart.
func membersOf(object []byte) []member {
	var members []member
	d := Decoder{scanner: scanner{data: object}}
	for n := 0; ; n++ {
		if more, _ := d.next('}', 0, n == 0); !more {
			return members
		}
		quoted, name, _ := d.name()
		from := d.pos
		d.value(0)
		members = append(members, member{n, name, quoted, object[from:d.pos]})
	}
}
