package counts

import (
	"slices"
	"strings"

	"trailgauge/pipeline/trail"
)

// Assembly says how tiles become histories.
type Assembly struct {
	First      trail.Day // first day of the fit window; tiles before it only tell when a series was born
	Days       int       // days of a history, the scored one included
	ScoreReads bool      // rate management read calls too
	// DataNovelty counts APIs of data events among those that a principal had never used.
	DataNovelty bool
	// Zones are the clocks of accounts; those of an account that has none are under "". They must cover the days of a history.
	Zones map[string]Zone
}

func (a Assembly) scored() trail.Day { return a.First + trail.Day(a.Days-1) }

// rates tells whether a tile's calls are among those whose rate is scored.
func (a Assembly) rates(t *Tile) bool { return t.Data || !t.ReadOnly || a.ScoreReads }

// birth is the first minute seen; 0 before any.
type birth struct {
	at   int32
	some bool
}

func (b *birth) see(at int32) {
	if !b.some || at < b.at {
		b.at, b.some = at, true
	}
}

// maxCodes bounds the error codes of one series that are kept apart; the rest is added up as OtherCodes. CloudTrail knows
// a few hundred codes, one API a handful: only a made-up trail has more.
const maxCodes = 64

// OtherCodes stands for the error codes beyond a series' first 64 in alphabetical order.
const OtherCodes = "(other error codes)"

// Histories groups tiles, in the order of Tile.Compare, into the histories of their series, and calls fn for each one
// and then, after an API's principals, for the API's roll-up. fn owns what it gets. A series with calls before the window only is passed
// over. An error of the reader or of fn ends it.
func (a Assembly) Histories(tiles Reader, fn func(*History) error) error {
	var own, api gather
	flush := func(g *gather) error {
		for _, h := range g.histories(a) {
			if h.IsTotal() { // calls of no region, source and name cannot be told from the principal's roll-up, and are in it
				continue
			}
			if err := fn(h); err != nil {
				return err
			}
		}
		g.reset()
		return nil
	}
	for {
		t, err := tiles.Next()
		if err != nil {
			return err
		}
		if len(own.tiles) > 0 && (t == nil || t.Series != own.series) {
			if err := flush(&own); err != nil {
				return err
			}
		}
		if len(api.tiles) > 0 && (t == nil || t.Series.API() != api.series) {
			if err := flush(&api); err != nil {
				return err
			}
		}
		if t == nil {
			return nil
		}
		own.series, api.series = t.Series, t.Series.API()
		own.tiles, api.tiles = append(own.tiles, *t), append(api.tiles, *t)
	}
}

// gather holds the tiles of one series, or of one API.
type gather struct {
	series Series
	tiles  []Tile
}

func (g *gather) reset() { g.tiles = g.tiles[:0] }

// histories makes one history of the management tiles and one of the data tiles, where there are any.
func (g *gather) histories(a Assembly) []*History {
	var out []*History
	points := g.points()
	for _, data := range []bool{false, true} {
		h := &History{Series: g.series, Data: data, First: a.First, Days: a.Days, Zone: a.zone(g.series.Account)}
		var codes codeTracks
		var born, rated birth
		apart := false // some calls are not rated
		for i := range g.tiles {
			t := &g.tiles[i]
			if t.Data != data || len(t.Minutes) == 0 {
				continue
			}
			base := int32(t.Day-a.First) * trail.MinutesPerDay
			at := base + int32(t.Minutes[0])
			born.see(at)
			if a.rates(t) {
				rated.see(at)
			}
			if base < 0 || t.Day > h.Scored() {
				continue
			}
			if !a.rates(t) && !apart {
				apart, h.Rated = true, slices.Clone(h.All)
			}
			h.All = h.All.room(points).join(base, t)
			if a.rates(t) && apart {
				h.Rated = h.Rated.room(points).join(base, t)
			}
			if t.ErrorCode != "" {
				codes.join(t.ErrorCode, base, t)
			}
		}
		h.Born, h.RatedBorn = born.at, rated.at
		h.All, h.Errors = h.All.tidy(), codes.tidy()
		if h.Rated = h.Rated.tidy(); !apart {
			h.Rated = h.All
		}
		if len(h.All) > 0 {
			out = append(out, h)
		}
	}
	return out
}

// points is how many points the tiles hold.
func (g *gather) points() (n int) {
	for i := range g.tiles {
		n += len(g.tiles[i].Minutes)
	}
	return n
}

// room makes room for so many points in a track that has none yet.
func (tr Track) room(points int) Track {
	if tr == nil {
		tr = make(Track, 0, points)
	}
	return tr
}

// join appends a tile's minutes; tidy must follow once all are in.
func (tr Track) join(base int32, t *Tile) Track {
	for i, m := range t.Minutes {
		tr = append(tr, Point{base + int32(m), t.Counts[i]})
	}
	return tr
}

type codeTracks []CodeTrack

func (c *codeTracks) join(code string, base int32, t *Tile) {
	i := slices.IndexFunc(*c, func(x CodeTrack) bool { return x.Code == code })
	if i < 0 {
		i = len(*c)
		*c = append(*c, CodeTrack{Code: code})
	}
	(*c)[i].Track = (*c)[i].Track.join(base, t)
}

func (c codeTracks) tidy() []CodeTrack {
	slices.SortFunc(c, func(a, b CodeTrack) int { return strings.Compare(a.Code, b.Code) })
	for len(c) > maxCodes {
		last := c[len(c)-1]
		c = c[:len(c)-1]
		if c[maxCodes-1].Code != OtherCodes {
			c[maxCodes-1].Code = OtherCodes
		}
		c[maxCodes-1].Track = append(c[maxCodes-1].Track, last.Track...)
	}
	k := 0
	for i := range c {
		if c[i].Track = c[i].Track.tidy(); len(c[i].Track) > 0 {
			c[k] = c[i]
			k++
		}
	}
	return c[:k]
}
