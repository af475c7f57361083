package counts

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
)

func TestZoneOf(t *testing.T) {
	at := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	shift := func(s string, ahead int8) Shift { return Shift{int32(at(s).Unix() / 3600), ahead} }
	const first, last = "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"
	for _, c := range []struct {
		name string
		want Zone
	}{
		{"UTC", nil},
		{"Europe/London", Zone{shift(first, 0), shift("2026-03-29T01:00:00Z", 1), shift("2026-10-25T01:00:00Z", 0)}},
		{"America/New_York", Zone{shift(first, -5), shift("2026-03-08T07:00:00Z", -4), shift("2026-11-01T06:00:00Z", -5)}},
		{"Asia/Kolkata", Zone{shift(first, 5)}}, // 5:30
		{"America/St_Johns", Zone{shift(first, -4), shift("2026-03-08T06:00:00Z", -3), shift("2026-11-01T05:00:00Z", -4)}},    // -3:30 and -2:30, at half past 5 and 4
		{"Australia/Lord_Howe", Zone{shift(first, 11), shift("2026-04-04T15:00:00Z", 10), shift("2026-10-03T16:00:00Z", 11)}}, // 11 and 10:30
		{"Antarctica/Troll", Zone{shift(first, 0), shift("2026-03-29T01:00:00Z", 2), shift("2026-10-25T01:00:00Z", 0)}},       // two hours
	} {
		l, err := time.LoadLocation(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, ZoneOf(l, at(first), at(last))); d != "" {
			t.Errorf("%s:\n%s", c.name, d)
		}
	}
}

// An account has its own clocks or the others'; both kinds of histories carry them.
func TestZonesOfHistories(t *testing.T) {
	mine, others := Zone{{0, 2}}, Zone{{0, -3}}
	a := Assembly{First: 100, Days: 1, Zones: map[string]Zone{"1": mine, "": others}}
	var b Builder
	for _, account := range []string{"1", "2"} {
		b.Add(Series{Account: account, Region: "r", Source: "s", Name: "n", Principal: "p"}, Class{}, a.First.Start().UnixMilli(), 1)
	}
	tiles := b.Tiles()
	list := principalsOf(t, a, Slice(ByPrincipal(tiles)))
	err := a.Histories(Slice(tiles), func(h *History) error {
		list = append(list, *h)
		return nil
	})
	if err != nil || len(list) != 6 {
		t.Fatalf("%d histories, %v", len(list), err)
	}
	for _, h := range list {
		if want := map[string]Zone{"1": mine, "2": others}[h.Account]; !cmp.Equal(h.Zone, want) {
			t.Errorf("%+v: clocks %v, want %v", h.Series, h.Zone, want)
		}
	}
}
