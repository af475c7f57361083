package eventhistory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
	"trailgauge/pipeline/trail"
)

// account is an Event History: so many events in each hour, newest first, fifty a page.
type account struct {
	t        *testing.T
	events   func(h time.Time) int
	requests int
	asked    []time.Time                   // the hours, by their first pages
	fail     func(n int, tok string) error // of the n-th request
}

func (a *account) lookup(_ context.Context, from, to time.Time, token string) (Page, error) {
	a.requests++
	if from.Truncate(time.Hour) != from || to.Sub(from) != time.Hour-time.Second {
		a.t.Errorf("asked for %s to %s", from, to)
	}
	if token == "" {
		a.asked = append(a.asked, from)
	}
	if a.fail != nil {
		if err := a.fail(a.requests, token); err != nil {
			return Page{}, err
		}
	}
	at, n := 0, a.events(from)
	if token != "" {
		at, _ = strconv.Atoi(token)
	}
	var p Page
	for ; at < n && len(p.Events) < 50; at++ {
		p.Events = append(p.Events, fmt.Sprintf(`{"eventID":"%s-%d"}`, from.Format("02T15"), at))
	}
	if at < n {
		p.Next = strconv.Itoa(at)
	}
	return p, nil
}

var now = time.Date(2026, 11, 1, 12, 10, 0, 0, time.UTC)

func fetch(t *testing.T, a *account, into store.Store, now time.Time, days int) (time.Time, error) {
	t.Helper()
	return Fetch(t.Context(), Options{Account: "111122223333", Region: "eu-central-1", Lookup: a.lookup, Into: into, Now: now, Days: days})
}

func folder(t *testing.T) store.Store {
	t.Helper()
	s, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// events returns the IDs of what is stored, by hour of the objects' stamps, ascending; and all objects' bytes.
func stored(t *testing.T, s store.Store) (events map[time.Time][]string, objects map[string]string) {
	t.Helper()
	events, objects = map[time.Time][]string{}, map[string]string{}
	err := s.List(t.Context(), "trail/", "", func(i store.Info) error {
		o := trail.ParseKey(i.Key)
		if o.Kind() != trail.Trail || o.Account != "111122223333" || o.Region != "eu-central-1" || o.Stamp.IsZero() || !o.HasDay || o.Day != trail.DayOf(o.Stamp) {
			t.Errorf("%s is no key of a trail: %+v", i.Key, o)
		}
		body, _, err := s.Get(t.Context(), i.Key, 0)
		if err != nil {
			return err
		}
		objects[i.Key] = string(body)
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return err
		}
		var file struct {
			Records []struct{ EventID string }
		}
		if err := json.NewDecoder(z).Decode(&file); err != nil {
			return err
		}
		events[o.Stamp] = append(events[o.Stamp], []string{}...)
		for _, r := range file.Records {
			events[o.Stamp] = append(events[o.Stamp], r.EventID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for h := range events {
		slices.Sort(events[h])
		events[h] = slices.Compact(events[h])
	}
	return events, objects
}

func TestFetch(t *testing.T) {
	a := &account{t: t, events: func(h time.Time) int { return h.Hour() * 13 }}
	s := folder(t)
	oldest, err := fetch(t, a, s, now, 2)
	if err != nil || !oldest.Equal(time.Date(2026, 10, 30, 13, 0, 0, 0, time.UTC)) {
		t.Fatalf("oldest %s, %v", oldest, err)
	}
	if len(a.asked) != 46 || !a.asked[0].Equal(now.Truncate(time.Hour).Add(-2*time.Hour)) || !slices.IsSortedFunc(a.asked, func(x, y time.Time) int { return y.Compare(x) }) {
		t.Errorf("%d hours, from %s", len(a.asked), a.asked[0]) // 11:00 to 12:00 ended less than 30 minutes ago
	}
	events, _ := stored(t, s)
	for _, h := range a.asked {
		if got := len(events[h.Add(time.Hour)]); got != a.events(h) {
			t.Errorf("%s: %d events, want %d", h, got, a.events(h))
		}
		if _, ok := events[h.Add(time.Hour)]; !ok {
			t.Errorf("%s left no object", h)
		}
	}

	// Nothing is fetched again but the hours for which late events may have come; more days go on where it ended.
	_, before := stored(t, s)
	a.asked = nil
	if _, err := fetch(t, a, s, now, 2); err != nil || len(a.asked) != 0 {
		t.Errorf("again: %d hours, %v", len(a.asked), err)
	}
	if _, err := fetch(t, a, s, now.Add(4*time.Hour), 2); err != nil || len(a.asked) != 4+2 {
		t.Errorf("four hours later: hours %v, %v", a.asked, err)
	}
	a.asked = nil
	if oldest, err := fetch(t, a, s, now.Add(4*time.Hour), 3); err != nil || len(a.asked) != 20 || !oldest.Equal(now.Add(4*time.Hour).Truncate(time.Hour).AddDate(0, 0, -3).Add(time.Hour)) {
		t.Errorf("three days: %d hours, back to %s, %v", len(a.asked), oldest, err)
	}
	_, after := stored(t, s)
	for key, body := range before {
		if after[key] != body {
			t.Errorf("%s changed", key)
		}
	}
}

// Killed at any request or any write, and begun again: the same bytes as in one go.
func TestFetchKilled(t *testing.T) {
	events := func(h time.Time) int { return h.Hour() * 9 }
	whole := folder(t)
	a := &account{t: t, events: events}
	if _, err := fetch(t, a, whole, now, 1); err != nil {
		t.Fatal(err)
	}
	_, want := stored(t, whole)
	killed := errors.New("killed")
	for n := 1; n <= a.requests; n += 7 {
		s, ops := folder(t), 0
		hooked := storetest.Hooked(s, func(op, key string) error {
			if op != "Put" && op != "Create" {
				return nil
			}
			if ops++; ops == n {
				return killed
			}
			return nil
		}, nil)
		b := &account{t: t, events: events, fail: func(k int, _ string) error {
			if k == n {
				return killed
			}
			return nil
		}}
		goes := 0
		for {
			if _, err := fetch(t, b, hooked, now, 1); err == nil {
				break
			} else if !errors.Is(err, killed) {
				t.Fatal(err)
			}
			if goes++; goes > 2 {
				t.Fatal("it does not get on")
			}
		}
		if _, got := stored(t, s); !maps.Equal(got, want) {
			t.Errorf("killed at %d: %s", n, cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))))
		}
	}
}

// An event that comes late is there after the hour was fetched for good; those that were there stay.
func TestFetchLate(t *testing.T) {
	n := 3
	a := &account{t: t, events: func(time.Time) int { return n }}
	s := folder(t)
	if _, err := fetch(t, a, s, now, 1); err != nil {
		t.Fatal(err)
	}
	n = 4
	if _, err := fetch(t, a, s, now.Add(3*time.Hour), 1); err != nil {
		t.Fatal(err)
	}
	events, _ := stored(t, s)
	if got := len(events[now.Truncate(time.Hour).Add(-time.Hour)]); got != 4 {
		t.Errorf("the newest hour has %d events", got)
	}
	if got := len(events[now.Truncate(time.Hour).Add(-10*time.Hour)]); got != 3 {
		t.Errorf("an hour that was fetched for good has %d events", got)
	}
}

func TestFetchTokenExpires(t *testing.T) {
	a := &account{t: t, events: func(time.Time) int { return 120 }}
	expire := 1
	a.fail = func(_ int, token string) error {
		if token == "100" && expire > 0 {
			expire--
			return ErrToken
		}
		return nil
	}
	s := folder(t)
	if _, err := fetch(t, a, s, now, 1); err != nil {
		t.Fatal(err)
	}
	if events, _ := stored(t, s); len(events[now.Truncate(time.Hour).Add(-time.Hour)]) != 120 {
		t.Errorf("%d events", len(events[now.Truncate(time.Hour).Add(-time.Hour)]))
	}
	expire = 100
	_, err := fetch(t, a, folder(t), now, 1)
	if !errors.Is(err, ErrToken) || !strings.Contains(err.Error(), "fetching the events of eu-central-1, 2026-11-01T10:00:00Z to 2026-11-01T11:00:00Z") {
		t.Errorf("a token that always expires: %v", err)
	}
}

// What is no JSON does not spoil its neighbours, and large hours are cut.
func TestParts(t *testing.T) {
	long := strings.Repeat("x", partSize/60)
	n := 0
	lookup := func(_ context.Context, from, _ time.Time, token string) (Page, error) {
		if !from.Equal(now.Truncate(time.Hour).Add(-2 * time.Hour)) {
			return Page{}, nil
		}
		if n++; n > 5 {
			return Page{Events: []string{`{"eventID":"last"}`, "\xff{ no JSON \"", ""}}, nil
		}
		p := Page{Next: fmt.Sprint(n)}
		for i := range 50 {
			p.Events = append(p.Events, fmt.Sprintf(`{"eventID":"%d-%d","x":%q}`, n, i, long))
		}
		return p, nil
	}
	s := folder(t)
	if _, err := Fetch(t.Context(), Options{Account: "111122223333", Region: "eu-central-1", Lookup: lookup, Into: s, Now: now, Days: 1}); err != nil {
		t.Fatal(err)
	}
	records, objects := 0, 0
	err := s.List(t.Context(), "trail/AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/01/111122223333_CloudTrail_eu-central-1_20261101T1100Z", "", func(i store.Info) error {
		body, _, err := s.Get(t.Context(), i.Key, 0)
		if err != nil {
			return err
		}
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return err
		}
		text, err := io.ReadAll(z)
		if err != nil {
			return err
		}
		var file struct{ Records []any }
		if err := json.Unmarshal(text, &file); err != nil {
			t.Errorf("%s: %v", i.Key, err)
		}
		if len(text) > 2*partSize {
			t.Errorf("%s has %d bytes", i.Key, len(text))
		}
		records, objects = records+len(file.Records), objects+1
		return nil
	})
	if err != nil || records != 253 || objects != 3 {
		t.Errorf("%d records in %d objects, %v", records, objects, err)
	}
}

func TestProgress(t *testing.T) {
	a := &account{t: t, events: func(time.Time) int { return 60 }}
	var all []Progress
	if _, err := Fetch(t.Context(), Options{Account: "1", Region: "r", Lookup: a.lookup, Into: folder(t), Now: now, Days: 1, Pace: time.Millisecond, Told: func(p Progress) { all = append(all, p) }}); err != nil {
		t.Fatal(err)
	}
	if p := all[9]; len(all) != 22 || p.Done != 10 || p.Hours != 22 || p.Events != 600 || p.Left != 24*time.Millisecond {
		t.Errorf("%d, %+v", len(all), p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fetch(ctx, Options{Account: "1", Region: "r", Lookup: a.lookup, Into: folder(t), Now: now, Days: 1, Pace: time.Hour}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
