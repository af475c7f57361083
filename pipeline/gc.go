package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// How long what nothing names any more is kept.
const (
	GraceTime   = 24 * time.Hour       // a query may have begun to read a file before it was superseded
	reportTime  = 90 * 24 * time.Hour  // reports of runs
	recordsTime = 400 * 24 * time.Hour // commits and plans, which say what each run did
)

// GCOptions say what GC does.
type GCOptions struct {
	UpkeepOptions
	Grace time.Duration // zero: nothing is spared
	Now   time.Time     // the store's idea of now: what ages are counted from
}

// Collected is what GC removed, or with DryRun would remove.
type Collected struct {
	Commit int              `json:"commit"` // the current one
	Kept   int64            `json:"kept"`   // files of the kinds below that stay
	Files  int64            `json:"files"`  // removed
	Bytes  int64            `json:"bytes"`  // of them
	Kinds  map[string]int64 `json:"kinds"`  // files removed, by kind
	DryRun bool             `json:"dryRun"`
}

// collectable are the kinds of files that GC may remove. A key that fits none is nobody's business here: rejected/, insight-events/,
// reports/latest/, symlink files, and whatever others have put there.
var collectable = []struct {
	kind   string
	prefix string
	name   *regexp.Regexp // of the whole key; the first group is the run, or the day
}{
	{"events", "events/", tableKey("events")},
	{"counts", "counts/", tableKey("counts")},
	{"insights", "insights/", tableKey("insights")},
	{"baselines", "baselines/", tableKey("baselines")},
	{"replaced", "replaced/", tableKey("replaced")},
	{"manifests", "state/days/", regexp.MustCompile(`^state/days/\d{4}/\d\d/\d\d/(\d{8})(?:-c[0-9a-f]{16})?\.json$`)},
	{"principals", "state/principals/", tableKey("state/principals")},
	{"keys", "state/keys/", regexp.MustCompile(`^state/keys/\d{4}/\d\d/\d\d/(\d{8})\.(?:keys|marks)$`)},
	{"objects", "state/objects/", regexp.MustCompile(`^state/objects/(?:\d{4}/\d\d/\d\d|undated)/(\d{8})\.tsv$`)},
	{"decided", "state/decided/", regexp.MustCompile(`^state/decided/\d{4}/\d\d/\d\d/(\d{8})\.json$`)},
	{"found", "state/insights/", regexp.MustCompile(`^state/insights/\d{4}/\d\d/\d\d/(\d{8})\.json$`)},
	{"parts", "state/parts/", regexp.MustCompile(`^state/parts/(\d{8})/(?:\d{4,}x?\.(?:json|pieces)|shards\.jsonl|day-\d+-\d+\.zst|(?:fit|score)-\d{4}-\d\d-\d\d-\d+-\d+-\d+\.zst)$`)},
	{"plans", "state/plans/", regexp.MustCompile(`^state/plans/(\d{8})\.json$`)},
	{"reports", "reports/", regexp.MustCompile(`^reports/(\d{8})/(?:index\.html|report\.json|report\.txt)$`)},
	{"told", toldPrefix, toldPattern},
	{"delivered", deliveredPrefix, deliveredPattern},
	{"daily reports", "reports/daily/", regexp.MustCompile(`^reports/daily/(\d{4}-\d\d-\d\d)/(?:index\.html|report\.json|report\.txt)$`)},
	{"commits", "state/commits/", regexp.MustCompile(`^state/commits/(\d{8})\.json$`)},
}

func tableKey(t string) *regexp.Regexp {
	return regexp.MustCompile(`^` + t + `/\d{4}/\d\d/\d\d/(\d{8})-(?:\d{4,}x?(?:-\d+)?|day|fold-\d{4,}|c[0-9a-f]{16}(?:-\d{4,})?)\.parquet$`)
}

// GC removes what no commit names that was current within the grace period, and that is itself older than that: files of tables, manifests, keys,
// lists, states, parts of runs, and what killed writes have left. Reports of runs and what runs told of go after 90 days, those of days when Expire
// has given them up, commits, plans and what sinks have had after 400; the current commit, its plan and what a planned run has written always stay.
// Only keys of the lake's own layout are looked at.
//
// Everything is known before the first file goes: where a commit or manifest cannot be read, that is the error and nothing is deleted.
func GC(ctx context.Context, o GCOptions) (*Collected, error) {
	if o.Grace < 0 {
		return nil, fmt.Errorf("%w: a grace period of %v", ErrUsage, o.Grace)
	}
	c, release, err := o.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	g := &collector{GCOptions: o, current: c, out: Collected{Commit: c.Number, Kinds: map[string]int64{}, DryRun: o.DryRun}}
	if c.Number == 0 { // no commit, no knowledge of what is superseded
		return &g.out, nil
	}
	p, err := loadPlan(ctx, o.Lake, c.Number+1)
	if err != nil {
		return nil, err
	}
	g.pending = p != nil
	if err := g.name(ctx); err != nil {
		return nil, err
	}
	old, err := g.find(ctx)
	if err != nil {
		return nil, err
	}
	return &g.out, g.remove(ctx, old)
}

// collector is one collection under way.
type collector struct {
	GCOptions
	current *lake.Commit
	pending bool            // the next run has a plan
	named   map[string]bool // keys that a commit names
	out     Collected
}

// name gathers what the commits name that were current within the grace period: those that are younger, and the one before them.
func (g *collector) name(ctx context.Context) error {
	g.Progress.Stage("read commits", 0, 0)
	var numbers []int
	err := g.Lake.List(ctx, "state/commits/", "", func(i store.Info) error {
		m := collectable[len(collectable)-1].name.FindStringSubmatch(i.Key)
		if m == nil {
			return nil
		}
		n, _ := strconv.Atoi(m[1])
		if i.Modified.Before(g.Now.Add(-g.Grace)) {
			numbers = numbers[:0] // it superseded all before it long enough ago
		}
		numbers = append(numbers, n)
		return nil
	})
	if err != nil {
		return err
	}
	g.named = map[string]bool{}
	for _, n := range numbers {
		c, err := lake.Load(ctx, g.Lake, n)
		if err != nil {
			return err
		}
		if err := g.commit(ctx, c); err != nil {
			return err
		}
	}
	return g.commit(ctx, g.current)
}

// commit notes all that one commit names. What an earlier collection with a shorter grace period took from an old commit is not missed.
func (g *collector) commit(ctx context.Context, c *lake.Commit) error {
	for _, l := range c.Objects {
		g.names(l.Lists...)
	}
	for _, s := range c.States {
		g.names(s.Key)
	}
	var fresh []lake.DayRef
	for _, r := range c.Days {
		if !g.named[r.Manifest] {
			g.names(r.Manifest)
			fresh = append(fresh, r)
		}
	}
	manifests := make([]*lake.Manifest, len(fresh))
	e, ectx := errgroup.WithContext(ctx)
	e.SetLimit(listWorkers)
	for i, r := range fresh {
		e.Go(func() (err error) {
			manifests[i], err = lake.LoadManifest(ectx, g.Lake, c, r.Day)
			if errors.Is(err, store.ErrNotExist) && c.Number != g.current.Number {
				err = nil
			}
			return err
		})
	}
	if err := e.Wait(); err != nil {
		return err
	}
	for _, m := range manifests {
		if m == nil {
			continue
		}
		for _, files := range m.Files {
			for _, f := range files {
				g.names(f.Key)
			}
		}
		for _, k := range m.Keys {
			g.names(k, lake.FingerprintsKey(k))
		}
		g.names(m.Found)
	}
	return nil
}

func (g *collector) names(keys ...string) {
	for _, k := range keys {
		g.named[k] = true
	}
}

// find lists what may go, ascending by kind and key.
func (g *collector) find(ctx context.Context) (old []store.Info, err error) {
	g.Progress.Stage("list", 0, 0)
	for _, kind := range collectable {
		err := g.Lake.List(ctx, kind.prefix, "", func(i store.Info) error {
			m := kind.name.FindStringSubmatch(i.Key)
			if m == nil {
				return nil
			}
			if g.keep(kind.kind, m[1], i) {
				g.out.Kept++
				return nil
			}
			g.out.Kinds[kind.kind]++
			g.out.Files++
			g.out.Bytes += i.Size
			old = append(old, i)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return old, nil
}

func (g *collector) keep(kind, of string, i store.Info) bool {
	age := g.Now.Sub(i.Modified)
	run, _ := strconv.Atoi(of)
	switch {
	case age <= g.Grace, g.named[i.Key]:
		return true
	case g.pending && run > g.current.Number: // what is planned will be finished, and finds what it has written
		return true
	case kind == "plans" || kind == "commits":
		return run >= g.current.Number || age <= recordsTime
	case kind == "delivered": // goes after what it is about, or that would be delivered again
		return age <= recordsTime
	case kind == "told":
		return age <= reportTime
	case kind == "daily reports":
		day, err := trail.ParseDay(of)
		return err != nil || day >= g.current.Reports
	case kind == "reports":
		return run >= g.current.Number || age <= reportTime
	case kind == "parts":
		return run >= g.current.Number && g.current.Dirty
	}
	return false
}

// remove deletes, in the order found: commits last, and ascending, so that what is left of them has no gap whenever this ends.
func (g *collector) remove(ctx context.Context, old []store.Info) error {
	if g.DryRun {
		return nil
	}
	g.Progress.Stage("delete", int64(len(old)), 0)
	commits := len(old) - int(g.out.Kinds["commits"])
	e, ectx := errgroup.WithContext(ctx)
	e.SetLimit(listWorkers)
	for _, i := range old[:commits] {
		e.Go(func() error {
			g.Progress.Add(1, i.Size, 0)
			return g.Lake.Delete(ectx, i.Key)
		})
	}
	if err := e.Wait(); err != nil {
		return err
	}
	for _, i := range old[commits:] {
		if err := g.Lake.Delete(ctx, i.Key); err != nil {
			return err
		}
	}
	swept, err := store.Sweep(ctx, g.Lake, g.Now.Add(-max(g.Grace, leaseTime)))
	if swept > 0 {
		g.out.Kinds["unfinished writes"] = int64(swept)
		g.out.Files += int64(swept)
	}
	return err
}

// String lists the kinds, for a person.
func (c *Collected) String() string {
	var b strings.Builder
	for _, k := range collectable {
		if n := c.Kinds[k.kind]; n > 0 {
			fmt.Fprintf(&b, "%9d  %s\n", n, path.Clean(k.prefix))
		}
	}
	if n := c.Kinds["unfinished writes"]; n > 0 {
		fmt.Fprintf(&b, "%9d  unfinished writes\n", n)
	}
	return b.String()
}
