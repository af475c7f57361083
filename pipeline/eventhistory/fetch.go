// Package eventhistory fetches CloudTrail's Event History, which every account has for 90 days without a trail, into a store, in the layout of a
// trail: so whoever has credentials and nothing else sees a first report. It holds management events alone, of one account and region, and gives
// about 100 of them a second: two requests, 50 events each.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
//
// Hours are fetched whole, the newest first, and what is stored is never changed or fetched again. A store holds
//
//	trail/AWSLogs/<account>/CloudTrail/<region>/YYYY/MM/DD/…json.gz   stamped with the end of the hour; also for hours without events
//	done/YYYY/MM/DD/HH                                                this hour is there
//	done/YYYY/MM/DD/HH.early                                          it is, but was fetched before late events can have come
//
// Whatever kills a fetch, the next one begins with the first hour that is not done. Objects are named after their content, so that an hour that is
// fetched twice has each event in one object, or in two that are read as one: a run drops repeats anyway.
package eventhistory

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"trailgauge/pipeline/store"
)

// The times of Event History.
const (
	MaxDays = 90               // how far back it goes
	Settled = 3 * time.Hour    // after its end an hour is fetched for good: events come within minutes, mostly
	Ready   = 30 * time.Minute // after its end an hour is fetched for the first time
	Pace    = time.Second / 2  // from one request to the next: CloudTrail takes two a second from an account and region
)

// ErrToken is what Lookup returns when CloudTrail does not know the page any more: the hour is begun anew.
var ErrToken = errors.New("the token of the next page has expired")

// Page is an answer: events as the JSON texts of CloudTrail's records, and the token of the next page, "" after the last one.
type Page struct {
	Events []string
	Next   string
}

// Lookup asks for a page of the events from one second to another, both included. It retries what passes by itself.
type Lookup func(ctx context.Context, from, to time.Time, token string) (Page, error)

// Options say what to fetch.
type Options struct {
	Account, Region string // whose events they are: they name the objects
	Lookup          Lookup
	Into            store.Store
	Now             time.Time      // hours that have ended by then, and a while ago, are fetched
	Days            int            // back from Now, 1 to MaxDays
	Pace            time.Duration  // 0: as fast as answers come, for tests
	Told            func(Progress) // is told after each hour; nil: nobody is
}

// Progress is how far a fetch has come.
type Progress struct {
	Hour   time.Time     // the one that is done
	Done   int           // hours fetched
	Hours  int           // to be fetched, Done among them
	Events int64         // fetched
	Left   time.Duration // that the rest will take at Pace, going by the hours so far; answers that are slower than that are not in it
}

// Fetch fetches the hours that are not there yet. It returns the oldest of them, zero when none was fetched; after an error what was fetched stays.
func Fetch(ctx context.Context, o Options) (oldest time.Time, err error) {
	done, err := o.done(ctx)
	if err != nil {
		return oldest, fmt.Errorf("reading which hours of Event History are there: %w", err)
	}
	var hours []time.Time
	last := o.Now.Add(-Ready).Truncate(time.Hour).Add(-time.Hour)
	for h := last; !h.Before(o.first()); h = h.Add(-time.Hour) {
		if kept := done[h]; kept == "" || kept == early && o.settled(h) {
			hours = append(hours, h)
		}
	}
	f := &fetcher{Options: o}
	for i, h := range hours {
		if err := f.hour(ctx, h); err != nil {
			return oldest, fmt.Errorf("fetching the events of %s, %s to %s: %w", o.Region, h.Format(time.RFC3339), h.Add(time.Hour).Format(time.RFC3339), err)
		}
		oldest = h
		if o.Told != nil {
			left := time.Duration(float64(f.requests) * float64(o.Pace) * float64(len(hours)-i-1) / float64(i+1))
			o.Told(Progress{h, i + 1, len(hours), f.events, left})
		}
	}
	return oldest, nil
}

// first is the oldest hour to fetch, whole.
func (o *Options) first() time.Time {
	return o.Now.AddDate(0, 0, -o.Days).Add(time.Hour).Truncate(time.Hour)
}

func (o *Options) settled(h time.Time) bool { return !o.Now.Before(h.Add(time.Hour + Settled)) }

// What a marker says of its hour.
const (
	early = "early"
	whole = "whole"
)

const doneLayout = "done/2006/01/02/15"

// done returns which hours are there.
func (o *Options) done(ctx context.Context) (map[time.Time]string, error) {
	done := map[time.Time]string{}
	err := o.Into.List(ctx, "done/", o.first().Add(-time.Hour).Format(doneLayout), func(i store.Info) error {
		name, isEarly := strings.CutSuffix(i.Key, "."+early)
		h, err := time.Parse(doneLayout, name)
		switch {
		case err != nil:
		case !isEarly:
			done[h] = whole
		case done[h] == "":
			done[h] = early
		}
		return nil
	})
	return done, err
}

type fetcher struct {
	Options
	requests, events int64
	last             time.Time // when the last request was sent
}

// hour fetches one hour and marks it as done, after its objects are there.
func (f *fetcher) hour(ctx context.Context, h time.Time) error {
	const attempts = 3
	for n := 1; ; n++ {
		err := f.pages(ctx, h)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrToken) || n == attempts {
			return err
		}
	}
	marker := h.UTC().Format(doneLayout)
	if !f.settled(h) {
		marker += "." + early
	}
	return f.Into.Put(ctx, marker, nil)
}

// partSize is how much JSON an object holds, about: a page more at most.
const partSize = 16 << 20

// pages fetches the pages of an hour into objects.
func (f *fetcher) pages(ctx context.Context, h time.Time) error {
	part, parts := new(bytes.Buffer), 0
	for token := ""; ; {
		if err := f.pace(ctx); err != nil {
			return err
		}
		p, err := f.Lookup(ctx, h, h.Add(time.Hour-time.Second), token)
		f.requests++
		if err != nil {
			return err
		}
		for _, text := range p.Events {
			add(part, text)
		}
		f.events += int64(len(p.Events))
		token = p.Next
		if token != "" && part.Len() < partSize {
			continue
		}
		if part.Len() > 0 || parts == 0 {
			if err := f.put(ctx, h, part); err != nil {
				return err
			}
			parts++
		}
		if token == "" {
			return nil
		}
		part.Reset()
	}
}

// add adds a record to a list. What is no JSON becomes a text, so that it is rejected alone.
func add(list *bytes.Buffer, text string) {
	if list.Len() > 0 {
		list.WriteString(",\n")
	}
	if !json.Valid([]byte(text)) {
		quoted, err := json.Marshal(text)
		if err != nil {
			panic("eventhistory: internal error: " + err.Error())
		}
		text = string(quoted)
	}
	list.WriteString(text)
}

// put writes a list of records as an object of the hour.
func (f *fetcher) put(ctx context.Context, h time.Time, list *bytes.Buffer) error {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err1 := z.Write([]byte(`{"Records":[`))
	_, err2 := z.Write(list.Bytes())
	_, err3 := z.Write([]byte("]}\n"))
	if err := errors.Join(err1, err2, err3, z.Close()); err != nil {
		return err
	}
	sum, stamp := sha256.Sum256(list.Bytes()), h.Add(time.Hour).UTC()
	key := fmt.Sprintf("trail/AWSLogs/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%s.json.gz", f.Account, f.Region, stamp.Format("2006/01/02"),
		f.Account, f.Region, stamp.Format("20060102T1504Z"), strings.ToUpper(hex.EncodeToString(sum[:8])))
	if err := f.Into.Create(ctx, key, packed.Bytes()); err != nil && !errors.Is(err, store.ErrExist) {
		return err
	}
	return nil
}

// pace waits until the next request may be sent.
func (f *fetcher) pace(ctx context.Context) error {
	timer := time.NewTimer(f.Pace - time.Since(f.last))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		f.last = time.Now()
		return nil
	}
}
