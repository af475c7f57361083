package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Estimate is what a run would read and about how many requests that takes. Requests are what S3 and KMS bill.
type Estimate struct {
	Objects  int64            `json:"objects"`
	Bytes    int64            `json:"bytes"`
	Shards   int              `json:"shards"`
	First    trail.Day        `json:"first"`              // first delivery day that was listed
	Foreign  map[string]int64 `json:"foreign,omitempty"`  // other objects, by folder; a folder is counted up to 1,000
	Archived int64            `json:"archived,omitempty"` // need a restore before they can be read
	Earlier  int64            `json:"earlier,omitempty"`  // delivered before First
	Later    int64            `json:"later,omitempty"`    // delivered after as-of
	Requests EstimatedCost    `json:"requests"`
	Hint     string           `json:"hint,omitempty"`
}

// EstimatedCost counts requests. List was measured just now; the others follow from the plan.
type EstimatedCost struct {
	List       int64 `json:"list"`
	Get        int64 `json:"get"`
	Put        int64 `json:"put"`
	KMSDecrypt int64 `json:"kmsDecrypt"` // at most: one an object, where the trail is encrypted with KMS and without a bucket key
	KMSEncrypt int64 `json:"kmsEncrypt"` // at most: one a write, where the lake is
}

// Foresee plans a run and writes nothing.
func Foresee(ctx context.Context, o Options) (*Estimate, error) {
	var asked store.Requests
	o.Trail, o.Lake = store.Counted(o.Trail, &asked), store.Counted(o.Lake, &asked)
	c, err := lake.Current(ctx, o.Lake)
	if err != nil {
		return nil, err
	}
	if err := o.check(c); err != nil {
		return nil, err
	}
	p, l, err := o.plan(ctx, c)
	if err != nil {
		return nil, err
	}
	e := &Estimate{Shards: len(p.Shards), First: p.First, Foreign: l.foreign, Archived: l.archived, Earlier: l.earlier, Later: l.later}
	e.Objects, e.Bytes = p.Objects()
	days, parts := map[string]bool{}, int64(0)
	for _, s := range p.Shards {
		mine := map[string]bool{}
		for _, o2 := range s.Objects {
			d := deliveryDay(o.TrailPath, o2.Key)
			mine[d], days[d] = true, true
		}
		parts += int64(len(mine)) + 1 // an object's events may be of the day before
	}
	e.Requests.List = asked.Load().List
	if e.Objects > 0 {
		// A part writes events a day, its counts and keys in one file, and itself; merging reads the keys and counts, and a manifest and fingerprints of each of
		// the last days, and writes keys, fingerprints, counts, a manifest, symlinks and a list a day; deciding reads the counts of the fit window twice.
		touched, indexed := int64(len(days))+1, int64(0)
		for _, d := range c.Days {
			if d.Day >= trail.DayOf(p.AsOf)-RelistDays {
				indexed++
			}
		}
		e.Requests.Put = parts + 2*int64(len(p.Shards)) + 8*touched + 12
		e.Requests.Get = e.Objects + 3*parts + 4*touched + 2*indexed + 2*(FitDays+BornDays) + 12
		e.Requests.KMSDecrypt, e.Requests.KMSEncrypt = e.Objects, e.Requests.Put
	}
	e.Hint = emptyHint(l, p)
	return e, nil
}

// emptyHint says what to do when nothing lies in the days that were asked for.
func emptyHint(l *listing, p *Plan) string {
	switch {
	case len(l.objects) > 0:
		return ""
	case l.earlier > 0 || l.dated && l.oldest < p.First:
		return fmt.Sprintf("nothing was delivered since %s, but the trail goes back to %s: give --from %s (and an --as-of of that time)", p.First, l.oldest, l.oldest)
	case l.later > 0:
		return "all log files are stamped after as-of: give a later --as-of"
	case l.archived > 0:
		return "all log files are in an archive storage class: restore them first"
	case len(l.foreign) > 0:
		return "there are objects, but no log files of CloudTrail (*.json.gz in a folder CloudTrail below AWSLogs): is this the trail's bucket and prefix?"
	}
	return "there is nothing here: is this the trail's bucket and prefix?"
}

// Text shows an estimate to a person.
func (e *Estimate) Text(lakeKMS bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "a run would read %d objects, %.1f MB, in %d shards (deliveries since %s)\n", e.Objects, float64(e.Bytes)/1e6, e.Shards, e.First)
	fmt.Fprintf(&b, "requests, about: %d LIST, %d GET, %d PUT", e.Requests.List, e.Requests.Get, e.Requests.Put)
	fmt.Fprintf(&b, "; KMS: up to %d Decrypt if the trail is encrypted with it", e.Requests.KMSDecrypt)
	if lakeKMS {
		fmt.Fprintf(&b, ", up to %d GenerateDataKey for the lake", e.Requests.KMSEncrypt)
	}
	b.WriteByte('\n')
	for _, folder := range slices.Sorted(maps.Keys(e.Foreign)) {
		fmt.Fprintf(&b, "passed over: %d objects of %s\n", e.Foreign[folder], report.Clean(folder))
	}
	for _, x := range []struct {
		n    int64
		what string
	}{{e.Archived, "archived: restore them to have them read"}, {e.Earlier, "delivered before the first day asked for"}, {e.Later, "delivered after as-of"}} {
		if x.n > 0 {
			fmt.Fprintf(&b, "passed over: %d objects %s\n", x.n, x.what)
		}
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "hint: %s\n", e.Hint)
	}
	return b.String()
}
