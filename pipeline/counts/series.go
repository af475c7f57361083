package counts

import (
	"cmp"
	"strings"
)

// Compare orders series by account, region, source, name, principal: the order of every counts file. An API's roll-up
// (empty principal) comes right before its principals.
func (s Series) Compare(t Series) int {
	return cmp.Or(
		strings.Compare(s.Account, t.Account), strings.Compare(s.Region, t.Region), strings.Compare(s.Source, t.Source),
		strings.Compare(s.Name, t.Name), strings.Compare(s.Principal, t.Principal))
}

// API returns the roll-up that s is a part of.
func (s Series) API() Series { s.Principal = ""; return s }

// IsTotal tells whether s is the roll-up of a principal over all APIs.
func (s Series) IsTotal() bool {
	return s.Region == "" && s.Source == "" && s.Name == "" && s.Principal != ""
}

// Compare orders classes: management before data, write before read, then by error code, success first.
func (c Class) Compare(d Class) int {
	return cmp.Or(compareBool(c.Data, d.Data), compareBool(c.ReadOnly, d.ReadOnly), strings.Compare(c.ErrorCode, d.ErrorCode))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Compare orders tiles by series, class, day.
func (t *Tile) Compare(u *Tile) int {
	return cmp.Or(t.Series.Compare(u.Series), t.Class.Compare(u.Class), cmp.Compare(t.Day, u.Day))
}

// Calls returns the sum of a tile's counts.
func (t *Tile) Calls() int64 {
	var n int64
	for _, c := range t.Counts {
		n += c
	}
	return n
}
