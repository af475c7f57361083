package counts

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/pipeline/trail"
)

func principalsOf(t interface{ Fatal(...any) }, a Assembly, tiles Reader) (out []History) {
	err := a.Principals(tiles, func(h *History) error {
		out = append(out, *h)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPrincipals(t *testing.T) {
	const day = trail.Day(100)
	var b Builder
	add := func(s Series, c Class, d trail.Day, minute int64, n int64) {
		b.Add(s, c, d.Start().UnixMilli()+minute*60_000, n)
	}
	s := func(region, name, principal string) Series {
		return Series{Account: "1", Region: region, Source: "iam", Name: name, Principal: principal}
	}
	add(s("us", "Create", "p"), Class{}, day-40, 7, 1)                                     // long before: not new
	add(s("us", "Create", "p"), Class{}, day, 10, 2)                                       // a write
	add(s("eu", "Delete", "p"), Class{ErrorCode: "AccessDeniedException"}, day, 20, 3)     // new at 20
	add(s("us", "Delete", "p"), Class{}, day, 15, 1)                                       // … or rather at 15, in another region
	add(s("us", "List", "p"), Class{ReadOnly: true, ErrorCode: "AccessDenied"}, day, 1, 4) // new, no write
	add(s("us", "Get", "p"), Class{Data: true}, day, 2, 9)                                 // data: not in it
	add(s("us", "Create", "q"), Class{ErrorCode: "Throttling"}, day-1, 3, 5)
	a := Assembly{First: day - 1, Days: 2}
	got := principalsOf(t, a, Slice(ByPrincipal(b.Tiles())))
	const m = trail.MinutesPerDay
	want := []History{
		{
			Series: Series{Account: "1", Principal: "p"}, First: day - 1, Days: 2, Born: -39*m + 7, RatedBorn: -39*m + 7,
			Rated:  Track{{m + 10, 2}, {m + 15, 1}, {m + 20, 3}},
			All:    Track{{m + 1, 4}, {m + 10, 2}, {m + 15, 1}, {m + 20, 3}},
			Errors: []CodeTrack{{Denied, Track{{m + 1, 4}, {m + 20, 3}}}},
			New:    Track{{m + 1, 1}, {m + 15, 1}},
		},
		{
			Series: Series{Account: "1", Principal: "q"}, First: day - 1, Days: 2, Born: 3, RatedBorn: 3,
			Rated: Track{{3, 5}}, All: Track{{3, 5}}, New: Track{{3, 1}},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// However the tiles are spread over files, the roll-ups are the same, and hold every call once.
func TestPrincipalsOfFiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const day = trail.Day(50)
		builders := make([]Builder, 1+rapid.IntRange(0, 6).Draw(t, "files"))
		var all Builder
		var sum int64
		for range rapid.IntRange(0, 80).Draw(t, "calls") {
			s := Series{
				Account: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "account"), Region: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "region"),
				Source: "s", Name: rapid.SampledFrom([]string{"X", "Y", "Z"}).Draw(t, "name"), Principal: rapid.SampledFrom([]string{"p", "q"}).Draw(t, "principal"),
			}
			c := Class{ReadOnly: rapid.Bool().Draw(t, "read"), ErrorCode: rapid.SampledFrom([]string{"", "AccessDenied", "NoSuchKey"}).Draw(t, "code")}
			ms := (day + trail.Day(rapid.IntRange(0, 2).Draw(t, "day"))).Start().UnixMilli() + int64(rapid.IntRange(0, 1439).Draw(t, "minute"))*60_000
			all.Add(s, c, ms, 1)
			builders[rapid.IntRange(0, len(builders)-1).Draw(t, "file")].Add(s, c, ms, 1)
			sum++
		}
		var readers []Reader
		for i := range builders {
			readers = append(readers, Slice(ByPrincipal(builders[i].Tiles())))
		}
		a := Assembly{First: day, Days: 3}
		got := principalsOf(t, a, MergePrincipals(readers...))
		if d := cmp.Diff(principalsOf(t, a, Slice(ByPrincipal(all.Tiles()))), got); d != "" {
			t.Fatal(d)
		}
		for _, h := range got {
			sum -= callsOf(h.All)
		}
		if sum != 0 {
			t.Fatalf("%d calls are missing", sum)
		}
	})
}
