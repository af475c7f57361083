package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Plan is what one run is going to read and how. It is created exclusively before any output exists, and every output
// is named after it, so that any number of workers, on any machine and after any crash, make the same lake of it. One that reads nothing decides
// hours that have become settled.
type Plan struct {
	Format    int                    `json:"format"`
	Run       int                    `json:"run"` // number of its first commit, which takes its records in, or, where there are none, decides
	Program   string                 `json:"program"`
	Trail     string                 `json:"trail"`
	AsOf      time.Time              `json:"asOf"`
	First     trail.Day              `json:"first"` // first delivery day listed
	FullList  bool                   `json:"fullList"`
	ScoreFrom time.Time              `json:"scoreFrom"`
	Config    Config                 `json:"config"`
	Zones     map[string]counts.Zone `json:"zones,omitempty"`   // clocks by account, "" of all others; UTC where there are none
	Foreign   map[string]int64       `json:"foreign,omitempty"` // objects of other kinds that were passed over, by folder
	Archived  int64                  `json:"archived,omitempty"`
	Alive     []lake.Exposed         `json:"alive,omitempty"` // hours that digests prove and the lake did not know of
	Shards    []Shard                `json:"shards"`
}

// Shard is a part of a plan that one goroutine works through alone.
type Shard struct {
	Objects []Object `json:"objects"` // ascending by Number
}

// Object is one trail object of a plan.
type Object struct {
	Number int    `json:"n"` // place among all of the plan's objects, in order of keys
	Key    string `json:"key"`
	ETag   string `json:"etag"`
	Size   int64  `json:"size"`
}

// Program names the version that makes a plan; another version finishes it, but says so.
const Program = "trailgauge 0.1"

// shardJSON is how many bytes of JSON a shard holds at most, so that its records fit in memory; a single object may be
// larger. With the rows decoded from them and the file being written that is about 150 MiB a worker. gzipRatio is what a
// gzipped object is taken to grow to: CloudTrail's own files grow 8 to 12 times.
var shardJSON int64 = 32 << 20 // a variable for tests, which have little and want several shards

const gzipRatio = 10

func planKey(run int) string { return fmt.Sprintf("state/plans/%08d.json", run) }

// plan lists the trail and says what a run would read; nothing is written. nothing new: no shards.
func (o *Options) plan(ctx context.Context, c *lake.Commit) (*Plan, *listing, error) {
	p := &Plan{
		Format: 1, Run: c.Number + 1, Program: Program, Trail: o.Trail.URL(""), AsOf: o.AsOf.UTC(), Config: o.Config,
		ScoreFrom: o.ScoreFrom.UTC().Truncate(time.Hour),
	}
	if o.ScoreFrom.IsZero() {
		p.ScoreFrom = o.AsOf.UTC().Add(-24 * time.Hour).Truncate(time.Hour)
	}
	var err error
	if p.Zones, err = o.Config.zones(c, p.ScoreFrom, p.AsOf); err != nil {
		return nil, nil, err
	}
	p.First, p.FullList = o.first(c)
	p.First = max(p.First, c.Expired)
	o.Progress.Stage("list", 0, 0)
	l, err := list(ctx, o.Trail, o.TrailPath, p.First, p.FullList, o.AsOf)
	if err != nil {
		return nil, nil, fmt.Errorf("listing the trail: %w", err)
	}
	fresh, err := unseen(ctx, o.Lake, c, o.TrailPath, l.objects)
	if err != nil {
		return nil, nil, err
	}
	p.Foreign, p.Archived = maps.Clone(l.foreign), l.archived
	p.Shards = cut(fresh, o.TrailPath)
	for _, e := range c.Exposure {
		if l.alive[e.Day] &^= e.Hours; l.alive[e.Day] == 0 {
			delete(l.alive, e.Day)
		}
	}
	p.Alive = l.alive.list()
	return p, l, nil
}

// first returns the first delivery day to list, and whether that is as far back as a run ever looks.
func (o *Options) first(c *lake.Commit) (trail.Day, bool) {
	today := trail.DayOf(o.AsOf)
	if o.From != nil {
		return *o.From, true
	}
	if c.Number == 0 || c.Ingested.IsZero() {
		return today - HistoryDays, true
	}
	if c.FullList < today {
		return max(min(today-RelistDays, trail.DayOf(c.Ingested)-1), c.First), true
	}
	return max(min(today, trail.DayOf(c.Ingested))-1, c.First), false
}

// cut divides objects, ascending by key, into shards: one delivery day and account after the other, so that repeated
// deliveries mostly meet in one shard, and a day is in few shards.
func cut(objects []store.Info, base string) []Shard {
	type placed struct {
		Object
		day     trail.Day
		account string
	}
	all := make([]placed, len(objects))
	for i, o := range objects {
		k := trail.ParseKey(base + "/" + o.Key)
		all[i] = placed{Object{i, o.Key, o.ETag, o.Size}, k.Day, k.Account}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.day, b.day), strings.Compare(a.account, b.account))
	})
	var shards []Shard
	var size int64
	for i := 0; i < len(all); {
		group := all[i:]
		var bytes int64
		for k := range group {
			if group[k].day != group[0].day || group[k].account != group[0].account {
				group = group[:k]
				break
			}
			bytes += jsonSize(group[k].Object)
		}
		i += len(group)
		if len(shards) == 0 || size > 0 && size+bytes > shardJSON {
			shards, size = append(shards, Shard{}), 0
		}
		for _, o := range group {
			if size > 0 && size+jsonSize(o.Object) > shardJSON {
				shards, size = append(shards, Shard{}), 0
			}
			last := &shards[len(shards)-1]
			last.Objects = append(last.Objects, o.Object)
			size += jsonSize(o.Object)
		}
	}
	for _, s := range shards {
		slices.SortFunc(s.Objects, func(a, b Object) int { return cmp.Compare(a.Number, b.Number) })
	}
	return shards
}

func jsonSize(o Object) int64 {
	if strings.HasSuffix(o.Key, ".gz") {
		return o.Size * gzipRatio
	}
	return o.Size
}

// loadPlan returns the plan of a run, or nil when there is none.
func loadPlan(ctx context.Context, s store.Store, run int) (*Plan, error) {
	p := new(Plan)
	switch err := lake.ReadJSON(ctx, s, planKey(run), p); {
	case errors.Is(err, store.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case p.Format != 1 || p.Run != run:
		return nil, fmt.Errorf("reading %s: %w", s.URL(planKey(run)), lake.ErrForeign)
	}
	return p, nil
}

func (p *Plan) save(ctx context.Context, s store.Store) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	err = s.Create(ctx, planKey(p.Run), append(body, '\n'))
	if errors.Is(err, store.ErrExist) {
		return fmt.Errorf("planning run %d: %w", p.Run, ErrHeld)
	}
	return err
}

// takes tells whether a plan has anything to take in.
func (p *Plan) takes() bool { return len(p.Shards)+len(p.Alive) > 0 }

// deciding is the number of the commit that decides.
func (p *Plan) deciding() int {
	if p.takes() {
		return p.Run + 1
	}
	return p.Run
}

// Objects counts a plan's objects.
func (p *Plan) Objects() (n, bytes int64) {
	for _, s := range p.Shards {
		for _, o := range s.Objects {
			n++
			bytes += o.Size
		}
	}
	return n, bytes
}
