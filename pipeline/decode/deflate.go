package decode

import (
	"encoding/binary"
	"sync"
)

// deflate decodes DEFLATE data (RFC 1951) of which all is in memory, as is all of what it comes to: no window is kept and carried over, and nothing is
// handed on in pieces. A quarter of a conversion's CPU went into inflating; this takes less than half of the library's time.
// It gives up on anything unusual: the library then decides (Inflate).
//
// The ways are those of libdeflate: 64 bits are looked at together, one look into a table gives a symbol with its base and its extra bits, or two
// literals, and what is copied is copied in blocks, beyond its end.
type deflate struct {
	all     []byte // the data
	data    []byte // what of it is to be taken into held; or its end in tail
	held    uint64 // the n bits that come next, the lowest first; those above are right too, or 0
	n       uint64
	padded  int // how many bytes tail has added to the data
	tail    [64]byte
	lengths [286 + 30]byte
	tables
}

const (
	// slack is how many bytes behind the result deflate may write to: two for each of three looks for literals, and a match of 258 in whole blocks.
	slack = 3*2 + 320
	block = 64
	// ahead is how many bytes of data are there when up to 2 x 56 bits are taken in.
	ahead = 16
)

// decode fills out, but for its last bytes of slack, with what data comes to. It returns how many bytes of data that took; ok is false when it gave up.
func (d *deflate) decode(out, data []byte) (read int, ok bool) {
	d.seek(data, 0)
	at := 0
	for last := uint64(0); last == 0; {
		d.fill()
		last = d.take(1)
		switch d.take(2) {
		case 0:
			at, ok = d.stored(out, at)
		case 1:
			at, ok = d.block(out, at, fixed())
		case 2:
			if ok = d.dynamic(); ok {
				at, ok = d.block(out, at, &d.tables)
			}
		default:
			ok = false
		}
		if !ok {
			return 0, false
		}
	}
	read = d.read()
	return read, at == len(out)-slack && read <= len(data)
}

// seek makes what comes next data from byte at on.
func (d *deflate) seek(data []byte, at int) {
	d.all, d.data, d.held, d.n, d.padded = data, data[at:], 0, 0, 0
}

// read is how many bytes of the data were taken, the last of them perhaps in part.
func (d *deflate) read() int { return len(d.all) + d.padded - len(d.data) - int(d.n>>3) }

// pad copies the end of the data to where zeros follow it. Who goes on there comes to the end of out
// or to a stored block, and gives up, or has read more than there is.
func (d *deflate) pad() {
	n := copy(d.tail[:], d.data)
	clear(d.tail[n:])
	d.padded += len(d.tail) - n
	d.data = d.tail[:]
}

// fill takes in bytes until at least 56 bits are held.
func (d *deflate) fill() {
	if len(d.data) < ahead {
		d.pad()
	}
	d.held |= binary.LittleEndian.Uint64(d.data) << d.n
	d.data = d.data[7-d.n>>3:]
	d.n |= 56
}

func (d *deflate) take(n uint64) uint64 {
	v := d.held & (1<<n - 1)
	d.held >>= n
	d.n -= n
	return v
}

// stored copies a block that is not compressed: from the next whole byte on two bytes of length, the same inverted, and the content.
func (d *deflate) stored(out []byte, at int) (int, bool) {
	pos := d.read()
	if pos > len(d.all)-4 {
		return 0, false
	}
	n, not := binary.LittleEndian.Uint16(d.all[pos:]), binary.LittleEndian.Uint16(d.all[pos+2:])
	pos += 4
	if n != ^not || int(n) > len(d.all)-pos || int(n) > len(out)-slack-at {
		return 0, false
	}
	at += copy(out[at:], d.all[pos:pos+int(n)])
	d.seek(d.all, pos+int(n))
	return at, true
}

// fixed are the tables of blocks that do not bring their own.
var fixed = sync.OnceValue(func() *tables {
	var lengths [288 + 32]byte
	for i := range lengths {
		switch {
		case i >= 288:
			lengths[i] = 5
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	t := new(tables)
	t.fill(lengths[:], 288)
	return t
})

// dynamic reads the codes of a block.
func (d *deflate) dynamic() bool {
	literals, distances, n := int(d.take(5))+257, int(d.take(5))+1, int(d.take(4))+4
	if literals > 286 || distances > 30 {
		return false
	}
	var lengths [19]byte
	for _, i := range []byte{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:n] {
		d.fill()
		lengths[i] = byte(d.take(3))
	}
	var table [1 << lengthBits]uint32
	if !build(table[:], lengthBits, lengths[:], lengthSymbols[:]) {
		return false
	}
	all := d.lengths[:literals+distances]
	for i := 0; i < len(all); {
		d.fill()
		e := table[d.held&(1<<lengthBits-1)]
		d.take(uint64(e & 63))
		if e&isStop != 0 {
			return false
		}
		v, times := byte(e>>value), 1
		switch v {
		case 16: // the last length 3 to 6 times
			if i == 0 {
				return false
			}
			v, times = all[i-1], 3+int(d.take(2))
		case 17:
			v, times = 0, 3+int(d.take(3))
		case 18:
			v, times = 0, 11+int(d.take(7))
		}
		if times > len(all)-i {
			return false
		}
		for range times {
			all[i] = v
			i++
		}
	}
	return d.tables.fill(all, literals)
}

// block decodes the symbols of a block to out, from at on.
func (d *deflate) block(out []byte, at int, t *tables) (to int, ok bool) {
	for ended := false; !ended; {
		d.fill()
		if at, ended, ok = d.symbols(out, at, t); !ok {
			return 0, false
		}
	}
	return at, true
}

// symbols is block as far as the data reaches; fill comes before. Nearly all of the time goes here, and most of it into waiting for an entry, whose
// length says where the next one is looked up: so an entry is looked up with the bits that are left (at least 14: 56 less two literals and a length, or
// three, of first tables) and more bits are taken in meanwhile. All state is in local variables, slices shrink from the front (which needs no check of
// bounds while they are known to be long enough), and a match of up to 64 bytes is copied without asking how long it is.
func (d *deflate) symbols(out []byte, at int, t *tables) (to int, ended, ok bool) {
	data, held, n := d.data, d.held, d.n // of n the lowest six bits count
	rest := out[at:]
	e := uint64(t.literals[held&(1<<literalBits-1)])
	for ; len(data) >= ahead; e = uint64(t.literals[held&(1<<literalBits-1)]) {
		if len(rest) < slack {
			return 0, false, false
		}
		held |= binary.LittleEndian.Uint64(data) << (n & 63)
		data = data[7-n>>3&7:]
		n |= 56
		if e >= literal {
			binary.LittleEndian.PutUint16(rest, uint16(e>>value))
			rest = rest[e>>28:]
			held, n = held>>(e&63), n-e
			e = uint64(t.literals[held&(1<<literalBits-1)])
			if e >= literal {
				binary.LittleEndian.PutUint16(rest, uint16(e>>value))
				rest = rest[e>>28:]
				held, n = held>>(e&63), n-e
				e = uint64(t.literals[held&(1<<literalBits-1)])
			}
		}
		if e&(isDeeper|isStop) != 0 {
			if e&isDeeper != 0 {
				held, n = held>>(e&63), n-e
				e = uint64(t.literals[(e>>value+held&(1<<(e>>8&15)-1))%uint64(len(t.literals))])
			}
			if e&isStop != 0 {
				d.data, d.held, d.n = data, held>>(e&63), (n-e)&63
				return len(out) - len(rest), true, e>>value == 0
			}
		}
		if e >= literal {
			binary.LittleEndian.PutUint16(rest, uint16(e>>value))
			rest = rest[e>>28:]
			held, n = held>>(e&63), n-e
			continue
		}
		length := int(e>>value + held&(1<<(e&63)-1)>>(e>>8&15))
		held, n = held>>(e&63), n-e

		e = uint64(t.distances[held&(1<<distanceBits-1)])
		held |= binary.LittleEndian.Uint64(data) << (n & 63)
		data = data[7-n>>3&7:]
		n |= 56
		if e&(isDeeper|isStop) != 0 {
			if e&isDeeper != 0 {
				held, n = held>>(e&63), n-e
				e = uint64(t.distances[(e>>value+held&(1<<(e>>8&15)-1))%uint64(len(t.distances))])
			}
			if e&isStop != 0 {
				return 0, false, false
			}
		}
		at := len(out) - len(rest)
		from := at - int(e>>value+held&(1<<(e&63)-1)>>(e>>8&15))
		held, n = held>>(e&63), n-e
		if from < 0 {
			return 0, false, false
		}
		if at-from < block/4 {
			rest = repeat(rest, out[from:at], length)
			continue
		}
		src := out[from:]
		for ; length > block; length -= block {
			copyBlock(rest, src)
			rest, src = rest[block:], src[block:]
		}
		copyBlock(rest, src)
		rest = rest[length:]
	}
	d.data, d.held, d.n = data, held, n&63
	return len(out) - len(rest), false, true
}

// copyBlock copies the first bytes of src, which may begin as little as a quarter of a block before dst.
func copyBlock(dst, src []byte) {
	d, s := (*[block]byte)(dst), (*[block]byte)(src)
	copy(d[0:16], s[0:16])
	copy(d[16:32], s[16:32])
	copy(d[32:48], s[32:48])
	copy(d[48:64], s[48:64])
}

// repeat begins dst with length bytes of src over and over; dst follows src. It returns what follows them.
func repeat(dst, src []byte, length int) []byte {
	for i := 0; i < length; {
		i += copy(dst[i:length], src[:len(src)+i])
	}
	return dst[length:]
}
