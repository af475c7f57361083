package lake

import (
	"encoding/binary"
	"errors"

	"github.com/zeebo/xxh3"
)

// A seal ends what this package writes in a form of its own, since a file that was cut where an entry ends would look whole: 16 bytes that say what
// it is, then big-endian the number of entries (8) and the XXH3-64 of all that comes before the seal (8).
const sealSize = 32

const (
	sealKeys  = "trailgauge keys\x00"
	sealTiles = "trailgauge tiles"
)

// appendSeal seals n entries, dst[from:].
func appendSeal(dst []byte, from int, what string, n int) []byte {
	sum := xxh3.Hash(dst[from:])
	dst = binary.BigEndian.AppendUint64(append(dst, what...), uint64(n))
	return binary.BigEndian.AppendUint64(dst, sum)
}

// unseal returns the entries, and how many there are to be. The error says what is wrong with them.
func unseal(body []byte, what string) (entries []byte, n uint64, err error) {
	end := len(body) - sealSize
	if end < 0 || string(body[end:end+16]) != what {
		return nil, 0, errors.New("not sealed: truncated or foreign")
	}
	if binary.BigEndian.Uint64(body[end+24:]) != xxh3.Hash(body[:end]) {
		return nil, 0, errors.New("not what its seal says: damaged")
	}
	return body[:end], binary.BigEndian.Uint64(body[end+16:]), nil
}
