package digest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/fixtures"
	"trailgauge/pipeline/digest"
	"trailgauge/pipeline/store"
)

const (
	allSigned = "digests valid 16\nlogs valid 36"
	hash      = "hash value doesn't match"
)

// TestVerify damages a trail in each way, with the signatures in place and without them.
func TestVerify(t *testing.T) {
	none := func(*sample) {}
	edit := func(n int, old, new string) func(*sample) {
		return func(s *sample) {
			k := s.keys("CloudTrail-Digest")[n]
			text := strings.Replace(s.content(k), old, new, 1)
			if text == s.content(k) {
				s.Fatalf("%q is not in %s", old, text)
			}
			s.put(k, pack(text))
		}
	}
	lost := "unsigned digest: its signature is lost (a copy without metadata?), and no later digest that holds names it"
	for name, c := range map[string]struct {
		damage     func(*sample)
		with       string // what is told where metadata is there
		without    string // and where it was lost
		damaged    bool
		notWithout bool // whether it goes unnoticed without metadata
	}{
		"whole": {damage: none, with: allSigned, without: "digests unsigned 2\ndigests valid 14\nlogs valid 36\n" + lost + "\n" + lost},
		"log file changed": {damage: func(s *sample) { s.put(s.keys("CloudTrail")[4], pack("{}")) }, damaged: true,
			with: "digests valid 16\nlogs invalid 1\nlogs valid 35\ninvalid log: " + hash},
		"log file removed": {damage: func(s *sample) { s.drop(s.keys("CloudTrail")[4]) }, damaged: true,
			with: "digests valid 16\nlogs missing 1\nlogs valid 35\nmissing log: not found"},
		"log file cut": {damage: func(s *sample) {
			k := s.keys("CloudTrail")[4]
			body, _, _ := s.Get(s.Context(), k, 0)
			s.put(k, body[:len(body)-9])
		}, damaged: true, with: "digests valid 16\nlogs invalid 1\nlogs valid 35\ninvalid log: invalid format: inflating: unexpected EOF"},
		"records hidden behind the end of a log file": {damage: func(s *sample) {
			k := s.keys("CloudTrail")[4]
			body, _, _ := s.Get(s.Context(), k, 0)
			s.put(k, append(body, pack(`{"Records":[]}`)...))
		}, damaged: true, with: "logs invalid 1\nlogs valid 35\ninvalid log: invalid format: inflating: "},
		"log file packed again": {damage: func(s *sample) { k := s.keys("CloudTrail")[4]; s.put(k, []byte(s.content(k))) }, with: allSigned},
		"log file added": {damage: func(s *sample) {
			s.put(strings.Replace(s.keys("CloudTrail")[4], "_0000", "_1111", 1), pack("{}"))
		}, damaged: true, with: "digests valid 16\nlogs unreferenced 1\nlogs valid 36\nunreferenced log: no digest names it"},
		"digest changed": {damage: edit(5, `"hashValue":"`, `"hashValue":"0`), damaged: true,
			with:    "digests invalid 1\ndigests valid 15\nlogs unproven 3\nlogs valid 33\ninvalid digest: hash value doesn't match the one that the next digest names; its 3 log files were not looked at",
			without: "digests invalid 1\ndigests unsigned 2\ndigests valid 13\nlogs unproven 3\nlogs valid 33"},
		"newest digest changed": {damage: edit(7, `"logFiles":[]`, `"logFiles":[ ]`), damaged: true, notWithout: true,
			with: "digests invalid 1\ndigests valid 15\nlogs valid 36\ninvalid digest: signature verification failed; its 0 log files were not looked at"},
		"digest of another key": {damage: edit(7, `"digestPublicKeyFingerprint":"`, `"digestPublicKeyFingerprint":"0`), damaged: true, notWithout: true,
			with: "invalid digest: public key not found in region eu-central-1 for fingerprint 0"},
		"digest that is none": {damage: func(s *sample) { s.put(s.keys("CloudTrail-Digest")[7], pack("[]")) }, damaged: true,
			with: "invalid digest: invalid format: "},
		"digest without a member": {damage: edit(7, `"previousDigestSignature"`, `"previousDigestSinature"`), damaged: true,
			with: "invalid digest: invalid format: previousDigestSignature is missing"},
		"digest removed": {damage: func(s *sample) { s.drop(s.keys("CloudTrail-Digest")[4]) }, damaged: true,
			with: "digests missing 1\ndigests valid 15\nlogs uncovered 3\nlogs valid 33\ngap eu-central-1 01:12-02:12\n"},
		"oldest digest removed": {damage: func(s *sample) { s.drop(s.keys("CloudTrail-Digest")[0]) }, damaged: true,
			with: "digests missing 1\ndigests valid 15\nlogs valid 33\nmissing digest: not found; the digest after it names it"},
		"newest digests removed, with what they name changed": {damage: func(s *sample) {
			for _, k := range s.keys("CloudTrail-Digest")[4:] {
				s.drop(k)
			}
			s.put(s.keys("CloudTrail")[17], pack("{}"))
		}, damaged: true, with: "digests valid 12\nlogs uncovered 6\nlogs valid 30\ngap eu-central-1 01:12-05:00\n"},
		"digest under another one's name": {damage: func(s *sample) {
			k := s.keys("CloudTrail-Digest")
			body, _, _ := s.Get(s.Context(), k[3], 0)
			s.put(k[5], body)
			if s.meta != nil {
				s.meta[k[5]] = s.meta[k[3]]
			}
		}, damaged: true, with: "moved digest: it has been moved from its original location, s3://sample/AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/"},
		"digest in between": {damage: func(s *sample) {
			k := s.keys("CloudTrail-Digest")[3]
			s.put(strings.Replace(k, "05Z", "06Z", 1), pack("{}"))
		}, damaged: true, with: "digests invalid 1\ndigests valid 16\nlogs valid 36\nbroken digest: the digest after it names another one as its predecessor, and none names this"},
		"something else among the digests": {damage: func(s *sample) {
			s.put(s.keys("CloudTrail-Digest")[3]+".bak", nil)
		}, damaged: true, with: "digests invalid 1\ndigests valid 16\nlogs valid 36\nbroken digest: its name is not one that CloudTrail gives a digest"},
		"all of a region's digests removed": {damage: func(s *sample) {
			for _, k := range s.keys("CloudTrail-Digest") {
				s.drop(k)
			}
		}, damaged: true, with: "digests valid 8\nlogs uncovered 18\nlogs valid 18\nuncovered log: 18 log files, and not one digest of this account and region"},
		"logs of another bucket": {damage: edit(7, `"logFiles":[]`, `"logFiles":[{"s3Bucket":"other","s3Object":"x","hashValue":"","hashAlgorithm":"SHA-256"}]`), damaged: true, notWithout: true,
			with: "signature verification failed"},
	} {
		for _, metadata := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, metadata %v", name, metadata), func(t *testing.T) {
				s := newSample(t, metadata)
				c.damage(s)
				r := s.verify()
				got, want := told(r), c.with
				if !metadata {
					want = c.without
				}
				if !strings.Contains(got, want) {
					t.Errorf("told\n%s\nwant\n%s", got, want)
				}
				if r.Damaged() != (c.damaged && (metadata || !c.notWithout)) {
					t.Errorf("damaged: %v\n%s", r.Damaged(), got)
				}
				if want == allSigned && got != want {
					t.Errorf("told\n%s", got)
				}
			})
		}
	}
}

// A signature that was put in place of another one is found, though each digest fits its own.
func TestVerifySignature(t *testing.T) {
	s := newSample(t, true)
	keys := s.keys("CloudTrail-Digest")
	s.meta[keys[3]] = map[string]string{"signature": s.meta[keys[4]]["signature"]}
	if got := told(s.verify()); !strings.Contains(got, "invalid digest: its signature is not the one that the next digest names") {
		t.Errorf("told\n%s", got)
	}
	s.meta[keys[7]] = map[string]string{"signature": "no hex"}
	if got := told(s.verify()); !strings.Contains(got, "invalid digest: signature verification failed: it is no hex") {
		t.Errorf("told\n%s", got)
	}
}

// A copy lies under a prefix of its own, in whatever place of the store's path AWSLogs is; and any number of workers tells the same.
func TestVerifyCopy(t *testing.T) {
	s := newSample(t, true)
	moved := &sample{T: t, meta: map[string]map[string]string{}, ring: s.ring, from: s.from, to: s.to}
	below := &sample{T: t, meta: map[string]map[string]string{}, ring: s.ring, from: s.from, to: s.to}
	for _, c := range []*sample{moved, below} {
		var err error
		if c.Store, err = store.Folder(t.TempDir()); err != nil {
			t.Fatal(err)
		}
	}
	err := s.List(t.Context(), "", "", func(i store.Info) error {
		body, _, err := s.Get(t.Context(), i.Key, 0)
		moved.put("copies/of it/"+i.Key, body)
		moved.meta["copies/of it/"+i.Key] = s.meta[i.Key]
		inside := strings.TrimPrefix(i.Key, "AWSLogs/")
		below.put(inside, body)
		below.meta[inside] = s.meta[i.Key]
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := told(moved.verify()); got != allSigned {
		t.Errorf("told\n%s", got)
	}
	r, err := digest.Verify(t.Context(), digest.Options{Trail: below, Path: "/a/AWSLogs/", From: s.from, To: s.to, Keys: s.ring})
	if err != nil || told(r) != allSigned {
		t.Errorf("told\n%s, %v", told(r), err)
	}
}

// Part of the time is verified with what belongs to it: nothing at the edges is missing, unreferenced or a gap.
func TestVerifyWindow(t *testing.T) {
	s := newSample(t, true)
	for from := s.from; from.Before(s.to); from = from.Add(37 * time.Minute) {
		for to := from.Add(3 * time.Hour); !to.After(s.to); to = to.Add(53 * time.Minute) {
			r, err := digest.Verify(t.Context(), digest.Options{Trail: s, From: from, To: to, Keys: s.ring})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Findings)+len(r.Gaps) > 0 || r.Digests.Valid < 6 {
				t.Errorf("%s to %s: %s", from, to, told(r))
			}
		}
	}
	_, err := digest.Verify(t.Context(), digest.Options{Trail: s, From: s.from.AddDate(0, 0, -2), To: s.from.AddDate(0, 0, -1), Keys: s.ring})
	if !errors.Is(err, digest.ErrNoDigests) {
		t.Errorf("a time without digests: %v", err)
	}
}

// A chain that ends and begins anew, as when validation was off for some hours, is a gap and no damage.
func TestVerifyRestart(t *testing.T) {
	s := newSample(t, true)
	d := fixtures.NewDigester(7)
	later := s.to.Add(24 * time.Hour)
	key := "AWSLogs/111122223333/CloudTrail/us-east-1/" + later.Format("2006/01/02") + "/111122223333_CloudTrail_us-east-1_" + later.Add(30*time.Minute).Format("20060102T1504Z") + "_ABCDEFGHIJKLMNOP.json.gz"
	s.put(key, pack("{}"))
	if err := d.Add(key, pack("{}")); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(later.Add(time.Hour), func(key string, body []byte, meta map[string]string) error {
		s.meta[key] = meta
		s.put(key, body)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, k := range s.keys("CloudTrail-Digest") {
		s.drop(k)
	}
	for _, k := range s.keys("CloudTrail") {
		s.drop(k)
	}
	s.to = later.Add(90 * time.Minute)
	if got, want := told(s.verify()), "digests valid 9\nlogs valid 19\ngap us-east-1 05:12-05:12"; got != want || s.verify().Damaged() {
		t.Errorf("told\n%s\nwant\n%s", got, want)
	}
}

// What many find is bounded, and counted.
func TestVerifyBounds(t *testing.T) {
	s := newSample(t, true)
	many := digest.MaxFindings/100 + 1
	for i := range many {
		s.put(fmt.Sprintf("AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2026/11/01/x%d", i), nil)
	}
	r := s.verify()
	if r.Digests.Invalid != int64(many) || len(r.Findings) != many || r.More != 0 {
		t.Errorf("%d findings, %d more of %d", len(r.Findings), r.More, r.Digests.Invalid)
	}
	bomb := pack(strings.Repeat(" ", 65<<20))
	s.put(s.keys("CloudTrail")[4], bomb)
	if got := told(s.verify()); !strings.Contains(got, "invalid log: invalid format: object is too large") {
		t.Errorf("told %.2000s", got)
	}
}

func TestParseKeys(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "it lists no keys", `[`: "unexpected end", `{"PublicKeyList":[{"Value":"AAAA","Fingerprint":"a"}]}`: "key 1: it is no RSA public key",
	} {
		if _, err := digest.ParseKeys([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	ring, err := digest.ParseKeys(fixtures.NewDigester(7).PublicKeys())
	if err != nil || len(ring) != 1 {
		t.Fatalf("%v, %v", ring, err)
	}
	if diff := cmp.Diff(string(fixtures.NewDigester(7).PublicKeys()), string(fixtures.NewDigester(7).PublicKeys())); diff != "" {
		t.Errorf("a seed gives two keys: %s", diff)
	}
}

// Log files that the hourly digests missed are in a chain of their own; and the chains of two trails share a folder.
func TestVerifyChains(t *testing.T) {
	s := newSample(t, true)
	extra := func(name string, backfill bool) {
		at := began.Add(3 * time.Hour)
		key := fmt.Sprintf("AWSLogs/111122223333/CloudTrail/eu-central-1/%s/111122223333_CloudTrail_eu-central-1_%s_%s.json.gz", at.Format("2006/01/02"), at.Format("20060102T1504Z"), name)
		s.put(key, pack(name))
		if got := told(s.verify()); !strings.Contains(got, "unreferenced 1") {
			t.Errorf("before its digest: told\n%s", got)
		}
		d := fixtures.NewDigester(7)
		d.Name, d.Backfill = name, backfill
		if err := d.Add(key, pack(name)); err != nil {
			t.Fatal(err)
		}
		if err := d.Write(s.to, func(key string, body []byte, meta map[string]string) error {
			s.meta[key] = meta
			s.put(key, body)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	extra("made-up", true)
	if got, want := told(s.verify()), "digests valid 22\nlogs valid 37"; got != want {
		t.Errorf("with backfills: told\n%s\nwant\n%s", got, want)
	}
	extra("second_one", false)
	if got, want := told(s.verify()), "digests valid 28\nlogs valid 38"; got != want {
		t.Errorf("with two trails: told\n%s\nwant\n%s", got, want)
	}
}

// Whatever changes what an object holds, or removes an object, is noticed; but that the last digest is gone, which may be yet to come.
func TestVerifyNoticesAll(t *testing.T) {
	s := newSample(t, true)
	var all []string
	if err := s.List(t.Context(), "", "", func(i store.Info) error { all = append(all, i.Key); return nil }); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		key := rapid.SampledFrom(all).Draw(rt, "key")
		body, _, err := s.Get(t.Context(), key, 0)
		if err != nil {
			rt.Fatal(err)
		}
		defer s.put(key, body)
		if rapid.IntRange(0, 3).Draw(rt, "how") == 0 && !strings.Contains(key, "20261101T051205Z") {
			s.drop(key)
		} else {
			text := []byte(s.content(key))
			at := rapid.IntRange(0, len(text)-1).Draw(rt, "at")
			text[at] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
			s.put(key, pack(string(text)))
		}
		if r := s.verify(); !r.Damaged() && len(r.Gaps) == 0 {
			rt.Errorf("%s: told\n%s", key, told(r))
		}
	})
}

// A trail whose digest is missing is not excused by another trail of the same place, whose digests are all there: what it delivered is not
// proven, and called forged no more than if it were alone.
func TestVerifyTwoTrails(t *testing.T) {
	s := newSample(t, true)
	d := fixtures.NewDigester(7)
	d.Name = "second"
	for h := range 5 {
		at := began.Add(time.Duration(h)*time.Hour + 40*time.Minute)
		key := fmt.Sprintf("AWSLogs/111122223333/CloudTrail/eu-central-1/%s/111122223333_CloudTrail_eu-central-1_%s_second%d.json.gz", at.Format("2006/01/02"), at.Format("20060102T1504Z"), h)
		s.put(key, pack("{}"))
		if err := d.Add(key, pack("{}")); err != nil {
			t.Fatal(err)
		}
	}
	var digests []string
	if err := d.Write(s.to, func(key string, body []byte, meta map[string]string) error {
		digests, s.meta[key] = append(digests, key), meta
		s.put(key, body)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	whole := s.verify()
	if len(digests) < 5 || whole.Damaged() || len(whole.Gaps) > 0 {
		t.Fatalf("both whole: %d digests, told\n%s", len(digests), told(whole))
	}
	for n := range digests {
		body, _, err := s.Get(t.Context(), digests[n], 0)
		if err != nil {
			t.Fatal(err)
		}
		s.drop(digests[n])
		r := s.verify()
		if r.Logs.Unreferenced > 0 || r.Logs.Valid+r.Logs.Uncovered+r.Logs.Pending != whole.Logs.Valid {
			t.Errorf("without digest %d of %d: told\n%s", n, len(digests), told(r))
		}
		s.put(digests[n], body)
	}
}
