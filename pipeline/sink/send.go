package sink

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Sink is one receiver of messages.
type Sink interface {
	// Limits says how many messages Deliver takes at once, at least 1, and how long to pause before the next ones.
	Limits() (messages int, pause time.Duration)
	// Deliver hands over messages, no two of which are about the same insight, and says of each what came of it, in their order: nil when the
	// receiver has taken it, ErrRefused when it never will, *BusyError when trying again soon may help; anything else wants somebody to do something first.
	// It tries once.
	Deliver(ctx context.Context, batch []Message) []error
}

// ErrRefused says that a receiver will never take a message.
var ErrRefused = errors.New("the message was refused")

// BusyError is a failure that passes by itself: throttling, no network, a receiver that is down.
type BusyError struct {
	After time.Duration // as the receiver asked; 0: it did not say
	Err   error
}

func (e *BusyError) Error() string { return e.Err.Error() }
func (e *BusyError) Unwrap() error { return e.Err }

// HintError is a failure with what a person can do about it.
type HintError struct {
	Err  error
	Hint string
}

func (e *HintError) Error() string { return e.Err.Error() }
func (e *HintError) Unwrap() error { return e.Err }

const (
	patience   = 2 * time.Minute  // how long a sender waits, in all, for a busy receiver before it leaves the rest to the next run
	maxPause   = 30 * time.Second // longest pause it makes of its own
	maxRefusal = 3                // batches in a row that fail as a whole before it gives up on the receiver
)

// Sender sends messages to a sink and tries again, message by message.
type Sender struct {
	Sink Sink
	// Wait waits, or returns the context's error; nil is the clock.
	Wait func(context.Context, time.Duration) error
	// Settled is told after each batch which messages are settled, for good or ill: errs[k] is nil or ErrRefused. An error of it ends the sending.
	Settled func(batch []Message, errs []error) error
}

// Send sends messages in their order. One goes out only after those before it about the same insight are settled. It returns how many are left and the error
// that is the reason, the last one met; messages are left when the receiver stays busy for two minutes, when three batches in a row
// fail as a whole, and when ctx ends. The last result is an error of Settled alone.
func (s *Sender) Send(ctx context.Context, list []Message) (left int, reason, err error) {
	var waited time.Duration
	most, pace := s.Sink.Limits()
	pause, failed := time.Second, 0
	tried := map[string]bool{} // messages that want somebody to do something; by ID
	for first := true; ; first = false {
		batch := next(list, tried, most)
		if len(batch) == 0 {
			return len(list), reason, nil
		}
		if !first && pace > 0 {
			if err := s.wait(ctx, pace); err != nil {
				return len(list), why(reason, err), nil
			}
		}
		if err := ctx.Err(); err != nil {
			return len(list), why(reason, err), nil
		}
		errs := s.Sink.Deliver(ctx, batch)
		if len(errs) != len(batch) {
			return len(list), reason, fmt.Errorf("internal error: %d results of %d messages", len(errs), len(batch))
		}
		out := s.sort(batch, errs, tried)
		if len(out.settled) > 0 {
			if err := s.Settled(out.settled, out.errs); err != nil {
				return len(list), reason, err
			}
			list = without(list, out.settled)
			failed, pause = 0, time.Second
		}
		if out.reason != nil {
			reason = out.reason
		}
		switch {
		case out.busy != nil:
			rest := max(pause, out.busy.After)
			if waited += rest; waited > patience {
				return len(list), reason, nil
			}
			if err := s.wait(ctx, rest); err != nil {
				return len(list), why(reason, err), nil
			}
			pause = min(2*pause, maxPause)
		case len(out.settled) == 0:
			if failed++; failed == maxRefusal {
				return len(list), reason, nil
			}
		}
	}
}

// why prefers what the receiver said to that there was no more time.
func why(reason, err error) error {
	if reason != nil {
		return reason
	}
	return err
}

// sorted is what came of a batch.
type sorted struct {
	settled []Message
	errs    []error // of settled
	busy    *BusyError
	reason  error // the last that was neither taken nor refused
}

func (s *Sender) sort(batch []Message, errs []error, tried map[string]bool) (out sorted) {
	for k, err := range errs {
		var busy *BusyError
		switch {
		case err == nil, errors.Is(err, ErrRefused):
			out.settled, out.errs = append(out.settled, batch[k]), append(out.errs, err)
		case errors.As(err, &busy):
			out.reason = err
			if out.busy == nil || busy.After > out.busy.After {
				out.busy = busy
			}
		default:
			out.reason = err
			tried[batch[k].ID] = true
		}
	}
	return out
}

// next returns the first messages that may go out: at most n, not tried in vain, and of each insight the first that is left.
func next(list []Message, tried map[string]bool, n int) (batch []Message) {
	seen := map[string]bool{}
	for _, m := range list {
		if seen[m.Insight.ID] {
			continue
		}
		seen[m.Insight.ID] = true
		if tried[m.ID] {
			continue
		}
		if batch = append(batch, m); len(batch) == n {
			break
		}
	}
	return batch
}

func without(list, gone []Message) []Message {
	ids := map[string]bool{}
	for _, m := range gone {
		ids[m.ID] = true
	}
	out := make([]Message, 0, len(list)-len(gone))
	for _, m := range list {
		if !ids[m.ID] {
			out = append(out, m)
		}
	}
	return out
}

func (s *Sender) wait(ctx context.Context, d time.Duration) error {
	if s.Wait != nil {
		return s.Wait(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
