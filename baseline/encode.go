package baseline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

const sketchFormat = 1

// MarshalBinary writes the sketch in a form that depends on the series counted alone: rows in key order, integers as varints.
func (s *Sketch) MarshalBinary() ([]byte, error) {
	s.trim()
	b := []byte{sketchFormat}
	keys := slices.SortedFunc(maps.Keys(s.rows), compareKeys)
	b = binary.AppendUvarint(b, uint64(len(keys)))
	for _, k := range keys {
		b = append(b, byte(k.Channel), byte(k.Over), k.Group)
		b = appendString(appendString(b, k.Source), k.Name)
		for i, zeros := 0, uint64(0); i < sumsLen; i++ { // runs of zeros, then a value
			if v := s.rows[k][i]; v != 0 {
				b = binary.AppendVarint(binary.AppendUvarint(b, zeros), v)
				zeros = 0
				continue
			}
			if zeros++; i == sumsLen-1 {
				b = binary.AppendUvarint(b, zeros)
			}
		}
	}
	return b, nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errSketch = errors.New("reading a sketch: truncated or of another format")

// UnmarshalBinary reads what MarshalBinary wrote.
func (s *Sketch) UnmarshalBinary(data []byte) error {
	if len(data) == 0 || data[0] != sketchFormat {
		return errSketch
	}
	r := reader{b: data[1:]}
	n := r.uvarint()
	s.rows = map[key]*sums{}
	for ; n > 0 && !r.bad; n-- {
		k := key{class: class{Channel(r.byte()), over(r.byte())}, Group: r.byte()}
		k.Source, k.Name = r.string(), r.string()
		v := new(sums)
		for i := 0; i < sumsLen && !r.bad; i++ {
			zeros := r.uvarint()
			if zeros > uint64(sumsLen-i) {
				r.bad = true
				break
			}
			if i += int(zeros); i < sumsLen {
				v[i] = r.varint()
			}
		}
		s.rows[k] = v
	}
	if r.bad {
		return errSketch
	}
	if len(r.b) > 0 {
		return fmt.Errorf("reading a sketch: %d bytes too many", len(r.b))
	}
	return nil
}

// reader decodes varints and remembers the first failure.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) {
	if r.bad = r.bad || n <= 0; !r.bad {
		r.b = r.b[n:]
	}
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	r.take(n)
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	r.take(n)
	return v
}

func (r *reader) byte() byte {
	if r.bad || len(r.b) == 0 {
		r.bad = true
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) string() string {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return ""
	}
	v := string(r.b[:n])
	r.b = r.b[n:]
	return v
}
