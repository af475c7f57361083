package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/store"
)

func list(t *testing.T, s store.Store, prefix, after string) []store.Info {
	t.Helper()
	var found []store.Info
	err := s.List(t.Context(), prefix, after, func(i store.Info) error { found = append(found, i); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func keys(infos []store.Info) []string {
	all := []string{}
	for _, i := range infos {
		all = append(all, i.Key)
	}
	return all
}

// putAll writes many small objects, several at once, in whatever order.
func putAll(t *testing.T, s store.Store, all []string) {
	t.Helper()
	g, ctx := errgroup.WithContext(t.Context())
	g.SetLimit(8)
	for _, key := range all {
		g.Go(func() error { return s.Put(ctx, key, []byte(key)) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// between is what List promises, computed from all keys.
func between(all []string, prefix, after string) []string {
	found := []string{}
	for _, key := range all {
		if strings.HasPrefix(key, prefix) && key > after {
			found = append(found, key)
		}
	}
	slices.Sort(found)
	return found
}

// byteOrder has names around the slash (0x2f), where a walk that sorts the names of each folder goes wrong.
func byteOrder(t *testing.T, s store.Store) {
	all := []string{
		"p/a/1", "p/a/2", "p/a/sub/x", "p/a-b/1", "p/a.b/1", "p/a.txt", "p/a!", "p/a0", "p/a b/1", "p/ab", "p/B/1", "p/é/1", "p/~",
		"p0", "p-/x", "p.json", "q/1", "P/1", "AWSLogs/1/x", "AWSLogs/12/x", "AWSLogs/2/x",
	}
	putAll(t, s, all)
	for _, prefix := range []string{"", "p", "p/", "p/a", "p/a/", "p/a-", "p/a/s", "p/zzz", "zzz", "AWSLogs/1", "AWSLogs/1/", ".", "p/."} {
		for _, after := range append([]string{"", "p", "p/", "p/a", "p/a/", "p/a/1x", "p/a/sub", "p/a0/", "AWSLogs/1/", "\x01", "zzzz"}, all...) {
			if diff := cmp.Diff(between(all, prefix, after), keys(list(t, s, prefix, after))); diff != "" {
				t.Errorf("List(%q, %q) (-want +got):\n%s", prefix, after, diff)
			}
		}
	}
}

// pages crosses the 1,000 keys that S3 sends at a time.
func pages(t *testing.T, s store.Store) {
	var all []string
	for i := range 1005 {
		all = append(all, fmt.Sprintf("day=%02d/%04d.json.gz", i%7, i))
	}
	putAll(t, s, all)
	infos := list(t, s, "", "")
	if diff := cmp.Diff(between(all, "", ""), keys(infos)); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
	for _, i := range infos {
		if i.Size != int64(len(i.Key)) || i.ETag == "" || i.Modified.IsZero() {
			t.Errorf("listed %+v", i)
		}
	}
	if diff := cmp.Diff(between(all, "day=0", all[20]), keys(list(t, s, "day=0", all[20]))); diff != "" {
		t.Errorf("after %s (-want +got):\n%s", all[20], diff)
	}
}

func listStops(t *testing.T, s store.Store) {
	putAll(t, s, []string{"a/1", "a/2", "b/3"})
	var seen []string
	fn := func(i store.Info) error {
		seen = append(seen, i.Key)
		if len(seen) == 2 {
			return store.ErrEnough
		}
		return nil
	}
	wantErr(t, "List", s.List(t.Context(), "", "", fn), store.ErrEnough)
	seen = nil
	wantErr(t, "ListUntil", store.ListUntil(t.Context(), s, "", "", fn), nil)
	if diff := cmp.Diff([]string{"a/1", "a/2"}, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func folders(t *testing.T, s store.Store) {
	putAll(t, s, []string{"top", "a/1", "a/sub/x/y", "a/sub2/z", "a-b/1", "a.b/1", "B/deep/er/x", "c0/1"})
	for prefix, want := range map[string][]string{
		"":       {"B/", "a-b/", "a.b/", "a/", "c0/"},
		"a/":     {"a/sub/", "a/sub2/"},
		"a/sub/": {"a/sub/x/"},
		"B/":     {"B/deep/"},
		"c0/":    nil,
		"c/":     nil,
		"top/":   nil,
	} {
		got, err := s.Folders(t.Context(), prefix)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Folders(%q) (-want +got):\n%s", prefix, diff)
		}
	}
}
