package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// MaxObject is the usual limit of an object's inflated size in bytes. CloudTrail writes at most 50 MB.
const MaxObject = 64 << 20

// ErrTooLarge is the error of an object that inflates to the limit or beyond.
var ErrTooLarge = errors.New("object is too large")

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

// inflater is the library's way to read gzip and our own: the library reads the header, ours the plain rest, and what that gives up on is the
// library's again, which alone says what is wrong.
type inflater struct {
	library gzip.Reader
	own     deflate
}

// Inflate appends the content of an object to dst. A body that does not begin with gzip's magic bytes is
// appended as it is. A gzip body must be one whole member and nothing after it: readers differ in what they make
// of a second member, so one could hide there. Content of limit bytes or more is ErrTooLarge.
func Inflate(dst, body []byte, limit int64) ([]byte, error) {
	if len(body) < 2 || body[0] != 0x1f || body[1] != 0x8b {
		if int64(len(body)) >= limit {
			return dst, fmt.Errorf("%w: %d bytes, limit %d", ErrTooLarge, len(body), limit)
		}
		return append(dst, body...), nil
	}
	z := inflaters.Get().(*inflater)
	defer inflaters.Put(z)
	src := bytes.NewReader(body)
	if err := z.library.Reset(src); err != nil {
		return dst, fmt.Errorf("inflating: %w", unexpected(err))
	}
	size := sizeHint(body, limit)
	dst = slices.Grow(dst, size+slack)
	if int64(size) < limit {
		if out, ok := z.own.member(dst, body[len(body)-src.Len():], size); ok {
			return out, nil
		}
	}
	z.library.Multistream(false)
	out, err := readBelow(dst, &z.library, limit)
	if err != nil {
		return dst, err
	}
	if src.Len() > 0 {
		return dst, fmt.Errorf("inflating: %d bytes follow the end of the gzip member", src.Len())
	}
	return out, nil
}

// member appends the content of a gzip member of which data is all but the header, and which comes to size bytes, to dst. dst has room for
// slack bytes more. It gives up unless data ends with the member, and checksum and size agree.
func (d *deflate) member(dst, data []byte, size int) ([]byte, bool) {
	room := dst[len(dst) : len(dst)+size+slack]
	read, ok := d.decode(room, data)
	d.seek(nil, 0) // keeps no data alive
	if !ok || len(data)-read != 8 {
		return nil, false
	}
	sum, n := binary.LittleEndian.Uint32(data[read:]), binary.LittleEndian.Uint32(data[read+4:])
	return dst[:len(dst)+size], n == uint32(size) && sum == crc32.ChecksumIEEE(room[:size])
}

// readBelow appends all of z to dst, unless that is limit bytes or more.
func readBelow(dst []byte, z io.Reader, limit int64) ([]byte, error) {
	from := len(dst)
	for {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, max(512, (len(dst)-from)/4))
		}
		n, err := z.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if int64(len(dst)-from) >= limit {
			return nil, fmt.Errorf("%w: limit %d bytes", ErrTooLarge, limit)
		}
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return nil, fmt.Errorf("inflating: %w", unexpected(err))
		}
	}
}

// sizeHint is the size that the trailer claims; it is no more than the limit, and than deflate can make of the body (1,032 bytes of one).
func sizeHint(body []byte, limit int64) int {
	if len(body) < 18 {
		return 0
	}
	claim := int64(binary.LittleEndian.Uint32(body[len(body)-4:]))
	return int(max(0, min(claim, limit, int64(len(body))*1032)))
}

// unexpected names the end of input inside of a member by the error that says so.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
