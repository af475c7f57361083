package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
)

// delivered is what became of some of the messages that a run has for a sink: one file a batch and run, state/delivered/SINK/00000042-0001.json, created
// exclusively and never changed. The last one has no second number: 00000042.json says that the sink has nothing more to get of the run. A sink's first
// file says from where on it gets messages at all. A crash before a file was written sends its batch again, with the same IDs.
type delivered struct {
	Run     int       `json:"run"`
	Sink    string    `json:"sink"`
	Taken   []string  `json:"taken,omitempty"` // IDs of messages
	Refused []Refusal `json:"refused,omitempty"`
	GivenUp []string  `json:"givenUp,omitempty"`
	Passed  int       `json:"passed,omitempty"` // messages that the sink's settings do not select
	Since   bool      `json:"since,omitempty"`  // the sink is new: what was told up to this run is not for it
}

// Refusal is a message that will never arrive.
type Refusal struct {
	ID      string `json:"id"`      // the message's
	Insight string `json:"insight"` // ID of what it is about
	Title   string `json:"title"`   // one line, fit to be shown
	Reason  string `json:"reason"`  // what the receiver said, or that its time was over
}

const deliveredPrefix = "state/delivered/"

var deliveredPattern = regexp.MustCompile(`^state/delivered/[a-z0-9-]+/(\d{8})(?:-(\d{4,}))?\.json$`)

// deliveredState is what is known of one sink.
type deliveredState struct {
	lake  store.Store
	sink  string
	known bool // there is any file
	since int  // runs up to here are done with
	done  map[int]bool
	parts map[int][]string // keys of files of runs that are not done
}

// runState is what one sink has had of one run.
type runState struct {
	run    int
	had    map[string]bool // messages that are settled
	parts  int             // files
	left   int             // messages that are not settled
	passed int
}

func readDelivered(ctx context.Context, s store.Store, name string) (*deliveredState, error) {
	d := &deliveredState{lake: s, sink: name, done: map[int]bool{}, parts: map[int][]string{}}
	err := s.List(ctx, deliveredPrefix+name+"/", "", func(i store.Info) error {
		m := deliveredPattern.FindStringSubmatch(i.Key)
		if m == nil {
			return nil
		}
		run, _ := strconv.Atoi(m[1])
		if !d.known {
			d.known, d.since = true, run-1
		}
		if m[2] == "" {
			d.done[run] = true
		} else {
			d.parts[run] = append(d.parts[run], i.Key)
		}
		return nil
	})
	return d, err
}

func (d *deliveredState) empty() bool { return !d.known }

// settled tells whether the sink has nothing to get of a run.
func (d *deliveredState) settled(run int) bool { return run <= d.since || d.done[run] }

// begin makes the sink known: it gets what is told after a run.
func (d *deliveredState) begin(ctx context.Context, run int, dry bool) error {
	d.known, d.since = true, run
	if dry {
		return nil
	}
	return d.write(ctx, d.key(run, 0), delivered{Run: run, Sink: d.sink, Since: true})
}

// run reads what the sink has had of a run.
func (d *deliveredState) run(ctx context.Context, run int) (*runState, error) {
	r := &runState{run: run, had: map[string]bool{}, parts: len(d.parts[run])}
	for _, key := range d.parts[run] {
		var n delivered
		if err := lake.ReadJSON(ctx, d.lake, key, &n); err != nil {
			return nil, err
		}
		if n.Run != run {
			return nil, fmt.Errorf("reading %s: %w", d.lake.URL(key), lake.ErrForeign)
		}
		for _, id := range n.Taken {
			r.had[id] = true
		}
		for _, x := range n.Refused {
			r.had[x.ID] = true
		}
	}
	return r, nil
}

// save writes down what became of some of a run's messages, under the last name when none is left.
func (d *deliveredState) save(ctx context.Context, r *runState, n delivered) error {
	n.Run, n.Sink = r.run, d.sink
	part := 0
	if len(n.GivenUp) > 0 || r.left == 0 {
		n.Passed = r.passed
	} else {
		r.parts++
		part = r.parts
	}
	return d.write(ctx, d.key(r.run, part), n)
}

func (d *deliveredState) key(run, part int) string {
	if part == 0 {
		return fmt.Sprintf("%s%s/%08d.json", deliveredPrefix, d.sink, run)
	}
	return fmt.Sprintf("%s%s/%08d-%04d.json", deliveredPrefix, d.sink, run, part)
}

// write creates a file. One that is there already is from a delivery that went on after its lease had run out: it says as much, or has sent other messages,
// which then are sent again.
func (d *deliveredState) write(ctx context.Context, key string, n delivered) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	err = d.lake.Create(ctx, key, append(body, '\n'))
	if errors.Is(err, store.ErrExist) {
		return nil
	}
	return err
}
