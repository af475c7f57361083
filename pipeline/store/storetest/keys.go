package storetest

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/store"
)

func badKeys(t *testing.T, s store.Store) {
	ctx := t.Context()
	nothing := func(store.Info) error { return nil }
	for _, key := range []string{
		"", ".", "..", "/", "/abs", "a/", "a//b", "a/./b", "a/../b", "../up", "a/..", "nul\x00", "a/\x00/b", "bad\xff utf-8",
		".tmp-x", "a/.tmp-x/b", strings.Repeat("long/", 205) + "x", // 1,026 bytes
	} {
		_, _, err := s.Get(ctx, key, 0)
		wantErr(t, "Get", err, store.ErrBadKey)
		_, err = s.GetRange(ctx, key, 0, 1)
		wantErr(t, "GetRange", err, store.ErrBadKey)
		_, err = s.GetRange(ctx, key, 0, 0)
		wantErr(t, "GetRange of nothing", err, store.ErrBadKey)
		_, err = s.Stat(ctx, key)
		wantErr(t, "Stat", err, store.ErrBadKey)
		wantErr(t, "Put", s.Put(ctx, key, nil), store.ErrBadKey)
		wantErr(t, "Create", s.Create(ctx, key, nil), store.ErrBadKey)
		wantErr(t, "Delete", s.Delete(ctx, key), store.ErrBadKey)
		if t.Failed() {
			t.Fatalf("key %.40q was not refused", key)
		}
	}
	for _, prefix := range []string{"../", "/", "a//", "../x", "/etc", "a/../b", "\x00/"} {
		wantErr(t, "List of "+prefix, s.List(ctx, prefix, "", nothing), store.ErrBadKey)
	}
	for _, prefix := range []string{"..", "../", "/", "a//", "a", "\x00/"} {
		_, err := s.Folders(ctx, prefix)
		wantErr(t, "Folders of "+prefix, err, store.ErrBadKey)
	}
	if got := keys(list(t, s, "", "")); len(got) > 0 {
		t.Errorf("refused keys left %q", got)
	}
}

// oddKeys are clean, but need escaping somewhere on their way: in a URL, a header or XML.
func oddKeys(t *testing.T, s store.Store) {
	all := []string{
		"space in name", "plus+and&amp;", "percent%2Fencoded%", "question?mark=1#hash", "quotes'\"<xml>", "tilde~!*()", "colon:at@", "back\\slash",
		"unicode/héllo/日本語/🙂", "unicode/e\u0301 is not é", "..dots/...", ".hidden/.x", "trailing.", "UPPER/lower", "a=1/b=2,c;d", "-dash",
		strings.Repeat("long/", 150) + "end",
	}
	putAll(t, s, all)
	for _, key := range all {
		if got, info := get(t, s, key); string(got) != key || info.Key != key {
			t.Errorf("Get(%q) = %q, Info %+v", key, got, info)
		}
	}
	if diff := cmp.Diff(between(all, "", ""), keys(list(t, s, "", ""))); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	want := []string{"unicode/e\u0301 is not é"}
	if diff := cmp.Diff(want, keys(list(t, s, "unicode/e", ""))); diff != "" {
		t.Errorf("List of a prefix (-want +got):\n%s", diff)
	}
	for _, key := range all {
		if err := s.Delete(context.Background(), key); err != nil {
			t.Error(err)
		}
	}
	if left := list(t, s, "", ""); len(left) > 0 {
		t.Errorf("after Delete: %q", keys(left))
	}
}

func bigBody(t *testing.T, s store.Store) {
	body := make([]byte, 20<<20)
	for i := range body {
		body[i] = byte(i ^ i>>8 ^ i>>16)
	}
	put(t, s, "big", body)
	got, info := get(t, s, "big")
	if !bytes.Equal(got, body) || info.Size != int64(len(body)) {
		t.Errorf("%d bytes came back as %d, or changed", len(body), len(got))
	}
	part, err := s.GetRange(t.Context(), "big", 10<<20+7, 1<<20)
	if err != nil || !bytes.Equal(part, body[10<<20+7:11<<20+7]) {
		t.Errorf("a range of it: %d bytes, %v", len(part), err)
	}
}
