package digest

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/store"
)

// Options say what is verified.
type Options struct {
	Trail store.Store
	Path  string // path of Trail within its bucket or file system: an AWSLogs segment may lie in it
	// From and To bound the digests: those that end after From and at most two hours after To, with their log files.
	From, To time.Time
	Keys     Keys
	// Looked is told of every object read, in any order, by several goroutines at once; nil: nobody is.
	Looked func(objects, bytes int64)
}

// regionsAtOnce is how many regions of accounts are verified at once, each in a goroutine that remembers its log files.
const regionsAtOnce = 4

// readsAtOnce is how many small objects are being read at a time, over all regions.
const readsAtOnce = 32

// Verify verifies a trail. An error is about reading it (or ErrNoDigests); what is wrong with the trail is in the result.
func Verify(ctx context.Context, o Options) (*Result, error) {
	o.Path = strings.Trim(o.Path, "/")
	if o.Looked == nil {
		o.Looked = func(int64, int64) {}
	}
	v := &verifier{Options: o, read: make(chan struct{}, readsAtOnce), unpack: make(chan struct{}, runtime.GOMAXPROCS(0)), large: make(chan struct{}, 1)}
	found, err := v.regions(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]*Result, len(found))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(regionsAtOnce)
	for i, r := range found {
		g.Go(func() (err error) {
			results[i], err = v.region(gctx, r)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out := &Result{SchemaVersion: 1, Trail: o.Trail.URL(""), From: o.From.UTC(), To: o.To.UTC(), Gaps: []Gap{}, Findings: []Finding{}}
	for _, r := range results {
		out.add(r)
	}
	if n := out.Digests; n.Valid+n.Invalid+n.Unsigned == 0 {
		return out, fmt.Errorf("verifying %s: %w that end from %s to %s", o.Trail.URL(""), ErrNoDigests, out.From.Format(time.RFC3339), out.To.Format(time.RFC3339))
	}
	return out, nil
}

func (r *Result) add(s *Result) {
	d, l, t, u := &r.Digests, &r.Logs, s.Digests, s.Logs
	d.Valid, d.Invalid, d.Missing, d.Unsigned = d.Valid+t.Valid, d.Invalid+t.Invalid, d.Missing+t.Missing, d.Unsigned+t.Unsigned
	l.Valid, l.Unproven, l.Invalid, l.Missing = l.Valid+u.Valid, l.Unproven+u.Unproven, l.Invalid+u.Invalid, l.Missing+u.Missing
	l.Uncovered += u.Uncovered
	l.Unreferenced, l.Outside, l.Pending = l.Unreferenced+u.Unreferenced, l.Outside+u.Outside, l.Pending+u.Pending
	if s.Found != nil {
		r.cover(s.Found.From, s.Found.To)
	}
	r.More += s.More
	for _, g := range s.Gaps {
		r.gap(g)
	}
	for _, f := range s.Findings {
		r.find(f)
	}
}

func (r *Result) find(f Finding) {
	if len(r.Findings) == MaxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}

func (r *Result) gap(g Gap) {
	if len(r.Gaps) == MaxFindings {
		r.More++
		return
	}
	r.Gaps = append(r.Gaps, g)
}

func (r *Result) cover(from, to time.Time) {
	if r.Found == nil {
		r.Found = &struct {
			From time.Time `json:"from"`
			To   time.Time `json:"to"`
		}{from.UTC(), to.UTC()}
		return
	}
	if from.Before(r.Found.From) {
		r.Found.From = from.UTC()
	}
	if to.After(r.Found.To) {
		r.Found.To = to.UTC()
	}
}

// region is one account's folder of one region.
type region struct {
	account string // folder of the account, "…/AWSLogs/111122223333/"
	name    string
}

func (r region) digests() string { return r.account + "CloudTrail-Digest/" + r.name + "/" }
func (r region) logs() string    { return r.account + "CloudTrail/" + r.name + "/" }

// aboveAWSLogs bounds how deep below the store's root an AWSLogs folder is looked for.
const aboveAWSLogs = 6

// regions finds the regions of all accounts that have digests or log files.
func (v *verifier) regions(ctx context.Context) ([]region, error) {
	var found []region
	var walk func(dir string, depth int) error
	walk = func(dir string, depth int) error {
		folders, err := v.Trail.Folders(ctx, dir)
		if err != nil {
			return err
		}
		for _, f := range folders {
			if !store.Clean(strings.TrimSuffix(f, "/")) {
				continue
			}
			switch below, inside := v.belowAWSLogs(f); {
			case !inside && depth < aboveAWSLogs, path.Base(f) == "AWSLogs":
				err = walk(f, depth+1)
			case !inside:
			case len(below) <= 1, len(below) == 2 && strings.HasPrefix(below[0], "o-"): // the organisation, the account
				err = walk(f, depth)
			case path.Base(f) == "CloudTrail", path.Base(f) == "CloudTrail-Digest":
				var names []string
				names, err = v.Trail.Folders(ctx, f)
				for _, n := range names {
					if store.Clean(strings.TrimSuffix(n, "/")) {
						found = append(found, region{dir, path.Base(n)})
					}
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	err := walk("", 0)
	slices.SortFunc(found, func(a, b region) int { return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.name, b.name)) })
	return slices.Compact(found), err
}

// belowAWSLogs returns the segments of a folder after the last AWSLogs, false when there is no such.
func (v *verifier) belowAWSLogs(folder string) ([]string, bool) {
	all := strings.Split(strings.Trim(v.Path+"/"+strings.TrimSuffix(folder, "/"), "/"), "/")
	for i := len(all) - 1; i >= 0; i-- {
		if all[i] == "AWSLogs" {
			return all[i+1:], true
		}
	}
	return nil, false
}
