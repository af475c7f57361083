package counts

import (
	"cmp"
	"slices"
	"strings"

	"trailgauge/pipeline/trail"
)

// ComparePrincipal orders tiles by account, principal, API, region, class, day: the order in which the roll-ups of principals are read.
func (t *Tile) ComparePrincipal(u *Tile) int {
	return cmp.Or(
		strings.Compare(t.Account, u.Account), strings.Compare(t.Principal, u.Principal),
		strings.Compare(t.Source, u.Source), strings.Compare(t.Name, u.Name), strings.Compare(t.Region, u.Region),
		t.Class.Compare(u.Class), cmp.Compare(t.Day, u.Day))
}

// ByPrincipal returns tiles in the order of ComparePrincipal.
func ByPrincipal(tiles []Tile) []Tile {
	tiles = slices.Clone(tiles)
	slices.SortFunc(tiles, func(a, b Tile) int { return a.ComparePrincipal(&b) })
	return tiles
}

// MergePrincipals is Merge for readers in the order of ComparePrincipal.
func MergePrincipals(readers ...Reader) Reader {
	return &merge{todo: readers, heads: heads{compare: (*Tile).ComparePrincipal}}
}

// Denied stands for all error codes of access denied in a principal's roll-up.
const Denied = "AccessDenied"

// Principals groups tiles, in the order of ComparePrincipal, into one history a principal: the roll-up of all its management calls, to
// all APIs in all regions of the account. Of errors it has those of access denied alone, as Denied. New counts the APIs it had never used
// before, each in the minute of its first call; DataNovelty counts those of data events too. fn owns what it gets.
func (a Assembly) Principals(tiles Reader, fn func(*History) error) error {
	var g total
	for {
		t, err := tiles.Next()
		if err != nil {
			return err
		}
		if g.used && (t == nil || t.Account != g.account || t.Principal != g.principal) {
			if h := g.history(a); h != nil {
				if err := fn(h); err != nil {
					return err
				}
			}
			g = total{}
		}
		if t == nil {
			return nil
		}
		g.add(a, t)
	}
}

// total adds up the tiles of one principal.
type total struct {
	used               bool
	account, principal string
	source, name       string // the API that is being read
	first              int32  // minute of its first call that counts as new
	named              bool   // first is known
	born, ratedBorn    birth
	all, rated, denied Track
	novel              Track
}

func (g *total) add(a Assembly, t *Tile) {
	if !g.used {
		*g = total{used: true, account: t.Account, principal: t.Principal}
	}
	if len(t.Minutes) == 0 {
		return
	}
	base := int32(t.Day-a.First) * trail.MinutesPerDay
	at := base + int32(t.Minutes[0])
	g.born.see(at)
	if !t.Data && a.rates(t) {
		g.ratedBorn.see(at)
	}
	if t.Source != g.source || t.Name != g.name {
		g.firstUse()
		g.source, g.name = t.Source, t.Name
	}
	if !t.Data || a.DataNovelty {
		if !g.named || at < g.first {
			g.first, g.named = at, true
		}
	}
	if t.Data || base < 0 || t.Day > a.scored() {
		return
	}
	g.all = g.all.join(base, t)
	if a.rates(t) {
		g.rated = g.rated.join(base, t)
	}
	if trail.FamilyOf(t.ErrorCode) == trail.AccessDenied {
		g.denied = g.denied.join(base, t)
	}
}

// firstUse counts the API that was read.
func (g *total) firstUse() {
	if g.named && g.first >= 0 {
		g.novel = append(g.novel, Point{g.first, 1})
	}
	g.named = false
}

// history returns what the tiles come to; nil when they hold nothing of the history's days.
func (g *total) history(a Assembly) *History {
	g.firstUse()
	h := &History{
		Series: Series{Account: g.account, Principal: g.principal}, First: a.First, Days: a.Days, Zone: a.zone(g.account), Born: g.born.at, RatedBorn: g.ratedBorn.at,
		All: g.all.tidy(), Rated: g.rated.tidy(), New: g.novel.tidy(),
	}
	if d := g.denied.tidy(); len(d) > 0 {
		h.Errors = []CodeTrack{{Denied, d}}
	}
	if len(h.All) == 0 && len(h.New) == 0 {
		return nil
	}
	return h
}
