package pipeline

import (
	"context"
	"fmt"
	"testing"
	"time"

	"trailgauge/pipeline/trail"
)

// TestDigestsProveQuietHours: hours without calls are zeros where a digest was delivered for them, and unknown elsewhere.
func TestDigestsProveQuietHours(t *testing.T) {
	ctx := context.Background()
	o := options(folder(t), folder(t), time.Time{})
	truth := write(t, o.Trail, small(31, 2))
	quiet := truth.Delivered.Truncate(time.Hour).Add(3 * time.Hour) // nothing is delivered from here on, but digests for six hours
	const region = "AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/"
	for h := range 6 {
		at := quiet.Add(time.Duration(h)*time.Hour + 12*time.Minute)
		key := fmt.Sprintf("%s%s/111122223333_CloudTrail-Digest_eu-central-1_main_eu-central-1_%s.json.gz", region, trail.DayOf(at).Path(), at.Format("20060102T150405Z"))
		if err := o.Trail.Put(ctx, key, []byte("never read")); err != nil {
			t.Fatal(err)
		}
	}
	o.AsOf, o.ScoreFrom = quiet.Add(12*time.Hour), quiet.Add(-time.Hour)
	r := mustRun(t, o)
	e := exposure(r.Commit, trail.DayOf(quiet), 2)
	from := quiet.Hour()
	if n := e.Count(from-1, from+6); n != 7 {
		t.Errorf("%d of 7 hours with digests are observed", n)
	}
	if n := e.Count(from+6, from+12); n != 0 {
		t.Errorf("%d hours without any sign of life are observed", n)
	}
	if r.Commit.Run.ObjectsRejected != 0 || r.Report.Input.Foreign != 6 {
		t.Errorf("%d rejected, %d foreign objects; want 0 and 6", r.Commit.Run.ObjectsRejected, r.Report.Input.Foreign)
	}
	if r = mustRun(t, o); r.Report.Number != 0 {
		t.Error("a second run found the digests new")
	}
}
