package counts

import "trailgauge/pipeline/trail"

// Point is the calls of one minute.
type Point struct {
	Minute int32 // since 00:00 UTC of the history's first day
	N      int64 // calls, > 0
}

// Track is a sparse run of minutes, strictly ascending. A minute that is not in it had no calls, or was not
// observed: Exposure tells which.
type Track []Point

// CodeTrack is the calls of a series that ended in one error code.
type CodeTrack struct {
	Code string // as in the trail, or the synthetic code of trail.ErrorOf
	Track
}

// History is what one series did over consecutive days, the last of which is the day to score.
// The days before it are the fit window; the two never overlap.
type History struct {
	Series
	Data  bool      // data events; management events otherwise
	First trail.Day // day of minute 0
	Zone  Zone      // the account's clocks, for the hour of the week; counts and days stay UTC
	Days  int       // how many days, the scored one included; at least 1
	// Born is the minute of the first call the lake knows of, relative to First; negative when that lies before First.
	Born int32
	// RatedBorn is the same of the first call whose rate is scored: who has only read so far is new to writing. Before Born it says nothing.
	RatedBorn int32

	Rated  Track       // calls whose rate is scored: write calls (management), all calls (data); empty when none are, and the very points of All when all are
	All    Track       // every call, read and write: what errors are a share of
	Errors []CodeTrack // one a code, ascending by code; a part of All
	New    Track       // first calls of APIs that the principal had never used, as far as the lake knows; only in a principal's roll-up
}

// Scored returns the day to score.
func (h *History) Scored() trail.Day { return h.First + trail.Day(h.Days-1) }
