package pipeline

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
)

// lease keeps other runs off the lake. Exclusive commits are what makes two runs safe; the lease spares the second one its work. It is the
// one file that holds a wall-clock time, and it is gone when the run ends.
type lease struct {
	Host  string    `json:"host"`  // host, boot and process namespace: where PID means something
	PID   int       `json:"pid"`   //
	Start string    `json:"start"` // when that process started, as the kernel counts: a PID is used again
	Nonce string    `json:"nonce"`
	Plan  int       `json:"plan,omitempty"` // whose steps have it, in whatever processes; 0: the process above alone
	Until time.Time `json:"until"`
}

const (
	leaseTime   = 2 * time.Minute
	leaseRenews = 30 * time.Second
)

// holding is a lease that was taken and is renewed until leave or end.
type holding struct {
	store store.Store
	mine  lease
	ctx   context.Context
	stop  func() // returns when nothing renews it any more
}

// hold takes the lease and renews it; it fails with ErrHeld while somebody else has it. A lease that has run out, or whose process is known to be
// dead or plan to be finished, is taken over. With a plan it is one that the processes of all its steps share, so that they keep others off the lake
// and not each other.
func hold(ctx context.Context, s store.Store, plan int) (*holding, error) {
	h := &holding{store: s, mine: self(plan), ctx: context.WithoutCancel(ctx)}
	for attempt := 0; ; attempt++ {
		err := s.Create(ctx, lake.LeaseKey, h.mine.text(time.Now()))
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrExist) {
			return nil, err
		}
		other, err := readLease(ctx, s)
		if err != nil {
			return nil, err
		}
		if other == nil { // gone since
			continue
		}
		if plan != 0 && other.Plan == plan {
			h.renew()
			break
		}
		fresh := time.Now().Before(other.Until) && !h.mine.knowsDead(*other)
		if fresh && other.Plan != 0 {
			if fresh, err = underWay(ctx, s, other.Plan); err != nil {
				return nil, err
			}
		}
		if attempt > 0 || fresh {
			return nil, fmt.Errorf("%w: %s, until %s unless it renews", ErrHeld, other.holder(), stamp(other.Until))
		}
		if err := s.Delete(ctx, lake.LeaseKey); err != nil {
			return nil, err
		}
	}
	h.keep()
	return h, nil
}

// keep renews the lease until stop is called.
func (h *holding) keep() {
	renewing, stop := context.WithCancel(h.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(leaseRenews)
		defer tick.Stop()
		for {
			select {
			case <-renewing.Done():
				return
			case <-tick.C:
				h.renew()
			}
		}
	}()
	h.stop = func() { stop(); <-done }
}

// underWay tells whether a plan is not finished: the lease of one that is has run out.
func underWay(ctx context.Context, s store.Store, plan int) (bool, error) {
	c, err := lake.Current(ctx, s)
	if err != nil {
		return false, err
	}
	p, err := pending(ctx, s, c)
	return p != nil && p.Run == plan, err
}

// readLease returns the lease as it is; nil: there is none. What cannot be read has run out.
func readLease(ctx context.Context, s store.Store) (*lease, error) {
	body, _, err := s.Get(ctx, lake.LeaseKey, 4096)
	if errors.Is(err, store.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l := new(lease)
	_ = json.Unmarshal(body, l)
	return l, nil
}

// renew puts the end of the lease off; where that goes wrong, the next time tries again. Of a plan's hundreds of workers one does so every half minute.
func (h *holding) renew() {
	now := time.Now()
	if h.mine.Plan != 0 {
		l, err := readLease(h.ctx, h.store)
		if err == nil && (l == nil || l.Plan != h.mine.Plan || l.Until.After(now.Add(leaseTime-leaseRenews))) {
			return
		}
	}
	_ = h.store.Put(h.ctx, lake.LeaseKey, h.mine.text(now))
}

// end gives the lake back.
func (h *holding) end() {
	h.stop()
	ctx, cancel := context.WithTimeout(h.ctx, 10*time.Second)
	defer cancel()
	_ = h.store.Delete(ctx, lake.LeaseKey) // else it runs out
}

// leave keeps the lake for a plan's other steps, until the lease runs out.
func (h *holding) leave(plan int) {
	h.stop()
	if h.mine.Plan == 0 {
		_ = h.store.Put(h.ctx, lake.LeaseKey, self(plan).text(time.Now()))
	}
}

func self(plan int) lease {
	if plan != 0 {
		return lease{Plan: plan}
	}
	host, _ := os.Hostname()
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, _ := os.Readlink("/proc/self/ns/pid")
	return lease{Host: strings.Join([]string{host, strings.TrimSpace(string(boot)), space}, " "), PID: os.Getpid(), Start: startOf(os.Getpid()), Nonce: rand.Text()}
}

// holder names who has the lease, for a person.
func (l *lease) holder() string {
	if l.Plan != 0 {
		return fmt.Sprintf("the steps of run %d", l.Plan)
	}
	return fmt.Sprintf("process %d on %s", l.PID, hostOf(l.Host))
}

func hostOf(host string) string { name, _, _ := strings.Cut(host, " "); return name }

func (l lease) text(now time.Time) []byte {
	l.Until = now.Add(leaseTime).UTC().Truncate(time.Second)
	body, err := json.Marshal(l)
	if err != nil {
		panic("pipeline: internal error: " + err.Error())
	}
	return append(body, '\n')
}

// knowsDead tells whether other's process ran where l's does and is gone. Of a plan's processes that is not known.
func (l lease) knowsDead(other lease) bool {
	return other.Plan == 0 && l.Start != "" && l.Host == other.Host && startOf(other.PID) != other.Start
}

// startOf returns when a process started, in clock ticks since boot; "" where that is not known or there is no such process.
func startOf(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, ok := strings.Cut(string(stat), ") ") // the name in parentheses may hold anything
	f := strings.Fields(rest)
	if !ok || len(f) < 20 {
		return ""
	}
	return f[19]
}
