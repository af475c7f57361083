package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"trailgauge/pipeline/store"
)

// A body that ends early, with or without an announced length, is fetched again; the SDK alone would hand out the torso.
func TestS3BrokenBody(t *testing.T) {
	const body = "the whole of the body"
	cut := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		fmt.Fprint(w, body[:7])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	s, n := serve(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		if n < 3 {
			cut(w)
		}
		fmt.Fprint(w, body)
	})
	got, info, err := s.Get(t.Context(), "k", 100)
	if err != nil || string(got) != body || info.Size != int64(len(body)) || n.Load() != 3 {
		t.Errorf("Get = %q, %+v, %v after %d requests", got, info, err, n.Load())
	}

	s, n = serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) { cut(w) })
	got, _, err = s.Get(t.Context(), "k", 0)
	if !errors.Is(err, store.ErrUnavailable) || got != nil || n.Load() != 3 {
		t.Errorf("Get = %q, %v after %d requests; want to give up after 3", got, err, n.Load())
	}
}

func TestS3WrongChecksum(t *testing.T) {
	s, n := serve(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		w.Header().Set("x-amz-checksum-crc32", "tMp1FA==") // CRC-32 of "right"
		fmt.Fprint(w, []string{"wrong", "right"}[min(n, 2)-1])
	})
	if got, _, err := s.Get(t.Context(), "k", 0); string(got) != "right" || err != nil || n.Load() != 2 {
		t.Errorf("Get = %q, %v after %d requests", got, err, n.Load())
	}
}

func TestS3ReadTimeout(t *testing.T) {
	environment(t)
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-hang:
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hang) })
	o := options(server.URL)
	o.ReadTimeout = 20 * time.Millisecond
	s := open(t, "trail", "", o)
	if _, _, err := s.Get(t.Context(), "k", 0); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a body that never comes: %v", err)
	}

	o.ReadTimeout = time.Hour
	s = open(t, "trail", "", o)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := s.Get(ctx, "k", 0); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("the caller's deadline: %v", err)
	}
}

// An object stored with Content-Encoding: gzip, as CloudTrail's are, comes as the bytes that are stored.
func TestS3DoesNotDecompress(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		w.Header().Set("Content-Encoding", "gzip")
		fmt.Fprint(w, "\x1f\x8b not really")
	})
	if got, _, err := s.Get(t.Context(), "k.json.gz", 0); err != nil || string(got) != "\x1f\x8b not really" {
		t.Errorf("Get = %q, %v", got, err)
	}
}

func TestS3IgnoredRange(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) { fmt.Fprint(w, "everything") })
	if got, err := s.GetRange(t.Context(), "k", 5, 2); err == nil {
		t.Errorf("GetRange = %q from a server that knows no ranges", got)
	}
}

// The reply to the first attempt is lost, so the retry meets the object that this very Create wrote.
func TestS3CreateAfterLostReply(t *testing.T) {
	for _, c := range []struct {
		name  string
		token func(sent string) string // what is found at the key
		want  error
	}{
		{"own object", func(sent string) string { return sent }, nil},
		{"other's object", func(string) string { return "another" }, store.ErrExist},
		{"no token", func(string) string { return "" }, store.ErrExist},
	} {
		t.Run(c.name, func(t *testing.T) {
			const header = "X-Amz-Meta-Trailgauge-Create"
			var sent atomic.Value
			s, _ := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
				switch {
				case r.Method == http.MethodHead:
					if token := c.token(sent.Load().(string)); token != "" {
						w.Header().Set(header, token)
					}
				case r.Header.Get("If-None-Match") != "*" || r.Header.Get(header) == "":
					t.Errorf("headers of the write: %v", r.Header)
				case n == 1:
					sent.Store(r.Header.Get(header))
					panic(http.ErrAbortHandler)
				default:
					s3Error(w, 412, "PreconditionFailed")
				}
			})
			if err := s.Create(t.Context(), "state/commits/1.json", []byte("{}")); !errors.Is(err, c.want) {
				t.Errorf("Create: %v, want %v", err, c.want)
			}
		})
	}
}

func TestS3CreateConflictIsRetried(t *testing.T) {
	s, n := serve(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		if n == 1 {
			s3Error(w, 409, "ConditionalRequestConflict")
		}
	})
	if err := s.Create(t.Context(), "k", nil); err != nil || n.Load() != 2 {
		t.Errorf("Create: %v after %d requests", err, n.Load())
	}
}

// So is a page of a listing that breaks off; nothing of it is delivered twice.
func TestS3BrokenListing(t *testing.T) {
	page := listing(object("a", "") + object("b", ""))
	s, n := serve(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		w.Header().Set("Content-Length", fmt.Sprint(len(page)))
		if n == 1 {
			fmt.Fprint(w, page[:len(page)/2])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, page)
	})
	if got := fmt.Sprint(keysOf(t, s, "")); got != "[a b]" || n.Load() != 2 {
		t.Errorf("List = %s after %d requests", got, n.Load())
	}
}

// However many requests had to be repeated or given up, the next one has its attempts: the SDK's retry quota would be used up.
func TestS3NoRetryQuota(t *testing.T) {
	s, n := serve(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		if n <= 301 {
			s3Error(w, 503, "SlowDown")
		}
	})
	for n.Load() < 300 {
		if _, _, err := s.Get(t.Context(), "k", 0); !errors.Is(err, store.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Get(t.Context(), "k", 0); err != nil {
		t.Error(err)
	}
}
