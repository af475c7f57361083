package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

var yesterday = noon.AddDate(0, 0, -1)

const day0 = " 2026-10-30 "

// The same ID with another event time is a conflict, on whatever day, in whatever run.
func TestSameIDOnAnotherDay(t *testing.T) {
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			s := newScenario(t)
			a, b, c := key(noon, "A"), key(noon.Add(5*time.Minute), "B"), key(noon.Add(10*time.Minute), "C")
			s.deliver(way, []string{a, rec(1, noon), rec(2, yesterday)}, []string{b, rec(3, yesterday), rec(1, yesterday)},
				[]string{c, rec(2, noon.AddDate(0, 0, 1)), rec(1, noon), rec(1, yesterday), rec(2, yesterday)})
			ledger(t, way, s.commit().Totals, lake.Ledger{Objects: 3, In: 8, Kept: 3, Duplicate: 2, Rejected: 3, Conflicts: 3})
			s.wantRows(map[string][]string{idOf(1): {name(noon, "A")}, idOf(2): {name(noon, "A")}, idOf(3): {name(noon.Add(5*time.Minute), "B")}})
			s.wantRejected(b+"[1]: "+conflictReason, c+"[0]: "+conflictReason, c+"[2]: "+conflictReason)
			s.wantCounts(map[string]int64{"eu-west-1 RunInstances" + day1 + "12:00": 1, "eu-west-1 RunInstances" + day0 + "12:00": 2})
		})
	}
}

// The report says from when to when the records are that its run kept.
func TestTimesOfTheInput(t *testing.T) {
	several(t, 1)
	s := newScenario(t)
	for i, c := range []struct{ first, last time.Time }{{yesterday, noon}, {noon.Add(time.Minute), noon.Add(time.Minute)}, {}} {
		s.put(key(noon, fmt.Sprintf("A%d", i)), rec(1, noon), rec(2, yesterday), rec(1, yesterday.AddDate(0, 0, -1)))
		if i == 1 {
			s.put(key(noon, "B"), rec(3, c.first))
		}
		if in := s.run(time.Hour).Report.Input; !in.First.Equal(c.first) || !in.Last.Equal(c.last) {
			t.Errorf("run %d: from %s to %s, want %s to %s", i, in.First, in.Last, c.first, c.last)
		}
	}
}

// The lake is asked for the event days from 35 before as-of on, and for those the run adds to.
func TestHowFarBackIDsAreKnown(t *testing.T) {
	for days, conflicts := range map[int]int64{RelistDays: 1, RelistDays + 1: 0} {
		t.Run(fmt.Sprintf("%d days later", days), func(t *testing.T) {
			s := newScenario(t)
			s.deliver("one shard", []string{key(noon, "A"), rec(1, noon)})
			later := noon.AddDate(0, 0, days)
			s.put(key(later, "B"), rec(1, later), rec(2, later))
			s.run(later.Sub(noon))
			ledger(t, "later", s.commit().Run, lake.Ledger{Objects: 1, In: 2, Kept: 2 - conflicts, Rejected: conflicts, Conflicts: conflicts})
			s.put(key(later, "C"), rec(2, noon.AddDate(0, 0, -40)), rec(1, noon.Add(time.Second)))
			s.run(time.Minute)
			ledger(t, "of the day itself", s.commit().Run, lake.Ledger{Objects: 1, In: 2, Rejected: 2, Conflicts: 2})
		})
	}
}

// A file of the index that is not what was written ends the run with its name, and nothing is committed: an event could be let in twice.
func TestDamagedIndex(t *testing.T) {
	for what, damage := range map[string]func(body []byte) []byte{
		"changed": func(b []byte) []byte { b[len(b)-1] ^= 4; return b },
		"cut":     func(b []byte) []byte { return b[:len(b)-1] },
		"empty":   func([]byte) []byte { return nil },
		"other":   func([]byte) []byte { return []byte(`{"Records":[]}`) },
	} {
		for kind, left := range map[string]int{"marks": 0, "keys": lake.KeySize} { // keys are read where they may hold an ID: that is left
			t.Run(kind+" "+what, func(t *testing.T) {
				s := newScenario(t)
				s.deliver("one shard", []string{key(noon, "A"), rec(1, noon), rec(2, noon)})
				files, _ := filepath.Glob(filepath.Join(s.Lake.URL("state/keys"), "*/*/*/*."+kind))
				if len(files) != 1 {
					t.Fatalf("files %q", files)
				}
				body := must(os.ReadFile(files[0]))(t)
				whole := string(body)
				if err := os.WriteFile(files[0], damage(body[left:]), 0o666); err != nil {
					t.Fatal(err)
				}
				s.put(key(noon, "B"), rec(1, yesterday), rec(2, yesterday))
				was := s.commit().Number
				s.AsOf = s.AsOf.Add(time.Minute)
				if _, err := Run(t.Context(), s.Options); !errors.Is(err, lake.ErrForeign) || !strings.Contains(err.Error(), files[0]) || s.commit().Number != was {
					t.Errorf("commit %d, was %d: %v", s.commit().Number, was, err)
				}
				if err := os.WriteFile(files[0], []byte(whole), 0o666); err != nil {
					t.Fatal(err)
				}
				s.run(time.Minute)
				ledger(t, "mended", s.commit().Totals, lake.Ledger{Objects: 2, In: 4, Kept: 2, Rejected: 2, Conflicts: 2})
			})
		}
	}
}

// A correction takes its original out of the counts of the original's day, whichever comes first.
func TestCorrectionOfAnotherDay(t *testing.T) {
	early, late, last := noon, noon.Add(10*time.Minute), noon.Add(20*time.Minute)
	failed := rec(1, yesterday, "errorCode", `"AccessDenied"`)
	mended := correctionOf(2, 1, noon, "eventName", `"StartInstances"`)
	start, run0 := "eu-west-1 StartInstances"+day1+"12:00", "eu-west-1 RunInstances"+day0+"12:00"
	for _, way := range ways {
		for _, c := range []struct {
			name     string
			objects  [][]string
			want     lake.Ledger
			counts   map[string]int64
			awaited  string // the manifests that wait for an original, and
			replaced string // those of events that count no longer
		}{
			{"after its original", [][]string{{key(early, "A"), failed, rec(5, yesterday)}, {key(late, "B"), mended}},
				lake.Ledger{Objects: 2, In: 3, Kept: 2, Replaced: 1}, map[string]int64{start: 1, run0: 1}, "", day0},
			{"before its original", [][]string{{key(early, "A"), mended}, {key(late, "B"), failed, rec(5, yesterday)}},
				lake.Ledger{Objects: 2, In: 3, Kept: 2, Replaced: 1}, map[string]int64{start: 1, run0: 1}, "", day0},
			{"in the same object", [][]string{{key(early, "A"), mended, failed}},
				lake.Ledger{Objects: 1, In: 2, Kept: 1, Replaced: 1}, map[string]int64{start: 1}, "", day0},
			{"the day before its original", [][]string{{key(early, "A"), rec(1, noon)}, {key(late, "B"), correctionOf(2, 1, yesterday)}},
				lake.Ledger{Objects: 2, In: 2, Kept: 1, Replaced: 1}, map[string]int64{run0: 1}, "", day1},
			{"without its original", [][]string{{key(early, "A"), mended}, {key(late, "B"), rec(5, yesterday)}},
				lake.Ledger{Objects: 2, In: 2, Kept: 2}, map[string]int64{start: 1, run0: 1}, day1, ""},
			{"of an event of another account", [][]string{{key(early, "A"), failed}, {key(late, "B"), correctionOf(2, 1, noon, "recipientAccountId", `"222222222222"`)}},
				lake.Ledger{Objects: 2, In: 2, Kept: 2},
				map[string]int64{"eu-west-1 RunInstances" + day1 + "12:00": 1, "eu-west-1 RunInstances AccessDenied" + day0 + "12:00": 1}, day1, ""},
			{"delivered again", [][]string{{key(early, "A"), failed}, {key(late, "B"), mended}, {key(last, "C"), mended, failed}},
				lake.Ledger{Objects: 3, In: 4, Kept: 1, Replaced: 1, Duplicate: 2}, map[string]int64{start: 1}, "", day0},
			{"two of different days", [][]string{{key(early, "A"), mended}, {key(late, "B"), failed}, {key(last, "C"), correctionOf(3, 1, yesterday)}},
				lake.Ledger{Objects: 3, In: 3, Kept: 2, Replaced: 1}, map[string]int64{start: 1, run0: 1}, "", day0},
			{"two that wait", [][]string{{key(early, "A"), mended}, {key(late, "B"), correctionOf(3, 1, yesterday)}, {key(last, "C"), failed}},
				lake.Ledger{Objects: 3, In: 3, Kept: 2, Replaced: 1}, map[string]int64{start: 1, run0: 1}, "", day0},
			{"corrected again", [][]string{{key(early, "A"), correctionOf(3, 2, noon.AddDate(0, 0, 1))}, {key(late, "B"), failed}, {key(last, "C"), mended}},
				lake.Ledger{Objects: 3, In: 3, Kept: 1, Replaced: 2}, map[string]int64{"eu-west-1 RunInstances 2026-11-01 12:00": 1}, "", day0 + day1},
			{"of a conflict", [][]string{{key(early, "A"), rec(1, noon)}, {key(late, "B"), failed}, {key(last, "C"), mended}},
				lake.Ledger{Objects: 3, In: 3, Kept: 1, Replaced: 1, Rejected: 1, Conflicts: 1}, map[string]int64{start: 1}, "", day1},
			{"that is a conflict", [][]string{{key(early, "A"), rec(2, noon)}, {key(late, "B"), correctionOf(2, 1, yesterday)}, {key(last, "C"), rec(1, yesterday)}},
				lake.Ledger{Objects: 3, In: 3, Kept: 2, Rejected: 1, Conflicts: 1}, map[string]int64{"eu-west-1 RunInstances" + day1 + "12:00": 1, run0: 1}, "", ""},
		} {
			t.Run(way+"/"+c.name, func(t *testing.T) {
				s := newScenario(t)
				s.deliver(way, c.objects...)
				ledger(t, c.name, s.commit().Totals, c.want)
				s.wantCounts(c.counts)
				s.checkReplaced()
				var awaited, replaced string
				s.eachDay(func(m *lake.Manifest) {
					if len(m.Awaited) > 0 {
						awaited += " " + m.Day.String() + " "
					}
					if len(m.Replaced) > 0 {
						replaced += " " + m.Day.String() + " "
					}
				})
				if awaited != c.awaited || replaced != c.replaced {
					t.Errorf("awaited on %q, replaced on %q; want %q, %q", awaited, replaced, c.awaited, c.replaced)
				}
				calls := int64(0)
				for _, n := range c.counts {
					calls += n
				}
				if n := s.attributable("RunInstances") + s.attributable("StartInstances"); n != calls {
					t.Errorf("%d events can be attributed, %d are counted", n, calls)
				}
			})
		}
	}
}

// attributable counts the events of an API that insights may name.
func (s *scenario) attributable(api string) (n int64) {
	s.Helper()
	q := insight.Query{Account: "111111111111", Region: "eu-west-1", Source: "ec2.amazonaws.com", Name: api, From: noon.AddDate(0, 0, -9), To: noon.AddDate(0, 0, 9)}
	other := q
	other.Account = "222222222222"
	r := &eventReader{s.Lake, s.commit()}
	err := r.Each(context.Background(), []insight.Query{q, other}, func(int, *insight.Event) error { n++; return nil })
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// TestAnyDelivery draws records of few IDs, times and texts, corrections among them, and cuts them into objects and runs: the ledger and the counts
// are those of a reader who goes through them in the order of objects with all of them in memory.
func TestAnyDelivery(t *testing.T) {
	several(t, 1) // objects in shards of their own
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := newScenario(t)
		kept := map[string]string{} // text by ID
		corrects := map[string]string{}
		var want lake.Ledger
		for o := range 2 + r.IntN(18) { // more than maxKeyFiles runs, sometimes
			var records []string
			for range 1 + r.IntN(5) {
				id, at := r.IntN(8), noon.Add(-time.Duration(r.IntN(3)*24)*time.Hour)
				text := rec(id, at)
				original := r.IntN(8)
				if correction := id >= 5 && original != id; correction {
					text = correctionOf(id, original, at, "eventName", `"StartInstances"`)
				}
				records = append(records, text)
				want.In++
				switch was, there := kept[idOf(id)]; {
				case !there:
					want.Kept++
					kept[idOf(id)] = text
					if strings.Contains(text, "UPDATED_DATA") {
						corrects[idOf(id)] = idOf(original)
					}
				case was == text:
					want.Duplicate++
				default:
					want.Rejected++
					want.Conflicts++
				}
			}
			s.put(key(noon.Add(time.Duration(o)*time.Minute), "O"), records...)
			want.Objects++
			if r.IntN(4) > 0 {
				s.AsOf = s.AsOf.Add(time.Minute)
				take(t, s.Options)
			}
		}
		take(t, s.Options)
		counted := map[string]int64{}
		replaced := map[string]bool{}
		for _, original := range corrects {
			replaced[original] = true
		}
		for id, text := range kept {
			if replaced[id] {
				want.Kept--
				want.Replaced++
				continue
			}
			api := "RunInstances"
			if strings.Contains(text, "StartInstances") {
				api = "StartInstances"
			}
			for day := range 3 {
				if at := noon.AddDate(0, 0, -day); strings.Contains(text, at.Format("2006-01-02T15")) {
					counted[fmt.Sprintf("eu-west-1 %s %s 12:00", api, trail.DayOf(at))]++
				}
			}
		}
		ledger(t, fmt.Sprintf("seed %d", seed), s.commit().Totals, want)
		if d := cmp.Diff(counted, s.counts()); d != "" {
			t.Errorf("seed %d: counts (-want +got):\n%s", seed, d)
		}
		var ids []string
		for id, from := range s.rows() {
			if ids = append(ids, id); len(from) != 1 {
				t.Errorf("seed %d: %s is there %d times", seed, id, len(from))
			}
		}
		if len(ids) != len(kept) {
			slices.Sort(ids)
			t.Errorf("seed %d: rows of %q, want %d", seed, ids, len(kept))
		}
		if t.Failed() {
			return
		}
	}
}
