package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/pipeline/store"
)

// A joined store lists and reads what one folder does that holds the same under the places' names.
func TestJoin(t *testing.T) {
	names := []string{"b", "a/x", "a-b", "a/y/z"} // "a-b/" sorts before "a/x/"
	keys := []string{"AWSLogs/1/f", "AWSLogs/1/g", "k", "l/m", "l/n"}
	whole, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var places []store.Place
	for _, name := range names {
		s, err := store.Folder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			body := []byte(name + " " + key)
			if err := errors.Join(s.Put(t.Context(), key, body), whole.Put(t.Context(), name+"/"+key, body)); err != nil {
				t.Fatal(err)
			}
		}
		places = append(places, store.Place{Name: name, Store: s})
	}
	joined, err := store.Join(places)
	if err != nil {
		t.Fatal(err)
	}
	list := func(s store.Store, prefix, after string) (out []string) {
		err := s.List(context.Background(), prefix, after, func(i store.Info) error { out = append(out, i.Key); return nil })
		if err != nil {
			t.Fatalf("listing %q after %q: %v", prefix, after, err)
		}
		return out
	}
	all := list(whole, "", "")
	if got := list(joined, "", ""); !slices.Equal(got, all) || !slices.IsSorted(got) || len(got) != len(names)*len(keys) {
		t.Errorf("listed %q, want %q", got, all)
	}
	for _, key := range all {
		body, info, err := joined.Get(t.Context(), key, 0)
		if err != nil || info.Key != key || !strings.HasSuffix(key, strings.ReplaceAll(string(body), " ", "/")) {
			t.Errorf("getting %s: %q, %+v, %v", key, body, info, err)
		}
	}
	texts := []string{""}
	for _, key := range all {
		for i := range key {
			texts = append(texts, key[:i+1])
		}
	}
	text := rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom(texts).Draw(t, "text") + rapid.SampledFrom([]string{"", store.Last, "!", "/"}).Draw(t, "more")
	})
	rapid.Check(t, func(rt *rapid.T) {
		prefix, after := rapid.SampledFrom(texts).Draw(rt, "prefix"), text.Draw(rt, "after")
		if diff := cmp.Diff(list(whole, prefix, after), list(joined, prefix, after)); diff != "" {
			rt.Errorf("listing %q after %q: %s", prefix, after, diff)
		}
		if dir := prefix[:strings.LastIndexByte(prefix, '/')+1]; true {
			want, err1 := whole.Folders(context.Background(), dir)
			got, err2 := joined.Folders(context.Background(), dir)
			if diff := cmp.Diff(want, got); diff != "" || err1 != nil || err2 != nil {
				rt.Errorf("folders of %q: %s, %v, %v", dir, diff, err1, err2)
			}
		}
	})
}

func TestJoinRefuses(t *testing.T) {
	s, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range [][]string{{"a", "a"}, {"a", "a/b"}, {"a/b", "c", "a"}, {""}, {"a//b"}, {"../a"}} {
		var places []store.Place
		for _, n := range names {
			places = append(places, store.Place{Name: n, Store: s})
		}
		if _, err := store.Join(places); err == nil {
			t.Errorf("joined %q", names)
		}
	}
	j, err := store.Join([]store.Place{{Name: "a", Store: s}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := j.Get(t.Context(), "b/k", 0); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("getting from no place: %v", err)
	}
	if _, _, err := j.Get(t.Context(), "../k", 0); !errors.Is(err, store.ErrBadKey) {
		t.Errorf("getting a bad key: %v", err)
	}
	if err := j.Put(t.Context(), "a/k", nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("putting: %v", err)
	}
	if err := j.Delete(t.Context(), "a/k"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("deleting: %v", err)
	}
}
