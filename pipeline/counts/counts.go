// Package counts turns events into integer tiles and merges them: calls per minute of one series on one day.
// Merging is integer addition, so any grouping of the same events gives the same tiles.
package counts

import "trailgauge/pipeline/trail"

// Series names what is counted: the calls of one API by one principal, in one account and region.
// With an empty Principal it is the API's roll-up over all principals, the unit of CloudTrail Insights. Without Region, Source and Name
// it is the principal's, over all APIs in all regions of the account.
// Series are comparable and can be map keys.
type Series struct {
	Account   string `json:"account"`             // its ID
	Region    string `json:"region"`              // "" of a roll-up over all
	Source    string `json:"eventSource"`         // eventSource, ec2.amazonaws.com
	Name      string `json:"eventName"`           // eventName, RunInstances
	Principal string `json:"principal,omitempty"` // trail.PrincipalOf
}

// Class says which of a series' calls a tile holds.
type Class struct {
	Data      bool   // data events; management events otherwise
	ReadOnly  bool   // read calls; write calls otherwise
	ErrorCode string // "" for calls that succeeded
}

// Tile is the calls of one series and class on one UTC day. Minutes is strictly ascending, Counts has the same
// length and holds no zero. A count is negative only in a tile that corrects an earlier one.
type Tile struct {
	Series
	Class
	Day     trail.Day
	Minutes []uint16 // minute of the day, 0 to 1439
	Counts  []int64  // calls in that minute
}
