package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/sink"
)

// Delivery reads what runs told of (told.go) and hands it to sinks. What a sink has taken is state of its own (delivered.go); no commit changes,
// and whatever happens to a sink, the lake and its decisions stay as they are.

const (
	// DeliveryDays is how long a message is tried. A sink that is new to a lake gets what was told as lately as that.
	DeliveryDays = 7
	deliverTime  = 5 * time.Minute // longest time one delivery gives one sink
	deliverMost  = 2000            // messages that one delivery hands to one sink; the rest wait
)

// DeliverOptions say what Deliver does.
type DeliverOptions struct {
	UpkeepOptions
	Sinks []sink.Config // valid ones with different names, or ErrUsage
	Now   time.Time     // the store's idea of now: what ages are counted from
	// Getenv looks up secrets; nil is os.Getenv.
	Getenv func(string) string
	// Wait waits, or returns the context's error; nil is the clock.
	Wait func(context.Context, time.Duration) error
}

// Delivered is what Deliver came to.
type Delivered struct {
	Sinks  []Delivery `json:"sinks"` // in the order of the configuration
	DryRun bool       `json:"dryRun"`
}

// Delivery is what became of one sink's messages.
type Delivery struct {
	Sink     string    `json:"sink"`
	Type     string    `json:"type"`
	Taken    int       `json:"taken"`
	Waiting  int       `json:"waiting"`         // left for the next delivery
	Refused  []Refusal `json:"refused"`         // for good
	GivenUp  []Refusal `json:"givenUp"`         // after DeliveryDays
	Error    string    `json:"error,omitempty"` // why some are waiting
	Hint     string    `json:"hint,omitempty"`  // what to do about it
	Messages []Pending `json:"messages"`        // with DryRun: what would be sent, in order
}

// Pending is a message that waits.
type Pending struct {
	ID      string     `json:"id"`      // the message's
	Run     int        `json:"run"`     // number of the run that told of it
	Phase   sink.Phase `json:"phase"`   // start, end, revision or retraction
	Insight string     `json:"insight"` // ID of what it is about
	Title   string     `json:"title"`   // one line, fit to be shown
}

// nothing is what a delivery begins with; its lists are empty and not null in JSON.
func nothing(c *sink.Config) Delivery {
	return Delivery{Sink: c.Name, Type: c.Type, Refused: []Refusal{}, GivenUp: []Refusal{}, Messages: []Pending{}}
}

// Waiting tells whether a sink did not take all.
func (d *Delivered) Waiting() bool {
	for _, s := range d.Sinks {
		if s.Waiting > 0 {
			return true
		}
	}
	return false
}

// Lost tells whether a message will never arrive.
func (d *Delivered) Lost() bool {
	for _, s := range d.Sinks {
		if len(s.Refused)+len(s.GivenUp) > 0 {
			return true
		}
	}
	return false
}

// Deliver hands to each sink what it has not had of what runs told, oldest first. Sinks do not wait for each other. A sink that does not take its
// messages is no error: the result says so, and they wait. Without sinks it does nothing, to the lake neither. Errors are those of the lake and of
// the configuration.
func Deliver(ctx context.Context, o DeliverOptions) (*Delivered, error) {
	out := &Delivered{Sinks: make([]Delivery, len(o.Sinks)), DryRun: o.DryRun}
	if err := o.check(); err != nil {
		return nil, err
	}
	if len(o.Sinks) == 0 {
		return out, nil
	}
	_, release, err := o.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	o.Progress.Stage("deliver", 0, 0)
	list, err := tellings(ctx, o.Lake)
	if err != nil {
		return nil, err
	}
	e, ectx := errgroup.WithContext(ctx)
	for k := range o.Sinks {
		d := &deliverer{DeliverOptions: o, config: &o.Sinks[k], out: &out.Sinks[k]}
		e.Go(func() error { return d.deliver(ectx, list) })
	}
	return out, e.Wait()
}

// check refuses sinks that cannot be, and fills in what is left out.
func (o *DeliverOptions) check() error {
	if err := checkSinks(o.Sinks); err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	return nil
}

// deliverer serves one sink.
type deliverer struct {
	DeliverOptions
	config *sink.Config
	state  *deliveredState
	out    *Delivery
	list   []sink.Message
	runs   map[string]*runState // by message
}

func (d *deliverer) deliver(ctx context.Context, list []telling) (err error) {
	*d.out = nothing(d.config)
	if d.state, err = readDelivered(ctx, d.Lake, d.config.Name); err != nil {
		return err
	}
	if err := d.gather(ctx, list); err != nil || len(d.list) == 0 {
		return err
	}
	if d.DryRun {
		for _, m := range d.list {
			d.out.Messages = append(d.out.Messages, Pending{m.ID, d.runs[m.ID].run, m.Phase, m.Insight.ID, m.Title})
		}
		return nil
	}
	left, reason, err := d.send(ctx)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if d.out.Waiting += left; left > 0 {
		d.out.explain(reason)
	}
	return nil
}

// send opens the sink and sends what was gathered.
func (d *deliverer) send(ctx context.Context) (left int, reason, err error) {
	limited, stop := context.WithTimeout(ctx, deliverTime)
	defer stop()
	to, err := sink.Open(limited, *d.config, d.Getenv)
	if err != nil {
		return len(d.list), err, nil
	}
	s := sink.Sender{Sink: to, Wait: d.Wait, Settled: func(batch []sink.Message, errs []error) error { return d.settle(ctx, batch, errs) }}
	return s.Send(limited, d.list)
}

// explain says why messages wait.
func (o *Delivery) explain(err error) {
	if err == nil {
		return
	}
	o.Error = err.Error()
	var hint *sink.HintError
	var busy *sink.BusyError
	switch {
	case errors.As(err, &hint):
		o.Hint = hint.Hint
	case errors.As(err, &busy), errors.Is(err, context.DeadlineExceeded):
		o.Hint = fmt.Sprintf("nothing is lost: the next run tries again, for %d days", DeliveryDays)
	}
}

// gather finds what the sink has not had. What is too old is given up.
func (d *deliverer) gather(ctx context.Context, list []telling) error {
	d.runs = map[string]*runState{}
	oldest := d.Now.AddDate(0, 0, -DeliveryDays)
	for k := range list {
		t := &list[k]
		if d.state.empty() {
			if t.made.Before(oldest) { // the sink is new: this is none of its business
				continue
			}
			if err := d.state.begin(ctx, t.run-1, d.DryRun); err != nil {
				return err
			}
		}
		if d.state.settled(t.run) {
			continue
		}
		what, err := t.load(ctx, d.Lake)
		if err != nil {
			return err
		}
		if what == nil {
			continue
		}
		if err := d.add(ctx, what, t.made.Before(oldest)); err != nil {
			return err
		}
	}
	return nil
}

// add queues what is left of one run's messages, or gives them up.
func (d *deliverer) add(ctx context.Context, t *toldRun, late bool) error {
	all, passed := t.messages(d.config, d.Lake.URL(""))
	r, err := d.state.run(ctx, t.Run)
	if err != nil {
		return err
	}
	var left []sink.Message
	for _, m := range all {
		if !r.had[m.ID] {
			left = append(left, m)
		}
	}
	r.left, r.passed = len(left), passed
	switch {
	case late:
		for _, m := range left {
			d.out.GivenUp = append(d.out.GivenUp, Refusal{m.ID, m.Insight.ID, m.Title, fmt.Sprintf("not delivered in %d days", DeliveryDays)})
		}
		if d.DryRun {
			return nil
		}
		return d.state.save(ctx, r, delivered{GivenUp: messageIDs(left)})
	case len(left) == 0:
		if d.DryRun {
			return nil
		}
		return d.state.save(ctx, r, delivered{})
	}
	for _, m := range left {
		if len(d.list) == deliverMost {
			d.out.Waiting++
			continue
		}
		d.list, d.runs[m.ID] = append(d.list, m), r
	}
	return nil
}

// settle notes what came of a batch: one file a run that it touches.
func (d *deliverer) settle(ctx context.Context, batch []sink.Message, errs []error) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute) // what was taken is noted, whoever interrupts
	defer stop()
	var order []*runState
	notes := map[*runState]*delivered{}
	for k, m := range batch {
		r := d.runs[m.ID]
		n := notes[r]
		if n == nil {
			n = new(delivered)
			notes[r], order = n, append(order, r)
		}
		if errs[k] == nil {
			n.Taken = append(n.Taken, m.ID)
			d.out.Taken++
			continue
		}
		refusal := Refusal{m.ID, m.Insight.ID, m.Title, errs[k].Error()}
		n.Refused = append(n.Refused, refusal)
		d.out.Refused = append(d.out.Refused, refusal)
	}
	for _, r := range order {
		r.left -= len(notes[r].Taken) + len(notes[r].Refused)
		if err := d.state.save(ctx, r, *notes[r]); err != nil {
			return err
		}
	}
	return nil
}

func messageIDs(list []sink.Message) (out []string) {
	for _, m := range list {
		out = append(out, m.ID)
	}
	return out
}

// TestSink sends one sink a made-up message, and reads and writes nothing of the lake.
func TestSink(ctx context.Context, o DeliverOptions, name string) (*Delivered, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	k := slices.IndexFunc(o.Sinks, func(c sink.Config) bool { return c.Name == name })
	if k < 0 {
		return nil, fmt.Errorf("%w: the configuration has no sink %q", ErrUsage, name)
	}
	out := &Delivered{Sinks: []Delivery{nothing(&o.Sinks[k])}}
	d := &deliverer{DeliverOptions: o, config: &o.Sinks[k], out: &out.Sinks[0], list: []sink.Message{sink.TestMessage(name, o.Lake.URL(""), o.Now)}}
	to, err := sink.Open(ctx, *d.config, o.Getenv)
	left := 1
	if err == nil {
		once := func(context.Context, time.Duration) error { return errors.New("it was tried once") }
		s := sink.Sender{Sink: to, Wait: once, Settled: func(batch []sink.Message, errs []error) error {
			if errs[0] != nil {
				d.out.Refused = append(d.out.Refused, Refusal{batch[0].ID, batch[0].Insight.ID, batch[0].Title, errs[0].Error()})
				return nil
			}
			d.out.Taken++
			return nil
		}}
		left, err, _ = s.Send(ctx, d.list)
	}
	d.out.Waiting = left
	d.out.explain(err)
	if busy := new(sink.BusyError); errors.As(err, &busy) {
		d.out.Hint = "the receiver may be down: try again later"
	}
	return out, ctx.Err()
}
