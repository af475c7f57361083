package report

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"trailgauge/pipeline/insight"
)

// markOf makes what a person says of the first of the realistic run's insights, every text of it being s.
func markOf(number, undoes int, s string) insight.Mark {
	i := &realistic().Opened[0]
	i.Account, i.Source, i.Name, i.Principal = s, s, s, s
	at := time.Date(2026, 11, 1, 9, number, 0, 0, time.UTC)
	of := insight.Marked{Insight: s, Unit: i.Unit, Start: i.Whole.Start, End: i.Whole.End}
	return insight.Mark{Number: number, Insight: s, Of: []insight.Marked{of, of}, As: insight.AsBenign, Undoes: undoes, By: s, Note: s, Ticket: s, At: at}
}

func listed(t *testing.T, list []insight.Mark, asJSON bool) string {
	t.Helper()
	var b bytes.Buffer
	if err := MarkList(&b, list, Names{}, asJSON, 80, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkList(t *testing.T) {
	list := []insight.Mark{markOf(1, 0, "x"), markOf(2, 0, "y"), markOf(3, 1, "z")}
	list[0].Note = "a release,\nof two lines"
	got := listed(t, list, false)
	for _, want := range []string{"2026-11-01 09:01Z by x: a release, of two lines (x), mark 1", "taken back: 2026-11-01 09:03Z by z: z (z), mark 3", "and 1 insight within"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "taken back"); n != 1 {
		t.Errorf("%d are taken back in\n%s", n, got)
	}
	var d struct {
		Marks []struct {
			Number int
			Holds  bool
		}
	}
	if err := json.Unmarshal([]byte(listed(t, list, true)), &d); err != nil || len(d.Marks) != 3 {
		t.Fatalf("%v: %+v", err, d)
	}
	for k, want := range []bool{false, true, false} {
		if d.Marks[k].Holds != want {
			t.Errorf("mark %d holds: %t", k+1, d.Marks[k].Holds)
		}
	}
	if got := listed(t, nil, false); !strings.Contains(got, "Nothing was said") {
		t.Errorf("%q", got)
	}
}

func TestMarkListAttacked(t *testing.T) {
	for _, s := range attacks {
		list := []insight.Mark{markOf(1, 0, s), markOf(2, 1, s)}
		for _, asJSON := range []bool{false, true} {
			got := listed(t, list, asJSON)
			fit(t, strconv.Quote(s), got)
			if strings.Contains(got, "\nwarning: all is well") {
				t.Errorf("%.30q forges a line", s)
			}
		}
	}
}
