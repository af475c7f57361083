package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// A day is fitted and scored by accounts: of the sums of a fit the order does not matter, and what scoring finds is put together in the order of accounts.
// Steps on many machines leave what they came to beside the parts of the scan, named after all that it follows from; whoever comes after them takes it
// from there, and makes what is missing himself.

// mapping is where the shards of a day's fit and score lie. Nil: there is one, of all accounts, and it lies nowhere.
type mapping struct {
	lake  store.Store
	run   int // number of the commit that will decide
	of    int // shards a day
	marks int // number of the last mark that is heeded

	turn func(*dayAtHand) error // what the decider asks before each day
	next trail.Day              // day before which that stopped it
}

// shards is how many a day has.
func (m *mapping) shards() int {
	if m == nil {
		return 1
	}
	return m.of
}

// accounts returns those of a shard: account IDs are spread evenly over their 12 digits. What is no ID sorts after "0", so that it is in some shard too.
func (m *mapping) accounts(k int) accounts {
	const ids = 1_000_000_000_000
	bound := func(k int) string { return fmt.Sprintf("%012d", ids/m.shards()*k) }
	var a accounts
	if k > 0 {
		a.from = bound(k)
	}
	if k < m.shards()-1 {
		a.to = bound(k + 1)
	}
	return a
}

func (m *mapping) key(what string, day trail.Day, k int) string {
	return fmt.Sprintf("%s%s-%s-%d-%d-%d.zst", partPrefix(m.run), what, day, m.marks, m.of, k)
}

// dayKey names the day at hand.
func (m *mapping) dayKey() string {
	return fmt.Sprintf("%sday-%d-%d.zst", partPrefix(m.run), m.marks, m.of)
}

// has tells whether a step has left a shard.
func (m *mapping) has(ctx context.Context, what string, day trail.Day, k int) (bool, error) {
	_, err := m.lake.Stat(ctx, m.key(what, day, k))
	if errors.Is(err, store.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// votes returns what the step fit has counted of a shard, nil when it has not.
func (m *mapping) votes(ctx context.Context, day trail.Day, k int) (*votes, error) {
	if m == nil {
		return nil, nil
	}
	var j votesJSON
	if there, err := m.load(ctx, m.key("fit", day, k), &j); !there || err != nil {
		return nil, err
	}
	v := &votes{series: j.Series}
	if err := v.sketch.UnmarshalBinary(j.Sketch); err != nil {
		return nil, fmt.Errorf("reading %s: %w: %w", m.lake.URL(m.key("fit", day, k)), err, lake.ErrForeign)
	}
	return v, nil
}

type votesJSON struct {
	Series int64  `json:"series"`
	Sketch []byte `json:"sketch"`
}

func (m *mapping) saveVotes(ctx context.Context, day trail.Day, k int, v *votes) error {
	sketch, err := v.sketch.MarshalBinary()
	if err != nil {
		return err
	}
	return m.save(ctx, m.key("fit", day, k), votesJSON{v.series, sketch})
}

// scored returns what the step score came to of a shard, nil when it did not.
func (m *mapping) scored(ctx context.Context, x *dayAtHand, k int) (*scored, error) {
	if m == nil {
		return nil, nil
	}
	s := new(scored)
	if there, err := m.load(ctx, m.key("score", x.day, k), s); !there || err != nil {
		return nil, err
	}
	for i := range s.Candidates {
		s.Candidates[i].Exposure = x.exposure
	}
	return s, nil
}

func (m *mapping) saveScored(ctx context.Context, day trail.Day, k int, s *scored) error {
	return m.save(ctx, m.key("score", day, k), s)
}

// load reads what save wrote; false: it is not there.
func (m *mapping) load(ctx context.Context, key string, v any) (bool, error) {
	body, _, err := m.lake.Get(ctx, key, 0)
	if errors.Is(err, store.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	z, err := zstd.NewReader(bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	defer z.Close()
	if err := json.NewDecoder(z).Decode(v); err != nil {
		return false, fmt.Errorf("reading %s: %w: %w", m.lake.URL(key), err, lake.ErrForeign)
	}
	return true, nil
}

func (m *mapping) save(ctx context.Context, key string, v any) error {
	var body bytes.Buffer
	z, err := zstd.NewWriter(&body, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err == nil {
		err = json.NewEncoder(z).Encode(v)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", m.lake.URL(key), err)
	}
	return m.lake.Put(ctx, key, body.Bytes())
}
