package digest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// verifier is what all regions share.
type verifier struct {
	Options
	read   chan struct{} // objects up to smallObject being read
	large  chan struct{} // larger ones
	unpack chan struct{} // objects being inflated
}

// smallObject is the size up to which objects are read many at once, in bytes: most of CloudTrail's are far below.
const smallObject = 1 << 20

const (
	// slack is how long after its stamp a log file may be named by a digest: one delivered at the end of a digest's hour is the next one's.
	slack = time.Hour
	// late is how old what happened may be before it is in a digest: digests come every hour.
	late = 2 * time.Hour
)

// ward is a region being verified.
type ward struct {
	*verifier
	region
	out   *Result
	named map[[16]byte]struct{} // log files that a digest names, as the first half of the SHA-256 of the key
	held  []span                // times of the digests that hold, in no order
	holes []span                // times without such a digest of one of the trails, in no order: its log files are named by none, whatever the others' digests are
}

func keyOf(key string) [16]byte {
	sum := sha256.Sum256([]byte(key))
	return [16]byte(sum[:16])
}

// region verifies one region: its chains, each from the newest digest back, and then what no digest names.
func (v *verifier) region(ctx context.Context, r region) (*Result, error) {
	w := &ward{verifier: v, region: r, out: new(Result), named: map[[16]byte]struct{}{}}
	chains, err := w.chains(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(chains)) {
		if err := w.chain(ctx, chains[name]); err != nil {
			return nil, err
		}
	}
	if err := w.additions(ctx); err != nil {
		return nil, err
	}
	slices.SortStableFunc(w.out.Findings, func(a, b Finding) int { return strings.Compare(a.Object, b.Object) })
	return w.out, nil
}

// chains lists the digests, by chain, ascending by time.
func (w *ward) chains(ctx context.Context) (map[string][]string, error) {
	chains := map[string][]string{}
	dir := w.digests()
	end := dir + trail.DayOf(w.To.Add(late)).Path() + store.Last
	err := store.ListUntil(ctx, w.Trail, dir, dir+trail.DayOf(w.From).Path(), func(i store.Info) error {
		if i.Key > end {
			return store.ErrEnough
		}
		n, ok := nameOf(i.Key)
		if !ok || !store.Clean(i.Key) {
			w.digest(i.Key, Broken, "its name is not one that CloudTrail gives a digest")
			return nil
		}
		if n.stamp.After(w.From) && !n.stamp.After(w.To.Add(late)) {
			chains[n.chain] = append(chains[n.chain], i.Key)
		}
		return nil
	})
	for _, keys := range chains {
		slices.SortFunc(keys, func(a, b string) int { return strings.Compare(path.Base(a), path.Base(b)) })
	}
	return chains, err
}

// digest and log note what is wrong with an object.
func (w *ward) digest(key string, k Kind, format string, args ...any) {
	switch k {
	case Missing:
		w.out.Digests.Missing++
	case Unsigned:
		w.out.Digests.Unsigned++
	default:
		w.out.Digests.Invalid++
	}
	w.out.find(Finding{k, "digest", w.Trail.URL(key), fmt.Sprintf(format, args...)})
}

func (w *ward) log(object string, k Kind, reason string) {
	switch k {
	case Missing:
		w.out.Logs.Missing++
	case Unreferenced:
		w.out.Logs.Unreferenced++
	case Uncovered:
		w.out.Logs.Uncovered++
	case Outside:
		w.out.Logs.Outside++
	default:
		w.out.Logs.Invalid++
	}
	w.out.find(Finding{k, "log", object, reason})
}

// load reads and inflates an object and gives it to use, whose memory is bounded by taking turns. damaged says what is wrong with the object itself;
// err ends everything.
func (v *verifier) load(ctx context.Context, key string, use func(content []byte)) (kind Kind, damaged, err error) {
	turn := func(c chan struct{}) bool {
		select {
		case c <- struct{}{}:
			return true
		case <-ctx.Done():
			return false
		}
	}
	get := func(turns chan struct{}, limit int64) (body []byte, err error) {
		if !turn(turns) {
			return nil, ctx.Err()
		}
		defer func() { <-turns }()
		if body, _, err = v.Trail.Get(ctx, key, limit); err != nil {
			return nil, err
		}
		if !turn(v.unpack) {
			return nil, ctx.Err()
		}
		defer func() { <-v.unpack }()
		content, err := decode.Inflate(nil, body, decode.MaxObject)
		if err != nil {
			damaged = fmt.Errorf("%w: %w", errFormat, err)
			return body, nil
		}
		use(content)
		return body, nil
	}
	body, err := get(v.read, smallObject)
	if errors.Is(err, store.ErrTooLarge) {
		body, err = get(v.large, decode.MaxObject)
	}
	v.Looked(1, int64(len(body)))
	switch {
	case errors.Is(err, store.ErrNotExist):
		return Missing, errors.New("not found"), nil
	case errors.Is(err, store.ErrTooLarge), errors.Is(err, store.ErrBadKey):
		return Invalid, fmt.Errorf("%w: %w", errFormat, err), nil
	case err != nil:
		return "", nil, err
	}
	return Invalid, damaged, nil
}

// additions finds the log files that no digest names.
func (w *ward) additions(ctx context.Context) error {
	dir := w.logs()
	times, holes := merged(w.held), merged(w.holes)
	none := len(times) == 0
	from, upto := w.From, w.To
	if !none {
		from, upto = times[0].from, times[len(times)-1].to
	}
	end := dir + trail.DayOf(w.To).Path() + store.Last
	strays := int64(0)
	err := store.ListUntil(ctx, w.Trail, dir, dir+trail.DayOf(from).Path(), func(i store.Info) error {
		if i.Key > end {
			return store.ErrEnough
		}
		if _, ok := w.named[keyOf(i.Key)]; ok {
			return nil
		}
		o := trail.ParseKey(w.Path + "/" + i.Key)
		at := o.Stamp
		switch {
		case !at.IsZero() && (at.Before(from) || !at.Before(w.To)):
		case none:
			strays++
		case !at.IsZero() && !at.Before(upto.Add(-slack)) && !at.Before(w.To.Add(-late)):
			w.out.Logs.Pending++
		case !at.IsZero() && (!covers(times, at, at.Add(slack)) || meets(holes, at, at.Add(slack))):
			w.log(w.Trail.URL(i.Key), Uncovered, "the digest that may name it is missing, or does not hold")
		default:
			w.log(w.Trail.URL(i.Key), Unreferenced, "no digest names it")
		}
		return nil
	})
	if strays > 0 {
		w.out.Logs.Uncovered += strays
		w.out.find(Finding{Uncovered, "log", w.Trail.URL(dir), fmt.Sprintf("%d log files, and not one digest of this account and region", strays)})
	}
	return err
}

// span is a time, [from, to).
type span struct{ from, to time.Time }

// between returns the times that lie between merged spans.
func between(spans []span) (out []span) {
	for k := 1; k < len(spans); k++ {
		out = append(out, span{spans[k-1].to, spans[k].from})
	}
	return out
}

// merged returns the same time as spans that neither touch nor overlap, ascending.
func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && !s.from.After(out[n-1].to) {
			if s.to.After(out[n-1].to) {
				out[n-1].to = s.to
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// meets tells whether some merged spans have any of [from, to).
func meets(spans []span, from, to time.Time) bool {
	n := sort.Search(len(spans), func(k int) bool { return spans[k].to.After(from) })
	return n < len(spans) && spans[n].from.Before(to)
}

// covers tells whether all of [from, to) lies in one of some merged spans.
func covers(spans []span, from, to time.Time) bool {
	n := sort.Search(len(spans), func(k int) bool { return spans[k].to.After(from) })
	return n < len(spans) && !from.Before(spans[n].from) && !to.After(spans[n].to)
}
