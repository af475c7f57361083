package storetest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"trailgauge/pipeline/store"
)

// files uploads local files: an empty one, a small one over an object, and one so large that a bucket takes it in parts.
func files(t *testing.T, s store.Store) {
	name := filepath.Join(t.TempDir(), "body")
	large := bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstuv\n"), 70<<20/33)
	copy(large[len(large)-3:], "end")
	etags := map[string]bool{}
	for i, body := range [][]byte{nil, []byte("small"), large} {
		key := "a/file"
		if i == 2 { // gofakes3 keeps the checksum of what an upload in parts replaces
			key = "a/large"
		}
		if err := os.WriteFile(name, body, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.PutFile(t.Context(), key, name); err != nil {
			t.Fatal(err)
		}
		got, info := get(t, s, key)
		if !bytes.Equal(got, body) || info.Size != int64(len(body)) {
			t.Errorf("PutFile of %d bytes: got %d, Info %+v", len(body), len(got), info)
		}
		etags[info.ETag] = true
	}
	if len(etags) != 3 {
		t.Errorf("ETags %v: want three", etags)
	}
	if err := s.PutFile(t.Context(), "a/other", name+"-missing"); err == nil {
		t.Error("PutFile of a missing file: no error")
	}
	_, err := s.Stat(t.Context(), "a/other")
	wantErr(t, "Stat after a PutFile that failed", err, store.ErrNotExist)
	wantErr(t, "PutFile", s.PutFile(t.Context(), "a/../b", name), store.ErrBadKey)
}
