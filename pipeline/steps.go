package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"trailgauge/pipeline/lake"
)

// Run is seven steps in one process. The same code, called a step at a time, is spread over machines by whatever starts processes: a state
// machine, a job array, a shell.
//
//	trailgauge plan --create --trail SRC --lake DST      Prepare   once
//	trailgauge scan --trail SRC --lake DST --shard K     Scan      once a shard of the plan
//	trailgauge merge --trail SRC --lake DST              Merge     once: the records are in the lake
//	trailgauge fit --lake DST --shard K --of N           Fit       N times, by account      ┐ once a day
//	trailgauge score --lake DST --shard K --of N         Score     N times, by account      │ that is
//	trailgauge decide --lake DST --of N                  Decide    once: done, or done=false ┘ to be decided
//	trailgauge report --lake DST                         Newest    shows what came of it
//
// What holds them together is the lake alone:
//
//   - The plan fixes every output. Prepare creates it exclusively and writes its shards, one a line, as JSON Lines beside it: what a state machine reads
//     its items from. A plan that is there is gone on with, whoever asks.
//   - A step that has nothing (more) to do says so and succeeds: shards come in any order, on any machine, once or twice, and may be killed. A shard beyond the
//     plan's last is done too, since arrays have a size of their own; --of N makes N equal shards of whatever there is.
//   - What a step left undone the next one does itself: Merge scans the shards that are missing, Score fits, Decide does all. So some failed shards
//     may be tolerated, and small lakes need no fit and no score.
//   - Fit pools integer sums, whose order does not matter; Score takes accounts in their order. But a day needs the empirical null and the quarantine
//     of the day before, so days follow each other: where there are several to decide, Decide answers done=false after each and wants the next one
//     fitted and scored. Hourly runs decide one. Without --of it decides all there are at once, by itself.
//   - The steps of a plan share one lease (lease.go), which runs out two minutes after the last of them: then Run may finish the plan as it would its own.
//
// Every step answers with one Outcome.

// StepOptions say what one step works on. Besides the Options of a run, of which Prepare takes all, Scan and Merge the places, and the others the lake: config
// and as-of are the plan's.
type StepOptions struct {
	Options
	Run    int   // number of the plan that is meant; 0: the one under way. One that is finished has nothing to do
	Shards []int // which ones, from 0
	Of     int   // into how many equal shards the work is cut. 0: Scan's are those of the plan, and Decide does the work of Fit and Score itself
}

// Outcome is what came of a step, as one line of JSON.
type Outcome struct {
	Step   string `json:"step"`
	Run    int    `json:"run"`            // number of the plan; 0: there is nothing to do, and no plan
	Done   bool   `json:"done"`           // false: call the step again, or with Decide fit and score Day before
	Note   string `json:"note,omitempty"` // why there was nothing to do
	Shards int    `json:"shards"`         // Prepare: those to scan; of other steps: those that are done now
	Left   int    `json:"left,omitempty"` // Scan: those asked for that are not done yet

	Items *Items `json:"items,omitempty"` // Prepare: where the shards are listed

	Objects int64        `json:"objects,omitempty"` // Prepare, Scan
	Bytes   int64        `json:"bytes,omitempty"`   // of them, as stored
	Records *lake.Ledger `json:"records,omitempty"` // Scan, Merge: what came of them

	Day      string     `json:"day,omitempty"`      // Fit, Score: what they worked on; Decide: what is to be fitted and scored next
	Commit   int        `json:"commit,omitempty"`   // the current one
	Until    *time.Time `json:"until,omitempty"`    // Decide, Run: hours that end by then are decided
	Opened   int        `json:"opened"`             // Decide, Newest: insights that opened in that run; Run: in both, where it finished another one first
	Rejected bool       `json:"rejected"`           // Decide, Run: some input was rejected
	Report   string     `json:"report,omitempty"`   // Decide, Newest, Run: where the newest report is
	Finished string     `json:"finished,omitempty"` // Run: where the report of an interrupted run is that it finished first
}

// Items is where the shards of a plan are listed, a line each: {"run": 42, "shard": 3, "objects": 120, "bytes": 3456789}.
type Items struct {
	URL    string `json:"url"`
	Bucket string `json:"bucket,omitempty"` // "": the lake is a folder
	Key    string `json:"key,omitempty"`    // in the bucket
}

type item struct {
	Run     int   `json:"run"`
	Shard   int   `json:"shard"`
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

// ErrOrder says that a step was called before the one it follows on.
var ErrOrder = errors.New("a step is called too early")

// Prepare is the step plan: it plans a run, or finds the plan of one that is under way, and lists the shards that are to be scanned.
func Prepare(ctx context.Context, o Options) (*Outcome, error) {
	c, err := lake.Current(ctx, o.Lake)
	if err != nil {
		return nil, err
	}
	p, err := pending(ctx, o.Lake, c)
	if err != nil {
		return nil, err
	}
	run := 0
	if p != nil {
		run, o.AsOf, o.Config = p.Run, p.AsOf, p.Config
	}
	c, lease, err := o.begin(ctx, run)
	if err != nil {
		return nil, err
	}
	out := &Outcome{Step: "plan", Commit: c.Number}
	if p, err = pending(ctx, o.Lake, c); err == nil && p == nil {
		if p, out.Note, err = o.prepare(ctx, c); err == nil && !p.takes() && !decides(c, p) {
			p = nil
		}
	}
	if err != nil || p == nil {
		if lease.end(); err != nil {
			return nil, err
		}
		if out.Done = true; out.Note == "" {
			out.Note = "nothing new, and nothing to decide yet"
		}
		return out, nil
	}
	defer lease.leave(p.Run)
	out.Run, out.Done = p.Run, true
	var list []Shard // those that are not in the lake yet
	if c.Number < p.Run {
		list = p.Shards
		out.Objects, out.Bytes = p.Objects()
	}
	out.Shards = len(list)
	out.Items, err = o.list(ctx, p, list)
	return out, err
}

// list writes the shards that are to be scanned. The file goes with the plan's parts.
func (o *Options) list(ctx context.Context, p *Plan, shards []Shard) (*Items, error) {
	var body bytes.Buffer
	for i, s := range shards {
		line := item{Run: p.Run, Shard: i, Objects: len(s.Objects)}
		for _, x := range s.Objects {
			line.Bytes += x.Size
		}
		text, err := json.Marshal(line)
		if err != nil {
			return nil, err
		}
		body.Write(append(text, '\n'))
	}
	key := partPrefix(p.deciding()) + "shards.jsonl"
	items := &Items{URL: o.Lake.URL(key)}
	if name, ok := strings.CutPrefix(items.URL, "s3://"); ok {
		items.Bucket, items.Key, _ = strings.Cut(name, "/")
	}
	return items, o.Lake.Put(ctx, key, body.Bytes())
}

// under returns the plan that a step belongs to, with the current commit. The plan is nil where there is nothing left to do, and then the note says why.
func (o *StepOptions) under(ctx context.Context) (c *lake.Commit, p *Plan, note string, err error) {
	if c, err = lake.Current(ctx, o.Lake); err != nil {
		return nil, nil, "", err
	}
	if p, err = pending(ctx, o.Lake, c); err != nil {
		return nil, nil, "", err
	}
	o.AsOf, o.Config = c.AsOf, DefaultConfig()
	switch {
	case p != nil && (o.Run == 0 || o.Run == p.Run):
		o.AsOf, o.Config = p.AsOf, p.Config
	case o.Run > c.Number:
		return nil, nil, "", fmt.Errorf("%w: there is no plan %d", ErrUsage, o.Run)
	case o.Run > 0:
		p, note = nil, fmt.Sprintf("run %d is finished", o.Run)
	default:
		note = "nothing is planned"
	}
	return c, p, note, o.check(c)
}

// reads refuses another trail than the plan's.
func (o *StepOptions) reads(p *Plan) error {
	if o.Trail.URL("") != p.Trail {
		return fmt.Errorf("%w: plan %d reads the trail %s, not %s", ErrUsage, p.Run, p.Trail, o.Trail.URL(""))
	}
	return nil
}

// Merge brings the parts of all shards into the lake. Shards that were not scanned it scans itself.
func Merge(ctx context.Context, o StepOptions) (*Outcome, error) {
	c, p, note, err := o.under(ctx)
	if err != nil {
		return nil, err
	}
	out := &Outcome{Step: "merge", Done: true, Note: note, Commit: c.Number}
	if p == nil {
		return out, nil
	}
	out.Run = p.Run
	if c.Number >= p.Run || !p.takes() {
		out.Note = "nothing is left to be taken in"
		return out, nil
	}
	if err := o.reads(p); err != nil {
		return nil, err
	}
	c, lease, err := o.begin(ctx, p.Run)
	if err != nil {
		return nil, err
	}
	defer lease.leave(p.Run)
	if c.Number < p.Run { // nobody has been faster
		if c, err = o.takeIn(ctx, c, p); err != nil {
			return nil, err
		}
	}
	out.Commit, out.Shards, out.Records = c.Number, len(p.Shards), &c.Run
	return out, nil
}
