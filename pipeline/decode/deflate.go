package decode

import (
	"encoding/binary"
	"math/bits"
)

// deflate decodes DEFLATE data (RFC 1951) when all of it is in memory and the size of the result is known, which is what a trail's objects are: then
// no window has to be kept and carried over. It takes two thirds of the time of the library.
// It may give up on anything unusual: the library then decides (Inflate).
//
// The ways are those of libdeflate: 64 bits are looked at together, and one look into a table gives a symbol with its base and its extra bits.
type deflate struct {
	literals  [2342]uint32 // zlib's ENOUGH of 288 symbols, 15 bits, 11 of them in the first table
	distances [402]uint32  // of 32 symbols, 15 bits, 8
	lengths   [288 + 32]byte
}

// slack is how many bytes behind the result deflate may write to.
const slack = 3 + 258 + 8

// An entry of a table: bits 0 to 4, the length of the code; bits 8 to 11, how many extra bits follow; bits 16 to 30, the base or the literal. Of an entry
// that leads to a table of longer codes: bits 8 to 11, the bits that table is looked up by; from bit 16 on, where it begins.
const (
	literalBits, distanceBits, lengthBits = 11, 8, 7

	isLiteral = 1 << 31
	isDeeper  = 1 << 15
	isEnd     = 1 << 14
)

// Symbols and what they stand for, as in an entry. 0 is a symbol that no data may have.
var literalSymbols, distanceSymbols, lengthSymbols = symbols()

func symbols() (l [288]uint32, d, p [32]uint32) {
	for i := range 256 {
		l[i] = isLiteral | uint32(i)<<16
	}
	l[256] = isEnd
	base := uint32(3)
	for i := range uint32(28) {
		extra := max(i/4, 1) - 1
		l[257+i] = base<<16 | extra<<8
		base += 1 << extra
	}
	l[285] = 258 << 16
	base = 1
	for i := range uint32(30) {
		extra := max(i/2, 1) - 1
		d[i] = base<<16 | extra<<8
		base += 1 << extra
	}
	for i := range uint32(19) {
		p[i] = i << 16
	}
	return l, d, p
}

// build makes the table of a code from the lengths of its symbols' codes. A code that is not complete has at most one symbol.
func build(table []uint32, first int, lengths []byte, symbols []uint32) bool {
	var count, next [17]int
	for _, n := range lengths {
		count[n]++
	}
	used := len(lengths) - count[0]
	count[0] = 0
	free := 1
	for n := 1; n < 16; n++ {
		if free = 2*free - count[n]; free < 0 {
			return false
		}
		next[n+1] = (next[n] + count[n]) << 1
	}
	if free > 0 && used > 1 {
		return false
	}
	clear(table[:1<<first])
	var codes [288]uint16
	deepest := [1 << literalBits]byte{}
	for s, n := range lengths {
		if n == 0 {
			continue
		}
		code := int(bits.Reverse16(uint16(next[n])) >> (16 - n))
		next[n]++
		codes[s] = uint16(code)
		if low := code & (1<<first - 1); int(n) > first {
			deepest[low] = max(deepest[low], n)
			continue
		}
		for i := code; i < 1<<first; i += 1 << n {
			table[i] = symbols[s] | uint32(n)
		}
	}
	end := 1 << first
	for s, n := range lengths {
		if int(n) <= first {
			continue
		}
		low := codes[s] & (1<<first - 1)
		by := int(deepest[low]) - first
		if table[low] == 0 {
			table[low] = isDeeper | uint32(end)<<16 | uint32(by)<<8 | uint32(first)
			if end += 1 << by; end > len(table) {
				return false
			}
		}
		sub := table[table[low]>>16:][:1<<by]
		for i := int(codes[s] >> first); i < 1<<by; i += 1 << (int(n) - first) {
			sub[i] = symbols[s] | uint32(int(n)-first)
		}
	}
	return true
}

// input is data read bit by bit, the lowest first.
type input struct {
	data []byte
	pos  int    // of the next byte to be taken into held
	held uint64 // at least n bits that come next; those above are right too, or 0
	n    uint
}

// fill takes in bytes until 56 bits are held, or there are no more.
func (in *input) fill() {
	for in.n < 56 && in.pos < len(in.data) {
		in.held |= uint64(in.data[in.pos]) << in.n
		in.pos++
		in.n += 8
	}
}

func (in *input) take(n uint) (v uint32, ok bool) {
	if in.n < n {
		if in.fill(); in.n < n {
			return 0, false
		}
	}
	v = uint32(in.held & (1<<n - 1))
	in.held >>= n
	in.n -= n
	return v, true
}

// symbol reads a symbol and returns its entry, with the extra bits added to the base.
func (in *input) symbol(table []uint32, first uint) (entry uint32, ok bool) {
	in.fill()
	e := table[in.held&(1<<first-1)]
	if e&isDeeper != 0 {
		if _, ok := in.take(first); !ok {
			return 0, false
		}
		e = table[e>>16+uint32(in.held)&(1<<(e>>8&15)-1)]
	}
	if _, ok := in.take(uint(e & 31)); !ok || e == 0 {
		return 0, false
	}
	if e&isLiteral == 0 {
		extra, ok := in.take(uint(e >> 8 & 15))
		return e + extra<<16, ok
	}
	return e, true
}

// decode fills out, but for its last bytes of slack, with what in comes to. It returns how many bytes of in that took; ok is false when it gave up.
func (d *deflate) decode(out, data []byte) (read int, ok bool) {
	in := input{data: data}
	end := len(out) - slack
	at := 0
	for last := uint32(0); last == 0; {
		var kind uint32
		if last, ok = in.take(1); !ok {
			return 0, false
		}
		if kind, ok = in.take(2); !ok {
			return 0, false
		}
		switch kind {
		case 0:
			at, ok = in.stored(out[:end], at)
		case 1:
			ok = d.fixed()
		case 2:
			ok = d.dynamic(&in)
		default:
			ok = false
		}
		if ok && kind > 0 {
			at, ok = d.block(out, at, &in)
		}
		if !ok {
			return 0, false
		}
	}
	return in.pos - int(in.n/8), at == end
}

func (in *input) stored(out []byte, at int) (int, bool) {
	in.take(in.n % 8)
	in.pos -= int(in.n / 8)
	in.held, in.n = 0, 0
	if len(in.data)-in.pos < 4 {
		return 0, false
	}
	n, not := binary.LittleEndian.Uint16(in.data[in.pos:]), binary.LittleEndian.Uint16(in.data[in.pos+2:])
	in.pos += 4
	if n != ^not || len(in.data)-in.pos < int(n) || len(out)-at < int(n) {
		return 0, false
	}
	copy(out[at:], in.data[in.pos:in.pos+int(n)])
	in.pos += int(n)
	return at + int(n), true
}

func (d *deflate) fixed() bool {
	for i := range 288 {
		switch {
		case i < 144, i >= 280:
			d.lengths[i] = 8
		case i < 256:
			d.lengths[i] = 9
		default:
			d.lengths[i] = 7
		}
	}
	for i := range 32 {
		d.lengths[288+i] = 5
	}
	return d.tables(288, 32)
}

func (d *deflate) tables(literals, distances int) bool {
	return build(d.literals[:], literalBits, d.lengths[:literals], literalSymbols[:]) &&
		build(d.distances[:], distanceBits, d.lengths[literals:literals+distances], distanceSymbols[:])
}

// dynamic reads the codes of a block.
func (d *deflate) dynamic(in *input) bool {
	in.fill()
	head, ok := in.take(14)
	literals, distances, n := int(head&31)+257, int(head>>5&31)+1, int(head>>10)+4
	if !ok || literals > 286 {
		return false
	}
	var lengths [19]byte
	for _, i := range []byte{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:n] {
		v, ok := in.take(3)
		if !ok {
			return false
		}
		lengths[i] = byte(v)
	}
	var table [1 << lengthBits]uint32
	if !build(table[:], lengthBits, lengths[:], lengthSymbols[:]) {
		return false
	}
	for i := 0; i < literals+distances; {
		e, ok := in.symbol(table[:], lengthBits)
		if !ok {
			return false
		}
		s := byte(e >> 16)
		if s < 16 {
			d.lengths[i] = s
			i++
			continue
		}
		// 16: the last length 3 to 6 times; 17 and 18: 0, 3 to 10 and 11 to 138 times.
		how := [3]struct{ bits, least uint }{{2, 3}, {3, 3}, {7, 11}}[s-16]
		more, ok := in.take(how.bits)
		times := int(how.least) + int(more)
		if !ok || i+times > literals+distances || s == 16 && i == 0 {
			return false
		}
		v := byte(0)
		if s == 16 {
			v = d.lengths[i-1]
		}
		for range times {
			d.lengths[i] = v
			i++
		}
	}
	return d.lengths[256] > 0 && d.tables(literals, distances)
}

// block decodes the symbols of a block to out, from at on.
func (d *deflate) block(out []byte, at int, in *input) (int, bool) {
	at, ended, ok := d.fast(out, at, in)
	end := len(out) - slack
	for ok && !ended {
		var e uint32
		if e, ok = in.symbol(d.literals[:], literalBits); !ok {
			break
		}
		switch {
		case e&isLiteral != 0:
			if at >= end {
				return 0, false
			}
			out[at] = byte(e >> 16)
			at++
		case e&isEnd != 0:
			ended = true
		default:
			n := int(e >> 16)
			e, ok = in.symbol(d.distances[:], distanceBits)
			far := int(e >> 16)
			if !ok || n < 3 || far == 0 || far > at || n > end-at {
				return 0, false
			}
			for range n {
				out[at] = out[at-far]
				at++
			}
		}
	}
	return at, ok
}

// fast is block as far as there are bytes to spare before and behind.
func (d *deflate) fast(out []byte, at int, in *input) (to int, ended, ok bool) {
	data, pos, held, n := in.data, in.pos, in.held, in.n
	end := len(out) - slack
	ok = true
	for pos+16 <= len(data) && at <= end {
		held |= binary.LittleEndian.Uint64(data[pos:]) << (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		e := d.literals[held&(1<<literalBits-1)]
		if e&isLiteral != 0 {
			held >>= e & 31
			n -= uint(e & 31)
			out[at] = byte(e >> 16)
			at++
			e = d.literals[held&(1<<literalBits-1)]
			if e&isLiteral != 0 {
				held >>= e & 31
				n -= uint(e & 31)
				out[at] = byte(e >> 16)
				at++
				e = d.literals[held&(1<<literalBits-1)]
				if e&isLiteral != 0 {
					held >>= e & 31
					n -= uint(e & 31)
					out[at] = byte(e >> 16)
					at++
					continue
				}
			}
		}
		if e&isDeeper != 0 {
			held >>= literalBits
			n -= literalBits
			i := e>>16 + uint32(held)&(1<<(e>>8&15)-1)
			if e = d.literals[i]; e&isLiteral != 0 {
				held >>= e & 31
				n -= uint(e & 31)
				out[at] = byte(e >> 16)
				at++
				continue
			}
		}
		held >>= e & 31
		n -= uint(e & 31)
		if e&isEnd != 0 {
			ended = true
			break
		}
		extra := e >> 8 & 15
		length := int(e>>16) + int(held&(1<<extra-1))
		held >>= extra
		n -= uint(extra)
		if n < 28 {
			held |= binary.LittleEndian.Uint64(data[pos:]) << (n & 63)
			pos += int((63 - n) >> 3)
			n |= 56
		}
		e = d.distances[held&(1<<distanceBits-1)]
		if e&isDeeper != 0 {
			held >>= distanceBits
			n -= distanceBits
			e = d.distances[e>>16+uint32(held)&(1<<(e>>8&15)-1)]
		}
		held >>= e & 31
		n -= uint(e & 31)
		extra = e >> 8 & 15
		far := int(e>>16) + int(held&(1<<extra-1))
		held >>= extra
		n -= uint(extra)
		from := at - far
		if length < 3 || far == 0 || from < 0 || at+length > end {
			ok = false
			break
		}
		to := at + length
		if far >= length && length > 32 {
			copy(out[at:to], out[from:])
			at = to
			continue
		}
		if far >= 8 {
			for at < to {
				binary.LittleEndian.PutUint64(out[at:], binary.LittleEndian.Uint64(out[from:]))
				at, from = at+8, from+8
			}
			at = to
			continue
		}
		for ; at < to; at++ {
			out[at] = out[from]
			from++
		}
	}
	in.pos, in.held, in.n = pos, held, n
	return at, ended, ok
}
