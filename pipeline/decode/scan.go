package decode

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// maxDepth is how deep an object may nest. The deepest real record nests 11 levels.
const maxDepth = 200

// scanner moves over JSON text and checks its grammar (RFC 8259), without making values of it. It was chosen
// over a library because it tells compact text from spaced text as it goes, and hands out spans, not values.
// Every method that returns a bool has noted what is wrong in reason when it returns false.
type scanner struct {
	data    []byte
	pos     int
	spaced  bool   // white space between tokens was met
	escaped bool   // a backslash was met in a string
	reason  string // why the text is not JSON, at pos
}

func (s *scanner) fail(reason string) bool {
	if s.reason == "" {
		s.reason = reason
	}
	return false
}

func (s *scanner) err() error {
	return fmt.Errorf("reading JSON: %s at byte %d", s.reason, s.pos)
}

// peek moves over white space and returns the byte at pos; 0, which no JSON text has there, at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		if c > ' ' || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c
		}
		s.spaced = true
		s.pos++
	}
	return 0
}

// value moves over the value at pos, which is inside of depth objects and arrays.
func (s *scanner) value(depth int) bool {
	switch s.peek() {
	case '"':
		return s.text()
	case '{':
		return s.object(depth)
	case '[':
		return s.array(depth)
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

func (s *scanner) object(depth int) bool {
	for first := true; ; first = false {
		more, ok := s.next('}', depth, first)
		if !ok || !more {
			return ok
		}
		if s.peek() != '"' {
			return s.fail("want the name of a member")
		}
		if !s.text() || !s.colon() || !s.value(depth+1) {
			return false
		}
	}
}

func (s *scanner) array(depth int) bool {
	for first := true; ; first = false {
		more, ok := s.next(']', depth, first)
		if !ok || !more {
			return ok
		}
		if !s.value(depth + 1) {
			return false
		}
	}
}

// next moves over the bracket before the first item of an object or array, the comma before the others, or
// the closing bracket, and tells whether an item follows.
func (s *scanner) next(closing byte, depth int, first bool) (more, ok bool) {
	if first {
		if depth >= maxDepth {
			return false, s.fail("nested too deeply")
		}
		s.pos++
		if s.peek() == closing {
			s.pos++
			return false, true
		}
		return true, true
	}
	switch s.peek() {
	case ',':
		s.pos++
		return true, true
	case closing:
		s.pos++
		return false, true
	case 0:
		return false, s.fail("the text ends too early")
	}
	return false, s.fail("want a comma or a closing bracket")
}

func (s *scanner) colon() bool {
	if s.peek() != ':' {
		return s.fail("want a colon")
	}
	s.pos++
	return true
}

func (s *scanner) word(w string) bool {
	if len(s.data)-s.pos < len(w) || string(s.data[s.pos:s.pos+len(w)]) != w {
		return s.fail("want a value")
	}
	s.pos += len(w)
	return true
}

func (s *scanner) number() bool {
	if s.pos < len(s.data) && s.data[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.data) && s.data[s.pos] == '0' {
		s.pos++
	} else if !s.digits() {
		if s.pos >= len(s.data) {
			return s.fail("the text ends too early")
		}
		return s.fail("want a value")
	}
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		s.pos++
		if !s.digits() {
			return s.fail("want a digit")
		}
	}
	if s.pos < len(s.data) && s.data[s.pos]|0x20 == 'e' {
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		if !s.digits() {
			return s.fail("want a digit")
		}
	}
	return true
}

// digits moves over decimal digits and tells whether there was one.
func (s *scanner) digits() bool {
	from := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos > from
}

// text moves over the string whose opening quote is at pos.
func (s *scanner) text() bool {
	i := s.pos + 1
	for {
		if rest := s.data[i:]; len(rest) >= 16 {
			m := notable(binary.LittleEndian.Uint64(rest))
			if m == 0 {
				if m = notable(binary.LittleEndian.Uint64(rest[8:])); m == 0 {
					i += 16
					continue
				}
				i += 8
			}
			i += bits.TrailingZeros64(m) >> 3
		}
		if i >= len(s.data) {
			s.pos = i
			return s.fail("the text ends inside of a string")
		}
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return true
		case c == '\\':
			n := escapeLen(s.data[i:])
			if n == 0 {
				s.pos = i
				return s.fail("unknown escape in a string")
			}
			s.escaped = true
			i += n
		case c < ' ':
			s.pos = i
			return s.fail("control character in a string")
		default:
			i++
		}
	}
}

// notable marks the bytes of w that are a quote, a backslash or a control character with their highest bit.
// The lowest mark is exact; marks above it need not be (Bit Twiddling Hacks, "Determine if a word has a byte
// less than n").
func notable(w uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote := w ^ ones*'"'
	slash := w ^ ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w) & highs
}

// escapeLen returns the length of the escape at the start of b, 0 for none.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b); ok {
			return 6
		}
	}
	return 0
}

// hex4 reads \uXXXX at the start of b.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
