package pipeline

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/lake"
)

const day1 = " 2026-10-31 "

const conflictReason = "conflict: an event with the same account and ID but other content is kept"

// The objects of a scenario lie in one shard, in shards of their own, or come one run after the other: the lake is to hold the same.
var ways = []string{"one shard", "a shard each", "a run each"}

// deliver puts the objects in the given way and runs.
func (s *scenario) deliver(way string, objects ...[]string) {
	s.Helper()
	if way == "a shard each" {
		several(s.T, 1)
	}
	for _, o := range objects {
		s.put(o[0], o[1:]...)
		if way == "a run each" {
			s.run(time.Minute)
		}
	}
	if way != "a run each" {
		s.run(0)
	}
}

func (s *scenario) wantRows(want map[string][]string) {
	s.Helper()
	if d := cmp.Diff(want, s.rows()); d != "" {
		s.Errorf("rows (-want +got):\n%s", d)
	}
}

func name(at time.Time, n string) string {
	return "111111111111_CloudTrail_eu-west-1_" + at.Format("20060102T1504Z") + "_" + n + ".json.gz"
}

func TestDuplicate(t *testing.T) {
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			s := newScenario(t)
			a, b := key(noon, "A"), key(noon.Add(5*time.Minute), "B")
			s.deliver(way, []string{a, rec(1, noon), rec(2, noon), rec(1, noon)}, []string{b, rec(3, noon), rec(2, noon)})
			ledger(t, way, s.commit().Totals, lake.Ledger{Objects: 2, In: 5, Kept: 3, Duplicate: 2})
			s.wantRows(map[string][]string{idOf(1): {name(noon, "A")}, idOf(2): {name(noon, "A")}, idOf(3): {name(noon.Add(5*time.Minute), "B")}})
			s.wantCounts(map[string]int64{"eu-west-1 RunInstances" + day1 + "12:00": 3})
		})
	}
}

// The same IDs in two accounts are two events.
func TestSameIDInTwoAccounts(t *testing.T) {
	s := newScenario(t)
	s.deliver("one shard", []string{key(noon, "A"), rec(1, noon), rec(1, noon, "recipientAccountId", `"222222222222"`)})
	ledger(t, "two accounts", s.commit().Totals, lake.Ledger{Objects: 1, In: 2, Kept: 2})
}

// Records without an ID are the same event only when they are the same text.
func TestNoID(t *testing.T) {
	s := newScenario(t)
	bare := rec(1, noon, "eventID", "")
	s.deliver("one shard", []string{key(noon, "A"), bare, bare, rec(1, noon, "eventID", "", "userAgent", `"other"`)})
	ledger(t, "no ID", s.commit().Totals, lake.Ledger{Objects: 1, In: 3, Kept: 2, Duplicate: 1})
}

// White space and order of delivery tell nothing: the survivor is the smallest (object key, position); another content is a conflict.
func TestConflict(t *testing.T) {
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			s := newScenario(t)
			a, b := key(noon, "A"), key(noon.Add(5*time.Minute), "B")
			s.deliver(way, []string{a, rec(2, noon), rec(1, noon, "userAgent", `"first"`), rec(1, noon, "userAgent", `"second"`)},
				[]string{b, `null`, rec(1, noon, "userAgent", `"third"`), " " + rec(1, noon, "userAgent", `"first"`)})
			ledger(t, way, s.commit().Totals, lake.Ledger{Objects: 2, In: 6, Kept: 2, Duplicate: 1, Rejected: 3, Conflicts: 2})
			s.wantRows(map[string][]string{idOf(1): {name(noon, "A")}, idOf(2): {name(noon, "A")}})
			s.wantRejected(a+"[2]: "+conflictReason, b+"[0]: a record must be a JSON object", b+"[1]: "+conflictReason)
			s.wantCounts(map[string]int64{"eu-west-1 RunInstances" + day1 + "12:00": 2})
		})
	}
}

func TestCorrection(t *testing.T) {
	early, late := noon, noon.Add(10*time.Minute)
	failed := rec(1, noon, "errorCode", `"AccessDenied"`)
	mended := correctionOf(2, 1, noon, "eventName", `"StartInstances"`)
	both := map[string]int64{"eu-west-1 StartInstances" + day1 + "12:00": 1}
	one := lake.Ledger{Objects: 2, In: 2, Kept: 1, Replaced: 1}
	for _, way := range ways {
		for _, c := range []struct {
			name    string
			objects [][]string
			want    lake.Ledger
			counts  map[string]int64
			rows    int
		}{
			{"after its original", [][]string{{key(early, "A"), failed}, {key(late, "B"), mended}}, one, both, 2},
			{"before its original", [][]string{{key(early, "A"), mended}, {key(late, "B"), failed}}, one, both, 2},
			{"in the same object", [][]string{{key(early, "A"), mended, failed}}, lake.Ledger{Objects: 1, In: 2, Kept: 1, Replaced: 1}, both, 2},
			{"without its original", [][]string{{key(early, "A"), mended}}, lake.Ledger{Objects: 1, In: 1, Kept: 1}, both, 1},
			{"delivered twice", [][]string{{key(early, "A"), failed}, {key(late, "B"), mended}, {key(late, "C"), mended, failed}},
				lake.Ledger{Objects: 3, In: 4, Kept: 1, Replaced: 1, Duplicate: 2}, both, 2},
			{"corrected again", [][]string{{key(early, "A"), failed}, {key(late, "B"), mended}, {key(late, "C"), correctionOf(3, 2, noon)}},
				lake.Ledger{Objects: 3, In: 3, Kept: 1, Replaced: 2}, map[string]int64{"eu-west-1 RunInstances" + day1 + "12:00": 1}, 3},
			{"two corrections of one event", [][]string{{key(early, "A"), failed}, {key(late, "B"), mended}, {key(late, "C"), correctionOf(3, 1, noon)}},
				lake.Ledger{Objects: 3, In: 3, Kept: 2, Replaced: 1},
				map[string]int64{"eu-west-1 RunInstances" + day1 + "12:00": 1, "eu-west-1 StartInstances" + day1 + "12:00": 1}, 3},
			{"two corrections before the event", [][]string{{key(early, "A"), mended}, {key(early, "B"), correctionOf(3, 1, noon)}, {key(late, "C"), failed}},
				lake.Ledger{Objects: 3, In: 3, Kept: 2, Replaced: 1},
				map[string]int64{"eu-west-1 RunInstances" + day1 + "12:00": 1, "eu-west-1 StartInstances" + day1 + "12:00": 1}, 3},
			{"of an event that is not counted", [][]string{{key(early, "A"), rec(1, noon, "eventType", `"AwsServiceEvent"`)}, {key(late, "B"), mended}},
				lake.Ledger{Objects: 2, In: 2, Kept: 1, Replaced: 1}, both, 2},
			{"of itself", [][]string{{key(early, "A"), correctionOf(1, 1, noon)}}, lake.Ledger{Objects: 1, In: 1, Kept: 1}, map[string]int64{"eu-west-1 RunInstances" + day1 + "12:00": 1}, 1},
		} {
			t.Run(way+"/"+c.name, func(t *testing.T) {
				s := newScenario(t)
				s.deliver(way, c.objects...)
				ledger(t, c.name, s.commit().Totals, c.want)
				s.wantCounts(c.counts)
				s.checkReplaced()
				if rows := s.rows(); len(rows) != c.rows {
					t.Errorf("rows %v", rows)
				}
				s.wantRejected()
				s.eachDay(func(m *lake.Manifest) {
					if waits := len(m.Awaited) > 0; waits != (c.rows == 1 && c.name != "of itself") {
						t.Errorf("%s awaits %q", m.Day, m.Awaited)
					}
				})
			})
		}
	}
}

// An object that changed is read again and adds only what is new.
func TestObjectGrows(t *testing.T) {
	s := newScenario(t)
	a := key(noon, "A")
	s.deliver("a run each", []string{a, rec(1, noon), rec(2, noon)}, []string{a, rec(2, noon), rec(1, noon), rec(3, noon)})
	ledger(t, "second run", s.commit().Run, lake.Ledger{Objects: 1, In: 3, Kept: 1, Duplicate: 2})
	s.wantCounts(map[string]int64{"eu-west-1 RunInstances" + day1 + "12:00": 3})
}

// The record says to which day it belongs, the key only when it was delivered.
func TestRecordsOfOtherDays(t *testing.T) {
	s := newScenario(t)
	yesterday, tomorrow := noon.AddDate(0, 0, -1), noon.AddDate(0, 0, 1)
	s.deliver("one shard", []string{key(noon, "A"), rec(1, noon), rec(2, yesterday), rec(3, tomorrow), rec(4, time.Date(2019, 2, 3, 4, 5, 6, 0, time.UTC)),
		rec(5, time.Date(2026, 10, 30, 23, 59, 59, 0, time.UTC)), rec(6, time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC))})
	ledger(t, "days", s.commit().Run, lake.Ledger{Objects: 1, In: 6, Kept: 6})
	s.wantCounts(map[string]int64{
		"eu-west-1 RunInstances 2026-10-31 12:00": 1, "eu-west-1 RunInstances 2026-10-30 12:00": 1, "eu-west-1 RunInstances 2026-11-01 12:00": 1,
		"eu-west-1 RunInstances 2019-02-03 04:05": 1, "eu-west-1 RunInstances 2026-10-30 23:59": 1, "eu-west-1 RunInstances 2026-10-31 00:00": 1,
	})
}

// What no rate counts is in events all the same.
func TestKindsThatAreNotCounted(t *testing.T) {
	s := newScenario(t)
	s.deliver("one shard", []string{key(noon, "A"),
		rec(1, noon, "eventCategory", `"NetworkActivity"`, "eventType", `"AwsVpceEvent"`, "managementEvent", ""),
		rec(2, noon, "eventType", `"AwsServiceEvent"`, "userIdentity", `{"accountId":"111111111111","invokedBy":"AWS Internal"}`),
		rec(3, noon, "eventCategory", `"Insight"`, "eventType", `"AwsCloudTrailInsight"`, "eventName", ""),
		rec(4, noon, "eventCategory", `"Aggregated"`, "eventType", `"AwsAggregatedEvent"`),
		rec(5, noon, "eventName", ""),
		rec(6, noon), rec(7, noon, "eventName", `"DescribeInstances"`, "readOnly", "true"),
		rec(8, noon, "eventCategory", `"Data"`, "managementEvent", "false", "eventName", `"GetObject"`, "readOnly", "true", "errorCode", `"NoSuchKey"`),
		rec(9, noon, "eventName", `"ConsoleLogin"`, "eventType", `"AwsConsoleSignIn"`, "responseElements", `{"ConsoleLogin":"Failure"}`),
	})
	ledger(t, "kinds", s.commit().Run, lake.Ledger{Objects: 1, In: 9, Kept: 9, Excluded: 5})
	s.wantCounts(map[string]int64{
		"eu-west-1 RunInstances" + day1 + "12:00": 1, "eu-west-1 DescribeInstances/read" + day1 + "12:00": 1,
		"eu-west-1 GetObject/read/data NoSuchKey" + day1 + "12:00": 1, "eu-west-1 ConsoleLogin ConsoleLogin.Failure" + day1 + "12:00": 1,
	})
	if n := len(s.rows()); n != 9 {
		t.Errorf("%d rows, want all 9", n)
	}
}
