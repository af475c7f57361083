package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLambda starts the binary as Lambda's runtime does and hands it a run's steps over the Runtime API, as a state machine calls them.
func TestLambda(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary")
	}
	dir := t.TempDir()
	bootstrap := filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-o", bootstrap, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := writeTrail(filepath.Join(dir, "trail"), 1); err != nil {
		t.Fatal(err)
	}
	f := newFunction(t, bootstrap, "TRAILGAUGE_TRAIL="+filepath.Join(dir, "trail"), "TRAILGAUGE_LAKE="+filepath.Join(dir, "lake"))

	f.call(`{"step": "merge"}`, time.Minute).fails("Usage", "there is no lake")
	f.call(`{"step": "scam"}`, time.Minute).fails("Usage", `there is no step "scam"`)
	f.call(`[]`, time.Minute).fails("Usage", "reading the request")
	f.call(`{"step": "scan", "shard": {"a": 1}}`, time.Minute).fails("Usage", `member "shard"`)
	f.call(`{"step": "scan", "frobnicate": true}`, time.Minute).fails("Usage", "unknown flag --frobnicate")
	plan := f.call(`{"step": "plan", "asOf": "2026-11-01", "scoreFrom": "2026-10-30"}`, time.Minute).want("run", 1.).want("shards", 1.).want("status", 0.)
	list, err := os.ReadFile(plan.answer["items"].(map[string]any)["url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	f.call(`{"step": "decide"}`, time.Minute).fails("Usage", "not merged")
	f.call(`{"step": "merge"}`, -time.Second).fails("OutOfTime", "") // how far it would get in any other time depends on the machine
	f.call(`{"step": "scan", "Items": [`+string(list)+`], "BatchInput": {"x": 1}}`, time.Minute).want("done", true).want("shards", 1.)
	f.call(`{"step": "scan", "Items": [{"run": 1, "shard": 0}, {"run": 2, "shard": 0}]}`, time.Minute).fails("Usage", "another plan")
	held := filepath.Join(dir, "lake", "state", "lease")
	if err := os.WriteFile(held, []byte(`{"host":"elsewhere","pid":1,"until":"2099-01-01T00:00:00Z"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	f.call(`{"step": "merge"}`, time.Minute).fails("LakeHeld", "hint: wait")
	if err := os.Remove(held); err != nil {
		t.Fatal(err)
	}
	f.call(`{"step": "merge", "run": 1}`, time.Minute).want("commit", 1.)
	for _, day := range []string{"2026-10-30", "2026-10-31"} {
		f.call(`{"step": "fit", "shard": [0, 1], "of": 2}`, time.Minute).want("day", day)
		f.call(`{"step": "score", "shard": [0, 1], "of": 2}`, time.Minute).want("day", day)
		last := day == "2026-10-31"
		status := map[bool]float64{true: 0, false: 11}[last]
		f.call(`{"step": "decide", "of": 2}`, time.Minute).want("done", last).want("status", status)
	}
	f.call(`{"step": "report"}`, time.Minute).want("commit", 2.)
	f.call(`{"step": "run", "asOf": "2026-11-01"}`, time.Minute).want("step", "run").want("commit", 2.).want("opened", 0.)
	f.call(`{"step": "gc"}`, time.Minute).want("commit", 2.)
	f.call(`{"step": "compact"}`, time.Minute).want("status", 0.)
	f.call(`{"step": "expire", "keepDays": 400}`, time.Minute).want("status", 0.)
}

// function is a bootstrap under a runtime of this test.
type function struct {
	*testing.T
	requests chan request
	replies  chan reply
}

type request struct {
	body     string
	deadline time.Time
}

type reply struct {
	*testing.T
	answer map[string]any // nil: an error
	Type   string         `json:"errorType"`
	Text   string         `json:"errorMessage"`
}

// newFunction serves the part of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html that a handler needs: next, response, error.
func newFunction(t *testing.T, bootstrap string, env ...string) *function {
	f := &function{t, make(chan request), make(chan reply)}
	mux, n := http.NewServeMux(), 0
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case x := <-f.requests:
			n++
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprint(n))
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(x.deadline.UnixMilli()))
			_, _ = io.WriteString(w, x.body)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{what}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		out := reply{T: t}
		var err error
		if r.PathValue("what") == "response" {
			err = json.Unmarshal(body, &out.answer)
		} else {
			err = json.Unmarshal(body, &out)
		}
		if err != nil {
			out.Type = err.Error()
		}
		w.WriteHeader(http.StatusAccepted)
		f.replies <- out
	})
	server := httptest.NewServer(mux)
	var log bytes.Buffer
	ctx, kill := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, bootstrap)
	c.Env = append(append(os.Environ(), env...), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"), "AWS_LAMBDA_FUNCTION_NAME=trailgauge")
	c.Stdout, c.Stderr = &log, &log
	c.Cancel, c.WaitDelay = func() error { return c.Process.Signal(syscall.SIGTERM) }, 10*time.Second // after that it is killed
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		kill()
		_ = c.Wait()
		if ended := c.ProcessState.String(); ended != "signal: terminated" {
			t.Errorf("asked to end while it waited for a call it was %s", ended)
		}
		server.CloseClientConnections()
		server.Close()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return f
}

func (f *function) call(body string, within time.Duration) reply {
	f.Helper()
	late := time.After(afterwards)
	select {
	case f.requests <- request{body, time.Now().Add(within)}:
	case <-late:
		f.Fatalf("%s: nobody asks for requests", body)
	}
	select {
	case r := <-f.replies:
		f.Logf("%s: %v %s %s", body, r.answer, r.Type, r.Text)
		return r
	case <-late:
		f.Fatalf("%s: no answer", body)
	}
	panic("not reached")
}

func (r reply) want(member string, value any) reply {
	r.Helper()
	if r.answer[member] != value {
		r.Errorf("%s is %v, want %v", member, r.answer[member], value)
	}
	return r
}

func (r reply) fails(name, text string) {
	r.Helper()
	if r.Type != name || !strings.Contains(r.Text, text) {
		r.Errorf("%v, error %s %q, want %s %q", r.answer, r.Type, r.Text, name, text)
	}
}
