package sink

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// fickle is a sink that does to each message what it is told.
type fickle struct {
	most int
	do   func(m Message) error
	sent [][]Message
}

func (f *fickle) Limits() (int, time.Duration) { return f.most, 0 }

func (f *fickle) Deliver(_ context.Context, batch []Message) []error {
	f.sent = append(f.sent, batch)
	errs := make([]error, len(batch))
	for k, m := range batch {
		errs[k] = f.do(m)
	}
	return errs
}

// TestSenderProperty: whatever a sink does, each message is settled once at most, none before one that is earlier about the same insight, a batch is
// within its limits and holds no insight twice; what is neither settled nor left does not exist.
func TestSenderProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []Message
		phases := []Phase{Start, Revision, End}
		for k := range rapid.IntRange(0, 12).Draw(t, "insights") {
			i := worked()
			i.ID = fmt.Sprintf("0f6c1b7a-2f5c-5d0e-8a11-%012d", k)
			for _, p := range phases[:rapid.IntRange(1, 3).Draw(t, "phases")] {
				list = append(list, about(i, p))
			}
		}
		kind := rapid.SampledFrom([]string{"busy now and then", "anything"}).Draw(t, "kind")
		f := &fickle{most: rapid.IntRange(1, 5).Draw(t, "most")}
		f.do = func(Message) error {
			switch n := rapid.IntRange(0, 5).Draw(t, "fate"); {
			case n == 1:
				return &BusyError{Err: errors.New("busy")}
			case n == 2 && kind == "anything":
				return errors.New("denied")
			case n == 3 && kind == "anything":
				return fmt.Errorf("%w: no", ErrRefused)
			}
			return nil
		}
		settled := map[string]bool{}
		place := map[string]int{}
		for k, m := range list {
			place[m.ID] = k
		}
		last := map[string]int{}
		wait := func(context.Context, time.Duration) error { return nil }
		s := Sender{Sink: f, Wait: wait, Settled: func(batch []Message, errs []error) error {
			for k, m := range batch {
				if at, any := last[m.Insight.ID]; settled[m.ID] || any && place[m.ID] < at {
					t.Fatalf("%s of %s is settled twice, or late", m.Phase, m.Insight.ID)
				}
				if errs[k] != nil && !errors.Is(errs[k], ErrRefused) {
					t.Fatalf("settled with %v", errs[k])
				}
				settled[m.ID], last[m.Insight.ID] = true, place[m.ID]
			}
			return nil
		}}
		left, reason, err := s.Send(context.Background(), list)
		if err != nil || left+len(settled) != len(list) || left > 0 && reason == nil {
			t.Fatalf("%d left and %d settled of %d: %v, %v", left, len(settled), len(list), reason, err)
		}
		for _, batch := range f.sent {
			seen := map[string]bool{}
			for _, m := range batch {
				if seen[m.Insight.ID] || len(batch) > f.most {
					t.Fatalf("a batch of %d", len(batch))
				}
				seen[m.Insight.ID] = true
			}
		}
	})
}

// TestSenderEnds: a context that ends, an error of Settled, and a receiver that recovers just in time.
func TestSenderEnds(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	f := &fickle{most: 1, do: func(Message) error {
		if n++; n == 3 {
			stop()
		}
		return nil
	}}
	s := Sender{Sink: f, Settled: func([]Message, []error) error { return nil }}
	if left, reason, err := s.Send(ctx, messages(10)); left != 7 || !errors.Is(reason, context.Canceled) || err != nil {
		t.Errorf("interrupted: %d left, %v, %v", left, reason, err)
	}
	full := errors.New("no room")
	s.Settled = func([]Message, []error) error { return full }
	if _, _, err := s.Send(t.Context(), messages(2)); !errors.Is(err, full) {
		t.Errorf("no state: %v", err)
	}
	tries := 0
	f = &fickle{most: 3, do: func(Message) error {
		if tries++; tries < 18 {
			return &BusyError{Err: errors.New("throttled"), After: 3 * time.Second}
		}
		return nil
	}}
	if taken, _, left, waited, reason := sendAll(t, f, messages(3)); len(taken) != 3 || left != 0 || reason == nil || waited < 15*time.Second || waited > patience {
		t.Errorf("%d taken, %d left, waited %v, %v", len(taken), left, waited, reason)
	}
}
