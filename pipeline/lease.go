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

	"trailgauge/pipeline/store"
)

// lease keeps other runs off the lake. Exclusive commits are what makes two runs safe; the lease spares the second one its work. It is the
// one file that holds a wall-clock time, and it is gone when the run ends.
type lease struct {
	Host  string    `json:"host"`  // host, boot and process namespace: where PID means something
	PID   int       `json:"pid"`   //
	Start string    `json:"start"` // when that process started, as the kernel counts: a PID is used again
	Nonce string    `json:"nonce"`
	Until time.Time `json:"until"`
}

const (
	leaseKey    = "state/lease"
	leaseTime   = 2 * time.Minute
	leaseRenews = 30 * time.Second
)

// hold takes the lease, renews it until release is called, and fails with ErrHeld while another run has it. A lease that has run out, or
// whose process is known to be dead, is taken over.
func hold(ctx context.Context, s store.Store) (release func(), err error) {
	mine := self()
	for attempt := 0; ; attempt++ {
		err := s.Create(ctx, leaseKey, mine.text(time.Now()))
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrExist) {
			return nil, err
		}
		var other lease
		body, _, err := s.Get(ctx, leaseKey, 4096)
		switch {
		case errors.Is(err, store.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			_ = json.Unmarshal(body, &other) // what cannot be read has run out
			if attempt > 0 || time.Now().Before(other.Until) && !mine.knowsDead(other) {
				return nil, fmt.Errorf("%w: process %d on %s, until %s unless it renews", ErrHeld, other.PID, hostOf(other.Host), stamp(other.Until))
			}
			if err := s.Delete(ctx, leaseKey); err != nil {
				return nil, err
			}
		}
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(leaseRenews)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_ = s.Put(ctx, leaseKey, mine.text(time.Now())) // the next tick tries again
			}
		}
	}()
	return func() {
		stop()
		<-done
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = s.Delete(ctx, leaseKey) // else it runs out
	}, nil
}

func self() lease {
	host, _ := os.Hostname()
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, _ := os.Readlink("/proc/self/ns/pid")
	return lease{Host: strings.Join([]string{host, strings.TrimSpace(string(boot)), space}, " "), PID: os.Getpid(), Start: startOf(os.Getpid()), Nonce: rand.Text()}
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

// knowsDead tells whether other's process ran where l's does and is gone.
func (l lease) knowsDead(other lease) bool {
	return l.Start != "" && l.Host == other.Host && startOf(other.PID) != other.Start
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
