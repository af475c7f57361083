package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trailgauge/fixtures"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
)

// good puts two ordinary objects of two records each beside whatever is tested, one sorting before it and one behind.
func (s *scenario) good() {
	s.Helper()
	s.put(key(noon.Add(-time.Hour), "A"), rec(9001, noon.Add(-time.Hour)), rec(9002, noon.Add(-time.Hour)))
	s.put(key(noon.Add(time.Hour), "Z"), rec(9003, noon.Add(time.Hour)), rec(9004, noon.Add(time.Hour)))
}

func ledgerOf(o fixtures.Odd) lake.Ledger {
	if o.Whole {
		return lake.Ledger{Objects: 1, ObjectsRejected: 1}
	}
	return lake.Ledger{Objects: 1, In: int64(o.Kept + o.Rejected), Kept: int64(o.Kept), Rejected: int64(o.Rejected)}
}

var goodLedger = lake.Ledger{Objects: 2, In: 4, Kept: 4}

func TestOddObjectsAlone(t *testing.T) {
	for _, odd := range fixtures.Odds(noon) {
		if testing.Short() && strings.Contains(odd.Name, "limit") { // 64 MiB each
			continue
		}
		t.Run(odd.Name, func(t *testing.T) {
			t.Parallel() // they wait for the disk
			s := newScenario(t)
			s.good()
			if err := s.Trail.Put(context.Background(), odd.Key, odd.Make()); err != nil {
				t.Fatal(err)
			}
			r := s.run(0)
			want := goodLedger.Plus(ledgerOf(odd))
			ledger(t, "with good ones", s.commit().Run, want)
			if r.Refused != (odd.Whole || odd.Rejected > 0) {
				t.Errorf("Refused = %v", r.Refused)
			}
			whole, single := 0, 0
			for _, line := range s.rejected() {
				if line.Object != odd.Key || line.Reason == "" {
					t.Errorf("rejected: %+v", line)
				}
				if line.Position == nil {
					whole++
				} else {
					single++
				}
			}
			if whole != int(want.ObjectsRejected) || single != odd.Rejected {
				t.Errorf("rejected/ tells of %d objects and %d records", whole, single)
			}
			n := 0
			for _, files := range s.rows() {
				n += len(files)
			}
			if n != int(want.Kept) {
				t.Errorf("%d rows, want %d", n, want.Kept)
			}
		})
	}
}

func TestOddObjectsTogether(t *testing.T) {
	several(t, 4<<20)
	s := newScenario(t)
	s.good()
	want := goodLedger
	for _, odd := range fixtures.Odds(noon) {
		if testing.Short() && strings.Contains(odd.Name, "limit") {
			continue
		}
		if err := s.Trail.Put(context.Background(), odd.Key, odd.Make()); err != nil {
			t.Fatal(err)
		}
		want = want.Plus(ledgerOf(odd))
	}
	s.run(0)
	ledger(t, "all", s.commit().Run, want)
	if s.run(time.Minute); s.commit().Run.Objects != want.Objects {
		t.Errorf("a second run read %d objects again", s.commit().Run.Objects)
	}
}

// A rejected object is tried again when its ETag changes, and not before.
func TestRejectedObjectIsMended(t *testing.T) {
	s := newScenario(t)
	s.good()
	bad := key(noon, "B")
	if err := s.Trail.Put(context.Background(), bad, []byte("{")); err != nil {
		t.Fatal(err)
	}
	s.run(0)
	s.put(bad, rec(1, noon))
	r := s.run(time.Minute)
	ledger(t, "mended", s.commit().Run, lake.Ledger{Objects: 1, In: 1, Kept: 1})
	if r.Refused {
		t.Error("the second run rejected something")
	}
}

// An object that cannot be read for now is rejected by this run and read by the next one.
func TestObjectComesBack(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		before       func(s *scenario, key string) error
	}{
		{"vanished", "vanished between listing and reading", func(s *scenario, k string) error { return s.Trail.Delete(context.Background(), k) }},
		{"changed", errChanged.Error(), func(s *scenario, k string) error { s.put(k, rec(5, noon)); return nil }},
		{"denied", "reading it: access denied", func(*scenario, string) error { return errors.Join(errors.New("reading it: "), store.ErrDenied) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScenario(t)
			s.good()
			odd := key(noon, "M")
			s.put(odd, rec(1, noon), rec(2, noon))
			plain := s.Trail
			done := false
			s.Trail = storetest.Hooked(plain, func(op, k string) error {
				if op != "Get" || k != odd || done {
					return nil
				}
				done = true
				return c.before(&scenario{t, Options{Trail: plain}}, odd)
			}, nil)
			r := s.run(0)
			ledger(t, "first run", s.commit().Run, goodLedger.Plus(lake.Ledger{Objects: 1, ObjectsRejected: 1}))
			list := s.rejected()
			if !r.Refused || len(list) != 1 || list[0].Object != odd || strings.ReplaceAll(list[0].Reason, "\n", "") != c.reason {
				t.Errorf("rejected %+v, want %q", list, c.reason)
			}
			if c.name != "denied" { // its bytes and ETag stay
				s.put(odd, rec(1, noon), rec(2, noon))
			}
			r = s.run(time.Minute)
			ledger(t, "second run", s.commit().Run, lake.Ledger{Objects: 1, In: 2, Kept: 2})
			if r.Refused {
				t.Error("the second run rejected something")
			}
			s.wantNothingNew()
		})
	}
}

func TestUncleanKeys(t *testing.T) {
	s := newScenario(t)
	s.good()
	const why = ": its key is not a clean path: such objects are never opened"
	day := "AWSLogs/111111111111/CloudTrail/eu-west-1/2026/10/31/"
	unclean := []string{ // ascending
		"../up.json.gz", "AWSLogs/../out.json.gz", "AWSLogs//empty.json.gz", "AWSLogs/111111111111/../222222222222/CloudTrail/x.json",
		day + "../../../../../../../../etc/passwd.json.gz", day + "./x.json", day + "nul\x00.json.gz", "a//b.json.gz",
	}
	more := []store.Info{{Key: "AWSLogs/../out.txt", ETag: "e"}} // no log file at all: foreign
	for _, k := range unclean {
		more = append(more, store.Info{Key: k, Size: 10, ETag: "e"})
	}
	s.Trail = &listed{s.Trail, more}
	r := s.run(0)
	n := int64(len(unclean))
	ledger(t, "unclean keys", s.commit().Run, goodLedger.Plus(lake.Ledger{Objects: n, ObjectsRejected: n}))
	var want []string
	for _, k := range unclean {
		want = append(want, k+why)
	}
	s.wantRejected(want...)
	if !r.Refused || r.Report.Input.Foreign != 1 {
		t.Errorf("Refused %v, foreign %d", r.Refused, r.Report.Input.Foreign)
	}
	s.wantNothingNew()
}

// A file whose name is not UTF-8 is in no list that could be read back as it is; it is rejected once all the same.
func TestNameThatIsNotUTF8(t *testing.T) {
	s := newScenario(t)
	s.good()
	name := s.Trail.URL("AWSLogs/111111111111/CloudTrail/eu-west-1/2026/10/31/bad\xff.json.gz")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, pack("{}"), 0o644); err != nil {
		t.Skip("the file system does not take such names:", err)
	}
	s.run(0)
	ledger(t, "not UTF-8", s.commit().Run, goodLedger.Plus(lake.Ledger{Objects: 1, ObjectsRejected: 1}))
	s.wantNothingNew()
}

func TestArchivedIsSkipped(t *testing.T) {
	s := newScenario(t)
	s.good()
	s.Trail = &listed{s.Trail, []store.Info{{Key: key(noon, "C"), Size: 10, ETag: "e", Archived: true}}}
	r := s.run(0)
	ledger(t, "archived", s.commit().Run, goodLedger)
	if r.Report.Input.Archived != 1 || r.Refused || len(r.Report.Warnings) == 0 || !strings.Contains(r.Report.Warnings[0], "archive") {
		t.Errorf("archived %d, warnings %q", r.Report.Input.Archived, r.Report.Warnings)
	}
	// Restored: the next run reads it.
	plain := s.Trail.(*listed).Store
	s.Trail = plain
	s.put(key(noon, "C"), rec(1, noon))
	s.run(time.Minute)
	ledger(t, "restored", s.commit().Run, lake.Ledger{Objects: 1, In: 1, Kept: 1})
}
