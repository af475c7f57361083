package pipeline

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
)

func TestLayouts(t *testing.T) {
	const file = "111111111111_CloudTrail_eu-west-1_20261031T1205Z_A.json.gz"
	one := lake.Ledger{Objects: 1, In: 1, Kept: 1}
	none := lake.Ledger{}
	for _, c := range []struct {
		name, key string
		want      lake.Ledger
		foreign   int64
	}{
		{"plain", "AWSLogs/111111111111/CloudTrail/eu-west-1/2026/10/31/" + file, one, 0},
		{"prefix", "trails/main/AWSLogs/111111111111/CloudTrail/eu-west-1/2026/10/31/" + file, one, 0},
		{"prefix that looks like a layout", "AWSLogs/old/AWSLogs/111111111111/CloudTrail/eu-west-1/2026/10/31/" + file, one, 0},
		{"organisation", "AWSLogs/o-abcde12345/111111111111/CloudTrail/eu-west-1/2026/10/31/" + file, one, 0},
		{"GovCloud", "AWSLogs/111111111111/CloudTrail/us-gov-west-1/2026/10/31/111111111111_CloudTrail_us-gov-west-1_20261031T1205Z_A.json.gz", one, 0},
		{"China", "AWSLogs/111111111111/CloudTrail/cn-north-1/2026/10/31/111111111111_CloudTrail_cn-north-1_20261031T1205Z_A.json.gz", one, 0},
		{"flat", file, one, 0},
		{"undated", "export/events.json", one, 0},
		{"day folders", "2026/10/31/part-0001.json.gz", one, 0},
		{"in a region's folder", "AWSLogs/111111111111/CloudTrail/eu-west-1/export.json.gz", one, 0},
		{"in a region's folder, with a stamp", "AWSLogs/111111111111/CloudTrail/eu-west-1/" + file, one, 0},
		{"in a region's folder, stamped later", "AWSLogs/111111111111/CloudTrail/eu-west-1/111111111111_CloudTrail_eu-west-1_20261101T0005Z_A.json.gz", none, 0},
		{"tomorrow", "AWSLogs/111111111111/CloudTrail/eu-west-1/2026/11/01/111111111111_CloudTrail_eu-west-1_20261101T0005Z_A.json.gz", none, 0},
		{"later today", "AWSLogs/111111111111/CloudTrail/eu-west-1/2026/10/31/111111111111_CloudTrail_eu-west-1_20261031T1505Z_A.json.gz", none, 0},
		{"older than six weeks", "AWSLogs/111111111111/CloudTrail/eu-west-1/2026/09/18/111111111111_CloudTrail_eu-west-1_20260918T1205Z_A.json.gz", none, 0},
		{"six weeks old", "AWSLogs/111111111111/CloudTrail/eu-west-1/2026/09/19/111111111111_CloudTrail_eu-west-1_20260919T1205Z_A.json.gz", one, 0},
		{"digest", "AWSLogs/111111111111/CloudTrail-Digest/eu-west-1/2026/10/31/111111111111_CloudTrail-Digest_eu-west-1_x_20261031T120500Z.json.gz", none, 1},
		{"insight", "AWSLogs/111111111111/CloudTrail-Insight/eu-west-1/2026/10/31/x_20261031T1205Z_A.json.gz", none, 1},
		{"Config", "AWSLogs/111111111111/Config/eu-west-1/2026/10/31/x.json.gz", none, 1},
		{"no log file", "AWSLogs/111111111111/CloudTrail/eu-west-1/2026/10/31/notes.txt", none, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			if err := s.Trail.Put(context.Background(), c.key, pack(`{"Records":[`+rec(1, noon)+`]}`)); err != nil {
				t.Fatal(err)
			}
			p, l, err := s.plan(context.Background(), &lake.Commit{})
			if err != nil {
				t.Fatal(err)
			}
			n := int64(0)
			for _, f := range l.foreign {
				n += f
			}
			if objects, _ := p.Objects(); objects != c.want.Objects || n != c.foreign {
				t.Errorf("planned %d objects, %d foreign: want %d, %d", objects, n, c.want.Objects, c.foreign)
			}
			r := s.run(0)
			ledger(t, c.key, s.commit().Totals, c.want)
			if hinted := len(r.Warnings) > 0; hinted != (c.want.Objects == 0) {
				t.Errorf("warnings %q", r.Warnings)
			}
		})
	}
}

// Fields of the record come before the key's; what the record does not say the key does.
func TestKeyFillsGaps(t *testing.T) {
	s := newScenario(t)
	s.put("AWSLogs/111111111111/CloudTrail/us-gov-west-1/2026/10/31/111111111111_CloudTrail_us-gov-west-1_20261031T1205Z_A.json.gz",
		rec(1, noon, "awsRegion", ""), rec(2, noon, "awsRegion", `"us-gov-east-1"`),
		rec(3, noon, "recipientAccountId", "", "userIdentity", `{"type":"Root"}`))
	s.run(0)
	s.wantCounts(map[string]int64{"us-gov-west-1 RunInstances" + day1 + "12:00": 1, "us-gov-east-1 RunInstances" + day1 + "12:00": 1, "eu-west-1 RunInstances" + day1 + "12:00": 1})
}

// Two trails deliver the same events to one bucket under two prefixes.
func TestTwoTrailsInOneBucket(t *testing.T) {
	for _, way := range ways {
		t.Run(way, func(t *testing.T) {
			s := newScenario(t)
			s.deliver(way, []string{"audit/" + key(noon, "A"), rec(1, noon), rec(2, noon)}, []string{"ops/" + key(noon, "B"), rec(2, noon), rec(1, noon), rec(3, noon)})
			ledger(t, way, s.commit().Totals, lake.Ledger{Objects: 2, In: 5, Kept: 3, Duplicate: 2})
			s.wantCounts(map[string]int64{"eu-west-1 RunInstances" + day1 + "12:00": 3})
		})
	}
}

// A trail may be named at any depth of its layout.
func TestTrailInsideOfTheLayout(t *testing.T) {
	dir := t.TempDir()
	root, err := store.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	whole := &scenario{t, options(root, folder(t), noon.Add(3*time.Hour))}
	whole.put(key(noon, "A"), rec(1, noon, "recipientAccountId", "", "userIdentity", `{"type":"Root"}`, "awsRegion", ""))
	if err := root.Put(context.Background(), "AWSLogs/111111111111/Config/x.json.gz", nil); err != nil {
		t.Fatal(err)
	}
	for _, below := range []string{"", "AWSLogs", "AWSLogs/111111111111", "AWSLogs/111111111111/CloudTrail", "AWSLogs/111111111111/CloudTrail/eu-west-1", "AWSLogs/111111111111/CloudTrail/eu-west-1/2026", "AWSLogs/111111111111/CloudTrail/eu-west-1/2026/10/31"} {
		t.Run(below, func(t *testing.T) {
			name := filepath.Join(dir, below)
			from, err := store.Folder(name)
			if err != nil {
				t.Fatal(err)
			}
			s := &scenario{t, options(from, folder(t), noon.Add(3*time.Hour))}
			s.TrailPath = filepath.ToSlash(name)
			s.run(0)
			ledger(t, below, s.commit().Totals, lake.Ledger{Objects: 1, In: 1, Kept: 1})
			s.wantCounts(map[string]int64{"eu-west-1 RunInstances" + day1 + "12:00": 1})
		})
	}
}
