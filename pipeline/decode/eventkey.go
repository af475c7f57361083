package decode

import "github.com/zeebo/xxh3"

// EventKey returns the identity of an event that has an ID: XXH3-128 of its account, a NUL and its eventID, as in Meta.Key.
func EventKey(account, eventID string) [16]byte {
	buf := make([]byte, 0, 64)
	return xxh3.Hash128(append(append(append(buf, account...), 0), eventID...)).Bytes()
}
