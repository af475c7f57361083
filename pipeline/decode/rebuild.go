package decode

import (
	"fmt"
	"maps"
	"slices"
	"unsafe"

	"trailgauge/pipeline/trail"
)

// Rebuild returns the record that r was decoded from: the same JSON value, written compactly and with the
// members that have columns first. An error means that r was not decoded from a record: its Extra, or a column of
// JSON text, is not JSON.
func Rebuild(r *trail.Record) ([]byte, error) {
	var over []member
	if r.Extra != "" {
		s := scanner{data: []byte(r.Extra)}
		if s.peek() != '{' || !s.value(0) || s.pos != len(s.data) || s.spaced {
			return nil, fmt.Errorf("rebuilding record %.64q: extra is not a compact JSON object", r.EventID)
		}
		over = membersOf(s.data)
	}
	out := appendGroup(make([]byte, 0, 2048), recordSchema, unsafe.Pointer(r), over)
	if s := (scanner{data: out}); !s.value(0) || s.pos != len(out) {
		return nil, fmt.Errorf("rebuilding record %.64q: %w", r.EventID, s.err())
	}
	return out, nil
}

// appendGroup appends the object of one group of columns, with the members of over laid over it.
func appendGroup(dst []byte, s *schema, row unsafe.Pointer, over []member) []byte {
	last := make(map[string]member, len(over))
	for _, m := range over {
		last[m.name] = m
	}
	dst = append(dst, '{')
	for i := range s.fields {
		f := &s.fields[i]
		m, overlaid := last[f.name]
		delete(last, f.name)
		before := len(dst)
		dst = append(appendComma(dst), f.quoted...)
		switch named := len(dst); {
		case overlaid && f.kind == group && m.value[0] == '{':
			dst = appendGroup(dst, f.fields, f.group(row), membersOf(m.value))
		case overlaid:
			dst = append(dst, m.value...)
		default:
			if dst = appendColumn(dst, f, row); len(dst) == named {
				dst = dst[:before]
			}
		}
	}
	for _, m := range over {
		if kept, ok := last[m.name]; ok && kept.index == m.index {
			dst = append(append(append(appendComma(dst), m.quoted...), ':'), m.value...)
		}
	}
	return append(dst, '}')
}

func appendComma(dst []byte) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return dst
}

// appendColumn appends the value a column stands for, nothing for a null.
func appendColumn(dst []byte, f *field, row unsafe.Pointer) []byte {
	switch f.kind {
	case text:
		if v := *f.text(row); v != "" {
			dst = appendQuoted(dst, v)
		}
	case flag, raw:
		dst = append(dst, *f.text(row)...)
	case boolean:
		if v := *f.boolean(row); v != nil {
			dst = fmt.Append(dst, *v)
		}
	case group:
		if b := appendGroup(dst, f.fields, f.group(row), nil); len(b) > len(dst)+len("{}") {
			dst = b
		}
	case resources:
		dst = appendResources(dst, *f.resources(row))
	case attributes:
		dst = appendAttributes(dst, *f.attributes(row))
	}
	return dst
}

func appendResources(dst []byte, rows []trail.Resource) []byte {
	for i := range rows {
		dst = append(dst, "[,"[min(i, 1)])
		dst = appendGroup(dst, resourceSchema, unsafe.Pointer(&rows[i]), nil)
	}
	if len(rows) > 0 {
		dst = append(dst, ']')
	}
	return dst
}

func appendAttributes(dst []byte, values map[string]string) []byte {
	for i, name := range slices.Sorted(maps.Keys(values)) {
		dst = append(dst, "{,"[min(i, 1)])
		dst = append(appendQuoted(dst, name), ':')
		dst = appendQuoted(dst, values[name])
	}
	if len(values) > 0 {
		dst = append(dst, '}')
	}
	return dst
}
