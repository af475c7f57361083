package digest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/store"
)

// proof is what is known of a digest.
type proof uint8

const (
	wrong    proof = iota // it is not what CloudTrail wrote
	unsigned              // there is no signature to tell by
	proven
)

// pointer is what a digest says of the one before it. A signature proves itself, wherever it was found; the rest is worth what its digest is.
type pointer struct {
	key       string // in the store; "" when it lies outside
	hash      string // SHA-256 in hex
	signature string
	from      *digest
	proof     proof // of from
}

// chain verifies the digests of one chain, ascending by time, from the newest back.
func (w *ward) chain(ctx context.Context, keys []string) error {
	if n, _ := nameOf(keys[len(keys)-1]); !n.backfill && w.To.Sub(n.stamp) > late {
		w.gap(keys[len(keys)-1], w.To)
		w.holes = append(w.holes, span{n.stamp, w.To})
	}
	others := len(w.held)
	defer func() { w.holes = append(w.holes, between(merged(w.held[others:]))...) }()
	var next *pointer // what the digest after says, nil when there is none or nothing to go by
	for i := len(keys) - 1; i >= 0; {
		key := keys[i]
		if next != nil && next.proof != wrong && next.key != "" && next.key != key {
			if path.Base(next.key) < path.Base(key) { // the chain passes this one over
				w.digest(key, Broken, "the digest after it names another one as its predecessor, and none names this")
				i--
				continue
			}
			w.digest(next.key, Missing, "not found; the digest after it names it")
			w.gap(key, next.from.start)
			next = nil
		}
		i--
		d, is, err := w.one(ctx, key, next)
		if err != nil {
			return err
		}
		if d != nil && next != nil && d.end.Before(next.from.start) {
			w.gap(key, next.from.start)
		}
		next = nil
		if d == nil {
			continue
		}
		if n, _ := nameOf(key); is != wrong && !n.backfill {
			w.covers(d)
		}
		if next = w.before(key, d, is); next == nil && i >= 0 {
			w.gap(keys[i], d.start)
		}
	}
	if next != nil && next.proof != wrong && next.key != "" { // the first of the range names one before it
		if n, ok := nameOf(next.key); ok && n.stamp.After(w.From) {
			w.digest(next.key, Missing, "not found; the digest after it names it")
			w.holes = append(w.holes, span{w.From, next.from.start})
		}
	}
	return nil
}

// gap tells of the time from the end of a digest to the next thing that is known.
func (w *ward) gap(older string, to time.Time) {
	if n, ok := nameOf(older); ok && !n.backfill && n.stamp.Before(to) {
		w.out.gap(Gap{path.Base(w.account), w.name, n.trail, n.stamp.UTC(), to.UTC()})
	}
}

// covers notes that log files of a digest's time are to be named by it or its neighbours.
func (w *ward) covers(d *digest) {
	w.out.cover(d.start, d.end)
	w.held = append(w.held, span{d.start, d.end})
}

// before returns what d, which lies under key, says of the digest before it; nil when the chain begins with d.
func (w *ward) before(key string, d *digest, is proof) *pointer {
	if d.PrevObject == nil {
		return nil
	}
	p := &pointer{hash: *d.PrevHash, signature: *d.PrevSign, from: d, proof: is}
	p.key, _ = w.locate(key, d, *d.PrevBucket, *d.PrevObject)
	return p
}

// locate returns where an object lies that digest d, found under key, names by bucket and key: its key in the store, "" where it lies outside, and
// how people call it. A trail may have been copied as a whole, under any prefix: what counts is the place beside the digest's own.
func (w *ward) locate(key string, d *digest, bucket, object string) (inside, url string) {
	url = "s3://" + bucket + "/" + object
	at := strings.LastIndex(d.Object, "AWSLogs/")
	origin := d.Object[:max(at, 0)]
	here := w.Path + "/" + key
	copied := here[:max(strings.LastIndex(here, "AWSLogs/"), 0)]
	rest, ok := strings.CutPrefix(object, origin)
	if at < 0 || !ok || bucket != d.Bucket {
		return "", url
	}
	if inside, ok = strings.CutPrefix(copied+rest, w.Path+"/"); !ok {
		return "", url
	}
	return inside, w.Trail.URL(inside)
}

// one verifies one digest and its log files. next is what the digest after it says, nil when nothing is known. d is nil when it cannot be read, or lies
// where it does not belong.
func (w *ward) one(ctx context.Context, key string, next *pointer) (d *digest, is proof, err error) {
	var content error
	kind, damaged, err := w.load(ctx, key, func(body []byte) { d, content = read(body) })
	if err != nil {
		return nil, wrong, err
	}
	if damaged == nil {
		damaged = content
	}
	if damaged != nil {
		w.digest(key, kind, "%v", damaged)
		return nil, wrong, nil
	}
	if inside, _ := w.locate(key, d, d.Bucket, d.Object); inside != key || strings.HasPrefix(w.Trail.URL(""), "s3://") && w.Trail.URL(key) != "s3://"+d.Bucket+"/"+d.Object {
		w.digest(key, Moved, "it has been moved from its original location, s3://%s/%s", d.Bucket, d.Object)
		return nil, wrong, nil
	}
	is, reason, err := w.prove(ctx, key, d, next)
	if err != nil {
		return nil, wrong, err
	}
	switch is {
	case wrong:
		w.digest(key, Invalid, "%s; its %d log files were not looked at", reason, len(d.Logs))
		w.out.Logs.Unproven += int64(len(d.Logs))
		for _, l := range d.Logs { // they are not there without a digest
			if inside, _ := w.locate(key, d, l.Bucket, l.Object); inside != "" {
				w.named[keyOf(inside)] = struct{}{}
			}
		}
		return d, wrong, nil
	case unsigned:
		w.digest(key, Unsigned, "its signature is lost (a copy without metadata?), and no later digest that holds names it")
	case proven:
		w.out.Digests.Valid++
	}
	return d, is, w.check(ctx, key, d, is)
}

// prove tells whether a digest is CloudTrail's, and if not, why.
func (w *ward) prove(ctx context.Context, key string, d *digest, next *pointer) (is proof, reason string, err error) {
	signature, err := w.signature(ctx, key)
	if err != nil {
		return wrong, "", err
	}
	borrowed := false // from a digest that is wrong itself: only of use where it fits
	if next != nil && next.key == key {
		switch {
		case next.proof == proven && !strings.EqualFold(next.hash, hex.EncodeToString(d.sum[:])):
			return wrong, "hash value doesn't match the one that the next digest names", nil
		case next.proof == proven && signature != "" && signature != next.signature:
			return wrong, "its signature is not the one that the next digest names", nil
		case signature == "":
			signature, borrowed = next.signature, next.proof == wrong
		}
	}
	if signature == "" {
		return unsigned, "", nil
	}
	public, err := w.Keys.Key(ctx, w.name, d.Fingerprint, d.end)
	if errors.Is(err, ErrNoKey) {
		return wrong, fmt.Sprintf("%v in region %s for fingerprint %.64s", ErrNoKey, w.name, d.Fingerprint), nil
	}
	if err != nil {
		return wrong, "", err
	}
	switch err := d.verify(public, signature); {
	case err == nil:
		return proven, "", nil
	case borrowed:
		return unsigned, "", nil
	default:
		return wrong, err.Error(), nil
	}
}

// check verifies the log files that a digest names.
func (w *ward) check(ctx context.Context, key string, d *digest, is proof) error {
	type verdict struct {
		object string
		kind   Kind
		reason error
	}
	verdicts := make([]verdict, len(d.Logs))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cap(w.read))
	for i, l := range d.Logs {
		v := &verdicts[i]
		var inside string
		inside, v.object = w.locate(key, d, l.Bucket, l.Object)
		if inside == "" {
			v.kind, v.reason = Outside, errors.New("it lies in another bucket or prefix than its digest: not looked at")
			continue
		}
		w.named[keyOf(inside)] = struct{}{}
		g.Go(func() error {
			var sum [sha256.Size]byte
			kind, damaged, err := w.load(ctx, inside, func(content []byte) { sum = sha256.Sum256(content) })
			switch {
			case err != nil:
				return err
			case damaged != nil:
				v.kind, v.reason = kind, damaged
			case l.Algorithm != "SHA-256" || !strings.EqualFold(l.Hash, hex.EncodeToString(sum[:])):
				v.kind, v.reason = Invalid, errors.New("hash value doesn't match")
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, v := range verdicts {
		switch {
		case v.reason != nil:
			w.log(v.object, v.kind, v.reason.Error())
		case is == proven:
			w.out.Logs.Valid++
		default:
			w.out.Logs.Unproven++
		}
	}
	return nil
}

// signature returns what the metadata of a digest's object says, "" when it has none.
func (w *ward) signature(ctx context.Context, key string) (string, error) {
	meta, err := store.Metadata(ctx, w.Trail, key)
	if err != nil {
		return "", fmt.Errorf("looking at the signature of %s: %w", w.Trail.URL(key), err)
	}
	return meta["signature"], nil
}
