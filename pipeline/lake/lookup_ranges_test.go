package lake

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
	"trailgauge/pipeline/trail"
)

// A file read in ranges holds what it holds read whole, and no more of it is fetched than the columns that are asked for. The 1,000 events
// that are looked for lie in two pages.
func TestReadInRanges(t *testing.T) {
	t.Run("EachEvent", func(t *testing.T) {
		testReadInRanges(t, func(s store.Store, f File, fn func(*trail.Record) error) error {
			return EachEvent(t.Context(), s, f, func(api counts.Series) bool { return api.Name == "4" }, fn)
		})
	})
	t.Run("FindEvents", func(t *testing.T) {
		testReadInRanges(t, func(s store.Store, f File, fn func(*trail.Record) error) error {
			return FindEvents(t.Context(), s, f, func(account, id string) bool { return account == "1" && len(id) == 4 && id[0] == '4' }, fn)
		})
	})
}

func testReadInRanges(t *testing.T, each func(store.Store, File, func(*trail.Record) error) error) {
	defer func(was int64) { wholeBytes = was }(wholeBytes)
	disk, err := store.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]trail.Record, 6000)
	for i := range rows {
		rows[i] = trail.Record{
			EventID: fmt.Sprint(i), Account: "1", Region: "r", EventSource: "s", EventName: fmt.Sprint(i / 1000), EventTS: int64(i),
			ResponseElements: fmt.Sprintf("%x%[1]x", sha256.Sum256([]byte{byte(i), byte(i >> 8)})),
		}
	}
	body, err := encodeEvents(len(rows), func(i int) *trail.Record { return &rows[i] })
	if err != nil {
		t.Fatal(err)
	}
	f := File{Key: "events/2026/10/31/00000001-0000.parquet", Rows: 6000, Bytes: int64(len(body))}
	if err := disk.Put(t.Context(), f.Key, body); err != nil {
		t.Fatal(err)
	}
	read := func(s store.Store) (found []string, err error) {
		err = each(s, f, func(r *trail.Record) error {
			found = append(found, fmt.Sprint(r.Account, r.Region, r.EventSource, r.EventName, r.EventID, r.EventTS))
			return nil
		})
		return found, err
	}
	whole, err := read(disk)
	if err != nil || len(whole) != 1000 || whole[999] != "1rs449994999" {
		t.Fatalf("%d events, %v, %.1q", len(whole), err, whole[max(0, len(whole)-1):])
	}
	wholeBytes = 0
	requests, passing := 0, errors.New("no network")
	fails := 1 << 30
	hooked := storetest.Hooked(disk, func(op, _ string) error {
		if requests++; requests > fails {
			return passing
		}
		if op != "GetRange" {
			t.Errorf("%s: want ranges alone", op)
		}
		return nil
	}, nil)
	parts, err := read(hooked)
	if err != nil || !slices.Equal(parts, whole) {
		t.Errorf("in ranges %d events, whole %d, %v", len(parts), len(whole), err)
	}
	if requests < 3 {
		t.Errorf("%d requests: it is too small to be read in ranges", requests)
	}
	for fails = range requests { // what the store says is passed on as it is: it tells whether to try again
		requests = 0
		if _, err := read(hooked); err != passing {
			t.Errorf("after %d requests: %v", fails, err)
		}
	}
	fails = 1 << 30
	for _, harm := range [][]byte{nil, body[:len(body)-1], body[:100], append(slices.Clone(body), 'x'), make([]byte, len(body))} {
		if err := disk.Put(t.Context(), f.Key, harm); err != nil {
			t.Fatal(err)
		}
		if _, err := read(disk); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), f.Key) {
			t.Errorf("%d bytes: %v", len(harm), err)
		}
	}
}
