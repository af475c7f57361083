package store

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever is released meanwhile, a body is its object's, and stays so until it is released itself.
func TestReleasedMemoryIsNobodysBody(t *testing.T) {
	s, err := Folder(filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	content := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, i*37_000) }
	for i := range 12 {
		if err := s.Put(t.Context(), fmt.Sprint(i), content(i)); err != nil {
			t.Fatal(err)
		}
	}
	var kept [][]byte
	for round := range 4 {
		for i := range 12 {
			body, info, err := s.Get(t.Context(), fmt.Sprint(i), 0)
			if err != nil || info.Size != int64(len(body)) || !bytes.Equal(body, content(i)) {
				t.Fatalf("%d: %d bytes, error %v", i, len(body), err)
			}
			if i%4 == round {
				kept = append(kept, body)
			} else {
				Release(body)
			}
		}
	}
	for k, body := range kept {
		if i := k/3 + k%3*4; !bytes.Equal(body, content(i)) {
			t.Errorf("the body of %d has changed", i)
		}
	}
}

// Begin reaches a folder through what counts its requests, and leaves nothing behind that would be in the way.
func TestBegin(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	s, err := Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	began := make(chan string, 1)
	beginning = func(f *folder) { began <- f.dir; f.begin() }
	defer func() { beginning = (*folder).begin }()
	if err := s.Put(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}
	Begin(Counted(s, new(Requests)))
	if got := <-began; !strings.HasSuffix(got, "lake") {
		t.Errorf("began with %s", got)
	}
	if err := s.Put(t.Context(), "b", nil); err != nil {
		t.Fatal(err)
	}
}
