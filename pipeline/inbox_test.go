package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"trailgauge/pipeline/sink"
	"trailgauge/pipeline/store"
)

// inbox is a webhook that keeps what it has taken.
type inbox struct {
	mu    sync.Mutex
	took  []string // "phase title", in order
	ids   []string
	down  func(n int) bool // whether the request after n ones is turned away
	asked int
	url   string
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	b := &inbox{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.asked++
		if b.down != nil && b.down(b.asked-1) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, _ := io.ReadAll(r.Body)
		var m struct {
			Blocks []struct{ Text struct{ Text string } }
		}
		if err := json.Unmarshal(body, &m); err != nil || len(m.Blocks) == 0 {
			t.Errorf("%s: %v", body, err)
			return
		}
		b.took, b.ids = append(b.took, m.Blocks[0].Text.Text), append(b.ids, r.Header.Get("X-Trailgauge-Message"))
	}))
	t.Cleanup(s.Close)
	b.url = s.URL
	return b
}

// phases counts what came by phase.
func (b *inbox) phases() string {
	n := map[string]int{}
	for _, s := range b.took {
		phase, _, _ := strings.Cut(s, ":")
		n[phase]++
	}
	b.took = nil
	return strings.TrimPrefix(fmt.Sprint(n), "map")
}

// deliver delivers to a sink a box, named in order.
func deliver(t *testing.T, s store.Store, later time.Duration, boxes ...*inbox) *Delivered {
	t.Helper()
	out, err := tryDeliver(s, later, nil, boxes...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryDeliver(s store.Store, later time.Duration, change func(*DeliverOptions), boxes ...*inbox) (*Delivered, error) {
	o := DeliverOptions{UpkeepOptions: UpkeepOptions{Lake: s}, Now: time.Now().Add(later), Wait: func(context.Context, time.Duration) error { return nil }}
	for k := range boxes {
		o.Sinks = append(o.Sinks, sink.Config{Type: "slack", Name: fmt.Sprintf("box-%d", k), URLFrom: fmt.Sprintf("BOX_%d", k)})
	}
	o.Getenv = func(name string) string {
		var k int
		if _, err := fmt.Sscanf(name, "BOX_%d", &k); err != nil {
			return ""
		}
		return boxes[k].url
	}
	if change != nil {
		change(&o)
	}
	return Deliver(context.Background(), o)
}

// undelivered leaves the files of a lake out that delivering may write.
func undelivered(files map[string][]byte) map[string][]byte {
	for name := range files {
		if strings.HasPrefix(name, deliveredPrefix) {
			delete(files, name)
		}
	}
	return files
}
