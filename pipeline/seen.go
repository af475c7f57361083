package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// A list of objects that were read is a file of tab-separated lines, ascending by key: ETag, size in bytes, "ok" or
// "rejected", key (quoted as a Go string), records found in it, those of them rejected, and why the object was rejected as a whole (quoted; lists of
// older versions end with the key). One list holds one run's objects of one delivery day. A last line, "end" and the number of lines before it,
// seals it: a list that was cut would have its objects read again.

const undated = "undated"

// deliveryDay says in which list an object belongs.
func deliveryDay(base, key string) string {
	if o := trail.ParseKey(base + "/" + key); o.HasDay {
		return o.Day.String()
	}
	return undated
}

func listKey(day string, run int) string {
	return fmt.Sprintf("state/objects/%s/%08d.tsv", strings.ReplaceAll(day, "-", "/"), run)
}

type readObject struct {
	key, etag string
	size      int64
	rejected  bool
	records   int64  // found in it
	bad       int64  // of them, rejected
	reason    string // why it was rejected as a whole; "" when it was not, or nobody wrote it down
}

func encodeList(objects []readObject) []byte {
	slices.SortFunc(objects, func(a, b readObject) int { return strings.Compare(a.key, b.key) })
	var b bytes.Buffer
	for _, o := range objects {
		status := "ok"
		if o.rejected {
			status = "rejected"
		}
		fmt.Fprintf(&b, "%s\t%d\t%s\t%s\t%d\t%d\t%s\n", o.etag, o.size, status, strconv.Quote(o.key), o.records, o.bad, strconv.Quote(o.reason))
	}
	fmt.Fprintf(&b, "end\t%d\n", len(objects))
	return b.Bytes()
}

func decodeList(body []byte) ([]readObject, error) {
	var out []readObject
	rest := body
	for line := range strings.Lines(string(body)) {
		if rest = rest[len(line):]; len(rest) == 0 && line == fmt.Sprintf("end\t%d\n", len(out)) {
			return out, nil
		}
		o, err := parseObject(strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
		if err != nil {
			return nil, fmt.Errorf("%q: %w: %w", line, err, lake.ErrForeign)
		}
		out = append(out, o)
	}
	return nil, fmt.Errorf("a list without its end: %w", lake.ErrForeign)
}

func parseObject(f []string) (o readObject, err error) {
	if len(f) != 4 && len(f) != 7 {
		return o, fmt.Errorf("%d columns", len(f))
	}
	o.etag, o.rejected = f[0], f[2] == "rejected"
	var errs [5]error
	o.size, errs[0] = strconv.ParseInt(f[1], 10, 64)
	o.key, errs[1] = strconv.Unquote(f[3])
	if len(f) == 7 {
		o.records, errs[2] = strconv.ParseInt(f[4], 10, 64)
		o.bad, errs[3] = strconv.ParseInt(f[5], 10, 64)
		o.reason, errs[4] = strconv.Unquote(f[6])
	}
	return o, errors.Join(errs[:]...)
}

// readLists returns what lists, ascending, say of their objects, by key: what a later run saw counts.
func readLists(ctx context.Context, s store.Store, lists []string) (map[string]readObject, error) {
	latest := map[string]readObject{}
	for _, key := range lists {
		body, _, err := s.Get(ctx, key, 0)
		if err != nil {
			return nil, err
		}
		read, err := decodeList(body)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", s.URL(key), err)
		}
		for _, o := range read {
			latest[o.key] = o
		}
	}
	return latest, nil
}

// unseen drops the objects that an earlier run has read in the same state. An object whose ETag changed since is read again, a
// rejected one too.
func unseen(ctx context.Context, s store.Store, c *lake.Commit, base string, objects []store.Info) ([]store.Info, error) {
	wanted := map[string]bool{}
	for _, o := range objects {
		wanted[deliveryDay(base, o.Key)] = true
	}
	var lists []string // a key is in the lists of one day only
	for _, l := range c.Objects {
		if wanted[l.Day] {
			lists = append(lists, l.Lists...)
		}
	}
	seen, err := readLists(ctx, s, lists)
	if err != nil {
		return nil, err
	}
	var out []store.Info
	for _, o := range objects {
		if read, ok := seen[o.Key]; !ok || read.etag != o.ETag {
			out = append(out, o)
		}
	}
	return out, nil
}
