package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline"
	"trailgauge/pipeline/store"
)

func TestStatusOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{pipeline.ErrUsage, statusUsage},
		{pipeline.ErrHeld, statusHeld},
		{store.ErrUnavailable, statusTryLater},
		{context.DeadlineExceeded, statusTryLater},
		{context.Canceled, statusInterrupted},
		{fmt.Errorf("%w: %w", store.ErrUnavailable, context.Canceled), statusInterrupted},
		{store.ErrDenied, statusFailed},
		{store.ErrNotExist, statusFailed},
	} {
		if got := statusOf(fmt.Errorf("reading it: %w", c.err)); got != c.want {
			t.Errorf("%v: status %d, want %d", c.err, got, c.want)
		}
	}
}

func TestOkExit(t *testing.T) {
	for _, c := range []struct{ status, want int }{{3, 0}, {10, 0}, {4, 4}, {0, 0}, {1, 1}} {
		if got := (outcome{c.status, []int{3, 10}}).exit(); got != c.want {
			t.Errorf("status %d with --ok-exit 3,10: %d", c.status, got)
		}
	}
}

// bucket is a server that answers every request with one status.
func bucket(t *testing.T, status int) (flags []string) {
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(server.Close)
	return []string{"--endpoint", server.URL, "--path-style", "--region", "eu-west-1"}
}

func TestDenied(t *testing.T) {
	flags := bucket(t, http.StatusForbidden)
	status, out, errs := call(t.Context(), append([]string{"run", "--trail", "s3://trail/logs", "--lake", t.TempDir()}, flags...)...)
	if status != statusFailed || out != "" || !strings.Contains(errs, "access denied") || !strings.Contains(errs, "\ntrailgauge: hint: check the credentials") {
		t.Errorf("status %d, stdout %q, stderr\n%s", status, out, errs)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	status, out, errs := call(ctx, "run", "--trail", t.TempDir(), "--lake", t.TempDir())
	if status != statusInterrupted || out != "" || !strings.Contains(errs, "hint: nothing is lost") {
		t.Errorf("status %d, stdout %q, stderr\n%s", status, out, errs)
	}
}

// TestInterrupt sends a real process the signal while it waits for a bucket.
func TestInterrupt(t *testing.T) {
	flags := bucket(t, 0)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{}, 100)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked <- struct{}{}; <-r.Context().Done() })}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	lake := t.TempDir()
	flags[1] = "http://" + listener.Addr().String()
	cmd := exec.Command("trailgauge", append([]string{"run", "--trail", "s3://trail", "--lake", lake}, flags...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-asked:
	case <-time.After(afterwards):
		_ = cmd.Process.Kill()
		t.Fatal("it asked the bucket nothing")
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(afterwards):
		_ = cmd.Process.Kill()
		t.Fatal("it did not end")
	}
	if got := cmd.ProcessState.ExitCode(); got != statusInterrupted {
		t.Errorf("exit status %d, want %d", got, statusInterrupted)
	}
	if _, err := os.Stat(lake + "/state/lease"); err == nil {
		t.Error("the lease is still there")
	}
}
