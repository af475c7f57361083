package decode

import "math/bits"

// tables are the codes of a block, as tables that are looked up by the bits that come next. Codes longer than the bits of the first table lead to a
// second one behind it. The sizes are zlib's ENOUGH (2,342 and 402: no complete code takes more), rounded up so that a mask keeps an index inside.
type tables struct {
	literals  [4096]uint32 // literals, lengths and the end of the block
	distances [512]uint32
}

// An entry of a table says what the bits stand for:
//
//	bits 0 to 5    how many bits are taken: the code and the extra bits behind it
//	bit 6          the code is longer: bits 8 to 11 more bits look up an entry from index bits 12 to 27 on
//	bit 7          no length or distance: the end of the block, or with a value what no data may have
//	bits 8 to 11   how many bits the code has, where extra bits may follow
//	bits 12 to 27  a length, distance or number of bits, before the extra bits are added; or one or two literals, the first in the lower byte
//	bits 28 and 29 how many literals
const (
	literalBits, distanceBits, lengthBits = 11, 8, 7 // of the first tables

	isDeeper = 1 << 6
	isStop   = 1 << 7
	value    = 12
	literal  = 1 << 28
	bad      = isStop | 1<<value
)

// What symbols stand for (RFC 1951, 3.2.5 and 3.2.7), as entries without the bits of the code.
var literalSymbols, distanceSymbols, lengthSymbols = symbols()

func symbols() (l [288]uint32, d, p [32]uint32) {
	for i := range uint32(256) {
		l[i] = literal | i<<value
	}
	l[256], l[286], l[287] = isStop, bad, bad
	base := uint32(3)
	for i := range uint32(28) {
		extra := max(i/4, 1) - 1
		l[257+i] = base<<value | extra
		base += 1 << extra
	}
	l[285] = 258 << value
	base = 1
	for i := range uint32(30) {
		extra := max(i/2, 1) - 1
		d[i] = base<<value | extra
		base += 1 << extra
	}
	d[30], d[31] = bad, bad
	for i := range uint32(19) {
		p[i] = i << value
	}
	return l, d, p
}

// fill makes the tables of a block from the lengths of its codes; those of the distances follow the literals'. It reports whether the codes are good.
func (t *tables) fill(lengths []byte, literals int) bool {
	return build(t.literals[:], literalBits, lengths[:literals], literalSymbols[:]) &&
		build(t.distances[:], distanceBits, lengths[literals:], distanceSymbols[:])
}

// build makes the table of a code from the lengths of its symbols' codes, 0 to 15. It reports whether the code is complete, or has no more than one
// symbol, which is of one bit then.
//
// Codes are kept with their first bit lowest, as they are read. The table of n bits is that of n-1 bits twice, and the codes of n bits.
func build(table []uint32, first int, lengths []byte, symbols []uint32) bool {
	var count, next [17]int
	for _, n := range lengths {
		count[n&15]++
	}
	used := len(lengths) - count[0]
	count[0] = 0
	free := 1
	for n := 1; n < 16; n++ {
		if free = 2*free - count[n]; free < 0 {
			return false
		}
		next[n+1] = next[n] + count[n]
	}
	if free > 0 {
		return used == count[1] && used <= 1 && lone(table[:1<<first], lengths, symbols)
	}
	var sorted [288]uint16 // symbols in the order of their codes
	for s, n := range lengths {
		if n > 0 {
			sorted[next[n&15]] = uint16(s)
			next[n&15]++
		}
	}
	var singles [256]single
	code, done, few := 0, 0, 0
	for n := 1; n <= first; n++ {
		for _, s := range sorted[done : done+count[n]] {
			e := symbols[s] + uint32(n)*0x101
			table[code] = e
			if e >= literal {
				singles[few&255] = single{uint32(code), e}
				few++
			}
			code = after(code, n)
		}
		done += count[n]
		if n < first {
			copy(table[1<<n:2<<n], table[:1<<n])
		}
	}
	if done < used {
		deepen(table, first, count[:], sorted[done:used], code, symbols)
	}
	pair(table[:1<<first], uint32(first), singles[:few])
	return true
}

// lone is build for a code of one symbol or none.
func lone(table []uint32, lengths []byte, symbols []uint32) bool {
	for i := range table {
		table[i] = bad
	}
	for s, n := range lengths {
		for i := 0; n == 1 && i < len(table); i += 2 {
			table[i] = symbols[s] + 0x101
		}
	}
	return true
}

// after is the code of n bits behind code, which is not the last of them; put before n+1 bits, it is also the first of those.
func after(code, n int) int {
	bit := 1 << bits.Len(uint(code^(1<<n-1))) >> 1
	return code&(bit-1) | bit
}

// deepen adds the second tables, for the sorted symbols with codes of more than first bits, of which code is the first. It takes from count.
func deepen(table []uint32, first int, count []int, sorted []uint16, code int, symbols []uint32) {
	prefix, start, by, end := -1, 0, 0, 1<<first
	n := first + 1
	for _, s := range sorted {
		for count[n] == 0 {
			n++
		}
		if low := code & (1<<first - 1); low != prefix {
			prefix, start, by = low, end, n-first
			for room := count[n]; room < 1<<by; { // as large as its longest code
				by++
				room = 2*room + count[first+by]
			}
			end += 1 << by
			table[prefix] = isDeeper | uint32(start)<<value | uint32(by)<<8 | uint32(first)
		}
		for i := code >> first; i < 1<<by; i += 1 << (n - first) {
			table[start+i] = symbols[s] + uint32(n-first)*0x101
		}
		count[n]--
		code = after(code, n)
	}
}

// single is the code of a literal and its entry.
type single struct{ code, entry uint32 }

// pair joins two literals whose codes fit into the first bits to one entry. Singles have the shortest codes first.
func pair(table []uint32, first uint32, singles []single) {
	for _, a := range singles {
		short := a.entry & 63
		for _, b := range singles {
			n := short + b.entry&63
			if n > first {
				break
			}
			e := 2*literal | b.entry>>value&255<<(value+8) | a.entry>>value&255<<value | n
			for i := b.code<<short | a.code; i < uint32(len(table)); i += 1 << n {
				table[i] = e
			}
		}
	}
}
