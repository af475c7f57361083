package digest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"trailgauge/fixtures"
	"trailgauge/pipeline/digest"
	"trailgauge/pipeline/store"
)

// sample is a trail with digests, in a folder; with keeps says whether the metadata is there, as in a bucket.
type sample struct {
	*testing.T
	store.Store
	meta map[string]map[string]string // nil: lost
	ring digest.Ring
	from time.Time
	to   time.Time
}

func (s *sample) Metadata(_ context.Context, key string) (map[string]string, error) {
	return s.meta[key], nil
}

// made is a trail of two regions: three log files in each of six hours, then two hours without any; and the metadata of its digests.
var made = sync.OnceValues(func() (bodies map[string][]byte, meta map[string]map[string]string) {
	bodies, meta = map[string][]byte{}, map[string]map[string]string{}
	d := fixtures.NewDigester(7)
	for _, region := range []string{"eu-central-1", "us-east-1"} {
		for i := range 18 {
			at := began.Add(15*time.Minute + time.Duration(i)*20*time.Minute)
			key := fmt.Sprintf("AWSLogs/111122223333/CloudTrail/%s/%s/111122223333_CloudTrail_%s_%s_%016d.json.gz", region, at.Format("2006/01/02"), region, at.Format("20060102T1504Z"), i)
			bodies[key] = pack(fmt.Sprintf(`{"Records":[{"eventID":"%s %d"}]}`, region, i))
			if err := d.Add(key, bodies[key]); err != nil {
				panic(err)
			}
		}
	}
	err := d.Write(began.Add(8*time.Hour), func(key string, body []byte, m map[string]string) error {
		bodies[key], meta[key] = body, m
		return nil
	})
	if err != nil {
		panic(err)
	}
	return bodies, meta
})

var (
	began = time.Date(2026, 10, 31, 21, 0, 0, 0, time.UTC)
	keys  = sync.OnceValue(func() []byte { return fixtures.NewDigester(7).PublicKeys() })
)

func newSample(t *testing.T, metadata bool) *sample {
	t.Helper()
	dir := t.TempDir()
	bodies, meta := made()
	for key, body := range bodies {
		name := filepath.Join(dir, filepath.FromSlash(key))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, body, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := store.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := &sample{T: t, Store: folder, from: began, to: began.Add(8 * time.Hour)}
	if metadata {
		s.meta = maps.Clone(meta)
	}
	if s.ring, err = digest.ParseKeys(keys()); err != nil {
		t.Fatal(err)
	}
	return s
}

func pack(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, text)
	if err := errors.Join(err, z.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func (s *sample) put(key string, body []byte) {
	s.Helper()
	if err := s.Put(s.Context(), key, body); err != nil {
		s.Fatal(err)
	}
}

// content returns an object's, inflated.
func (s *sample) content(key string) string {
	s.Helper()
	body, _, err := s.Get(s.Context(), key, 0)
	if err != nil {
		s.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}

// keys returns the keys of a kind in eu-central-1, ascending.
func (s *sample) keys(folder string) (out []string) {
	s.Helper()
	err := s.List(s.Context(), "AWSLogs/111122223333/"+folder+"/eu-central-1/", "", func(i store.Info) error { out = append(out, i.Key); return nil })
	if err != nil {
		s.Fatal(err)
	}
	return out
}

func (s *sample) drop(key string) {
	s.Helper()
	if err := s.Delete(s.Context(), key); err != nil {
		s.Fatal(err)
	}
}

func (s *sample) verify() *digest.Result {
	s.Helper()
	r, err := digest.Verify(s.Context(), digest.Options{Trail: s, From: s.from, To: s.to, Keys: s.ring})
	if err != nil {
		s.Fatal(err)
	}
	return r
}

// told sums a result up: counts that are not zero, and what was found, by the end of the object's name.
func told(r *digest.Result) string {
	text, err := json.Marshal([]any{r.Digests, r.Logs})
	if err != nil {
		panic(err)
	}
	var counts []map[string]int64
	if err := json.Unmarshal(text, &counts); err != nil {
		panic(err)
	}
	var out []string
	for i, what := range []string{"digests", "logs"} {
		for _, name := range slices.Sorted(maps.Keys(counts[i])) {
			if n := counts[i][name]; n > 0 {
				out = append(out, fmt.Sprintf("%s %s %d", what, name, n))
			}
		}
	}
	for _, g := range r.Gaps {
		out = append(out, fmt.Sprintf("gap %s %s-%s", g.Region, g.From.Format("15:04"), g.To.Format("15:04")))
	}
	for _, f := range r.Findings {
		out = append(out, fmt.Sprintf("%s %s: %s", f.Kind, f.What, f.Reason))
	}
	return strings.Join(out, "\n")
}
