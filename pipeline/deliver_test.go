package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/sink"
	"trailgauge/pipeline/store/storetest"
)

// A burst raises three insights, which end; each phase arrives once, and nothing else of the lake changes.
func TestDeliver(t *testing.T) {
	s, dir := burstsIn(t)
	box := newInbox(t)
	s.first()
	before := tree(t, dir)
	dry, err := tryDeliver(s.Lake, 0, func(o *DeliverOptions) { o.DryRun = true }, box)
	if err != nil || len(dry.Sinks[0].Messages) != 3 || dry.Waiting() || box.asked > 0 {
		t.Errorf("dry run: %+v, %v", dry, err)
	}
	sameTree(t, "dry run", before, tree(t, dir))
	if d := deliver(t, s.Lake, 0, box); d.Sinks[0].Taken != 3 || d.Waiting() || d.Lost() {
		t.Errorf("%+v", d)
	}
	if got := box.phases(); got != "[Insight:3]" {
		t.Errorf("first %s", got)
	}
	sameTree(t, "delivered", undelivered(before), undelivered(tree(t, dir)))
	s.until(dayStart.Add(16 * time.Hour))
	for range 2 {
		deliver(t, s.Lake, 0, box)
	}
	if got := box.phases(); got != "[Over:3]" {
		t.Errorf("then %s", got)
	}
	for k, id := range dry.Sinks[0].Messages {
		if box.ids[k] != id.ID {
			t.Errorf("message %d is %s, foreseen %s", k, box.ids[k], id.ID)
		}
	}
	// A second sink is told of all this week's, both at once and in order.
	late := newInbox(t)
	deliver(t, s.Lake, 0, box, late)
	if len(late.took) != 6 || !strings.HasPrefix(late.took[0], "Insight: ") || !strings.HasPrefix(late.took[5], "Over: ") || len(box.took) != 0 {
		t.Errorf("a new sink has %q", late.took)
	}
	if late.ids[0] == box.ids[0] {
		t.Error("two sinks have the same message ID")
	}
}

func burstsIn(t *testing.T) (*scenario, string) {
	t.Helper()
	s := bursts(t, 1, 0)
	return s, strings.TrimSuffix(s.Lake.URL(""), "/")
}

// A sink that is down keeps nobody else from anything; what waits arrives when it is up again, in order and once.
func TestDeliverLater(t *testing.T) {
	s, _ := burstsIn(t)
	up, down := newInbox(t), newInbox(t)
	down.down = func(n int) bool { return n > 0 } // takes one, then fails
	s.first()
	d := deliver(t, s.Lake, 0, up, down)
	if x := d.Sinks[0]; x.Taken != 3 || x.Waiting != 0 {
		t.Errorf("up: %+v", x)
	}
	if x := d.Sinks[1]; x.Taken != 1 || x.Waiting != 2 || !strings.Contains(x.Error, "503") || !strings.Contains(x.Hint, "nothing is lost") || !d.Waiting() {
		t.Errorf("down: %+v", x)
	}
	s.until(dayStart.Add(16 * time.Hour))
	down.down = nil
	if d := deliver(t, s.Lake, 6*24*time.Hour, up, down); d.Sinks[1].Taken != 5 || d.Waiting() || d.Lost() {
		t.Errorf("up again: %+v", d)
	}
	if len(down.took) != 6 || cmp.Diff(up.took, down.took) != "" {
		t.Errorf("one has %q,\nthe other %q", up.took, down.took)
	}
	// A receiver that is busy for a moment is no news.
	moment := newInbox(t)
	moment.down = func(n int) bool { return n < 2 }
	if d := deliver(t, s.Lake, 0, up, down, moment); d.Sinks[2].Taken != 6 || d.Waiting() || d.Sinks[2].Error != "" {
		t.Errorf("busy for a moment: %+v", d)
	}
	// The secret is missing: the same, with what to do.
	s2, _ := burstsIn(t)
	s2.first()
	d, err := tryDeliver(s2.Lake, 0, func(o *DeliverOptions) { o.Getenv = func(string) string { return "" } }, up)
	if x := d.Sinks[0]; err != nil || x.Waiting != 3 || !strings.Contains(x.Error, "BOX_0 is not set") || x.Hint == "" {
		t.Errorf("%+v, %v", d, err)
	}
}

// What was not taken in a week is given up, once and loudly; a sink that is new then has none of it.
func TestDeliverGivesUp(t *testing.T) {
	s, _ := burstsIn(t)
	s.first()
	down, fresh := newInbox(t), newInbox(t)
	down.down = func(int) bool { return true }
	week := (DeliveryDays*24 - 1) * time.Hour
	if d := deliver(t, s.Lake, week, down); d.Sinks[0].Waiting != 3 || d.Lost() {
		t.Errorf("within the week: %+v", d)
	}
	d := deliver(t, s.Lake, week+2*time.Hour, down, fresh)
	if x := d.Sinks[0]; len(x.GivenUp) != 3 || x.Waiting != 0 || !d.Lost() || !strings.Contains(x.GivenUp[0].Reason, "7 days") {
		t.Errorf("after it: %+v", x)
	}
	if x := d.Sinks[1]; len(x.GivenUp)+x.Taken+x.Waiting != 0 {
		t.Errorf("a new sink: %+v", x)
	}
	for _, later := range []time.Duration{week + 3*time.Hour, 2 * week} {
		if d := deliver(t, s.Lake, later, down, fresh); d.Lost() || d.Waiting() || fresh.asked > 0 {
			t.Errorf("once more: %+v", d)
		}
	}
	// gc takes what was told before it takes what was delivered.
	for _, days := range []int{60, 100, 500} {
		c := must(GC(t.Context(), GCOptions{UpkeepOptions: UpkeepOptions{Lake: s.Lake}, Grace: GraceTime, Now: time.Now().AddDate(0, 0, days)}))(t)
		if c.Kinds["told"] != map[int]int64{100: 1}[days] || (c.Kinds["delivered"] > 0) != (days == 500) {
			t.Errorf("gc after %d days: %v", days, c.Kinds)
		}
		if d := deliver(t, s.Lake, time.Duration(days)*24*time.Hour, down, fresh); d.Lost() || d.Waiting() || fresh.asked > 0 {
			t.Errorf("after gc: %+v", d)
		}
	}
}

// Delivering dies before each of its writes, in turn: the next one skips no message, to either sink, and repeats but the one that was under way.
func TestDeliverDies(t *testing.T) {
	t.Parallel()
	s, dir := burstsIn(t)
	s.first()
	s.until(dayStart.Add(16 * time.Hour))
	died := errors.New("died")
	for at := 1; ; at++ {
		copied := open(t, copyLake(t, dir))
		var mu sync.Mutex
		n, dead := 0, false
		before := func(op, key string) error {
			mu.Lock()
			defer mu.Unlock()
			if dead || (op == "Put" || op == "Create") && strings.HasPrefix(key, deliveredPrefix) {
				if n++; dead || n == at {
					dead = true
					return died
				}
			}
			return nil
		}
		a, b := newInbox(t), newInbox(t)
		_, err := tryDeliver(storetest.Hooked(copied, before, nil), 0, nil, a, b)
		if err == nil {
			if at < 10 {
				t.Errorf("only %d writes", at-1)
			}
			break
		}
		if !errors.Is(err, died) {
			t.Fatal(err)
		}
		if err := copied.Delete(t.Context(), lake.LeaseKey); err != nil {
			t.Fatal(err)
		}
		deliver(t, copied, 0, a, b)
		for _, box := range []*inbox{a, b} {
			different := map[string]bool{}
			for _, id := range box.ids {
				different[id] = true
			}
			if len(different) != 6 || len(box.ids) > 7 {
				t.Errorf("died before write %d: %d messages, %d different ones", at, len(box.ids), len(different))
			}
		}
		if d := deliver(t, copied, 0, a, b); d.Sinks[0].Taken+d.Sinks[1].Taken > 0 {
			t.Errorf("died before write %d: delivered again: %+v", at, d)
		}
	}
}

// Suppressed insights, runs that came to nothing, and what a sink does not select are not delivered.
func TestNotTold(t *testing.T) {
	box := newInbox(t)
	s, _ := burstsIn(t)
	s.Config.Suppress = []insight.Rule{ruleOf(nil)}
	s.first()
	if d := deliver(t, s.Lake, 0, box); d.Sinks[0].Taken > 0 {
		t.Errorf("suppressed: %q", box.took)
	}
	s, _ = burstsIn(t)
	s.first()
	c := must(lake.Current(t.Context(), s.Lake))(t)
	body, _, err := s.Lake.Get(t.Context(), c.Told, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{fmt.Sprintf("state/told/%08d-0123456789abcdef.json", c.Number), fmt.Sprintf("state/told/%08d-0123456789abcdef.json", c.Number+1)} {
		if err := s.Lake.Put(t.Context(), key, bytes.ReplaceAll(body, []byte(`"id":"`), []byte(`"id":"0`))); err != nil { // of runs that lost the race
			t.Fatal(err)
		}
	}
	only := func(change func(*sink.Config)) *Delivered {
		t.Helper()
		d, err := tryDeliver(open(t, copyLake(t, strings.TrimSuffix(s.Lake.URL(""), "/"))), 0, func(o *DeliverOptions) { change(&o.Sinks[0]) }, box)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for name, x := range map[string]struct {
		taken  int
		change func(*sink.Config)
	}{
		"severity": {0, func(c *sink.Config) { c.MinSeverity = 500 }}, "kind": {0, func(c *sink.Config) { c.Kinds = []string{"ApiSilenceInsight"} }},
		"its kind": {3, func(c *sink.Config) { c.Kinds = []string{"ApiCallRateInsight"} }}, "another account": {0, func(c *sink.Config) { c.Accounts = []string{"999*"} }},
		"its account": {3, func(c *sink.Config) { c.Accounts = []string{"999*", "1*"} }}, "all": {3, func(*sink.Config) {}},
	} {
		if d := only(x.change); d.Sinks[0].Taken != x.taken || d.Waiting() || d.Lost() {
			t.Errorf("%s: %+v", name, d)
		}
	}
	if _, err := tryDeliver(s.Lake, 0, func(o *DeliverOptions) { o.Sinks[1].Name = "box-0" }, box, box); !errors.Is(err, ErrUsage) {
		t.Errorf("two sinks of one name: %v", err)
	}
	if err := s.Lake.Put(t.Context(), c.Told, body[:len(body)/2]); err != nil {
		t.Fatal(err)
	}
	if _, err := tryDeliver(s.Lake, 0, nil, box); !errors.Is(err, lake.ErrForeign) {
		t.Errorf("a damaged file: %v", err)
	}
}

// Late data make revisions and retractions, which are told apart from starts and ends.
func TestDeliverLateData(t *testing.T) {
	s, late := newDenied(t), dayStart.Add(33*time.Hour)
	box := newInbox(t)
	deliver(t, s.Lake, 0, box)
	opened := len(found(t, s.Lake))
	if got, want := box.phases(), fmt.Sprintf("[Insight, over already:%d Over:%d]", opened, opened); got != want {
		t.Errorf("first %s, want %s", got, want)
	}
	s.mend(late)
	s.burst(burstID+5000, deniedAt, late, 200)
	r := s.until(late.Add(time.Hour))
	deliver(t, s.Lake, 0, box)
	rep := r.Report
	if len(rep.Retracted) == 0 || len(rep.Revised) == 0 {
		t.Fatalf("%d retracted, %d revised", len(rep.Retracted), len(rep.Revised))
	}
	if got, want := box.phases(), fmt.Sprintf("[Retracted:%d Revision 2:%d]", len(rep.Retracted), len(rep.Revised)); got != want {
		t.Errorf("then %s, want %s", got, want)
	}
}

// Whoever interrupts a delivery finds what was taken noted.
func TestDeliverInterrupted(t *testing.T) {
	s, _ := burstsIn(t)
	s.first()
	box := newInbox(t)
	ctx, stop := context.WithCancel(t.Context())
	box.down = func(n int) bool { // before the answer to the second message
		if n == 1 {
			stop()
		}
		return false
	}
	o := DeliverOptions{UpkeepOptions: UpkeepOptions{Lake: s.Lake}, Now: time.Now(), Sinks: []sink.Config{{Type: "slack", Name: "box-0", URLFrom: "BOX"}},
		Getenv: func(string) string { return box.url }, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	if _, err := Deliver(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if d := deliver(t, s.Lake, 0, box); d.Sinks[0].Taken != 2 {
		t.Errorf("afterwards: %+v", d)
	}
	if len(box.ids) != 4 || box.ids[1] != box.ids[2] { // the second was under way
		t.Errorf("messages %v", box.ids)
	}
	// A sink takes a message, and its note is made although the interruption came first.
	s, _ = burstsIn(t)
	s.first()
	ctx, stop = context.WithCancel(t.Context())
	stopping := storetest.Hooked(s.Lake, func(op, key string) error {
		if op == "Create" && strings.HasSuffix(key, "-0001.json") {
			stop()
		}
		return nil
	}, nil)
	o.Lake, box.down, box.ids = stopping, nil, nil
	if _, err := Deliver(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	if d := deliver(t, s.Lake, 0, box); d.Sinks[0].Taken != 2 || len(box.ids) != 3 {
		t.Errorf("afterwards: %+v, %v", d, box.ids)
	}
}
