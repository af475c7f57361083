package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"trailgauge/pipeline"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// trailPlace is one trail and how to reach it: an item of "trails" in the configuration.
type trailPlace struct {
	URL          string `yaml:"url"`           // a folder, s3://bucket/prefix, or lookup-events:region
	RoleARN      string `yaml:"role_arn"`      // role to assume for reading it; "": none
	ExternalID   string `yaml:"external_id"`   // that the role asks for; "": none
	Region       string `yaml:"region"`        // of the bucket; "": --region
	RequestPayer string `yaml:"request_payer"` // "requester", or "": the bucket's owner pays
	Owner        string `yaml:"owner"`         // account of the bucket: one of another account is refused; "": not checked

	history bool // it is what was fetched of Event History, in the lake
}

// check returns what is wrong with item i of the list, as a *pipeline.SettingError.
func (p trailPlace) check(i int) error {
	wrong := func(key, format string, args ...any) error {
		return &pipeline.SettingError{Setting: []string{"trails", fmt.Sprintf("[%d]", i), key}, Reason: fmt.Sprintf(format, args...)}
	}
	bucket := strings.HasPrefix(p.URL, "s3://")
	switch {
	case p.URL == "":
		return &pipeline.SettingError{Setting: []string{"trails", fmt.Sprintf("[%d]", i)}, Reason: "url is missing: a folder, or s3://bucket/prefix"}
	case !bucket && p != trailPlace{URL: p.URL}:
		return wrong("url", "%s is a folder: the other settings are for buckets", p.URL)
	case p.RoleARN != "" && !trail.IsRole(p.RoleARN):
		return wrong("role_arn", "%q is no role: want arn:aws:iam::111122223333:role/name", p.RoleARN)
	case p.ExternalID != "" && p.RoleARN == "":
		return wrong("external_id", "there is no role_arn that could ask for it")
	case p.RequestPayer != "" && p.RequestPayer != "requester":
		return wrong("request_payer", "%q: want requester, or nothing", p.RequestPayer)
	case p.Owner != "" && !trail.IsAccount(p.Owner):
		return wrong("owner", "an account ID has 12 digits, in quotes")
	}
	return nil
}

// places returns the trails that flags name, or else the configuration.
func (b bucketFlags) places(named []string, configured []trailPlace) ([]trailPlace, error) {
	if len(named) == 0 {
		if len(configured) == 0 {
			return nil, fmt.Errorf("%w: no trail is named: give --trail SRC, or trails: in the configuration", pipeline.ErrUsage)
		}
		return configured, nil
	}
	var out []trailPlace
	for _, name := range named {
		if name == "" {
			return nil, fmt.Errorf("%w: --trail is empty", pipeline.ErrUsage)
		}
		p := trailPlace{URL: name}
		if strings.HasPrefix(name, "s3://") {
			p.RoleARN, p.ExternalID, p.Owner = b.TrailRole, b.TrailExternalID, b.TrailBucketOwner
			if b.RequesterPays {
				p.RequestPayer = "requester"
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// openTrails opens trails; path is what Options.TrailPath wants. One alone is itself, and its objects have the keys of its own bucket. Those of a
// list are one store, in which a trail's objects have its bucket and prefix, or its path, before their keys: so another one can be added to a
// list, also to one of one, without anything being read again.
func (b bucketFlags) openTrails(ctx context.Context, places []trailPlace, alone bool) (s store.Store, path string, err error) {
	if alone {
		s, err = b.open(ctx, places[0])
		return s, pathOf(places[0].URL), err
	}
	var joined []store.Place
	for _, p := range places {
		s, err := b.open(ctx, p)
		if err != nil {
			return nil, "", err
		}
		joined = append(joined, store.Place{Name: strings.Trim(strings.TrimPrefix(placeName(p.URL), "s3://"), "/"), Store: s})
	}
	if s, err = store.Join(joined); err != nil {
		err = usage(err)
	}
	return s, "", err
}

// open opens one trail. A folder that is not there is refused: an empty report would hide the mistake.
func (b bucketFlags) open(ctx context.Context, p trailPlace) (store.Store, error) {
	if strings.HasPrefix(p.URL, lookupScheme) {
		return nil, fmt.Errorf("%w: %s: run and plan read Event History, nothing else does", pipeline.ErrUsage, p.URL)
	}
	o := b.s3()
	o.Region = cmp.Or(p.Region, b.Region)
	o.RoleARN, o.ExternalID, o.ExpectedBucketOwner, o.RequesterPays = p.RoleARN, p.ExternalID, p.Owner, p.RequestPayer != ""
	s, err := store.Open(ctx, p.URL, o)
	if err != nil {
		return nil, usage(err)
	}
	if p.history && checkFolder(p.URL) != nil {
		return nil, fmt.Errorf("%w: no Event History is in the lake yet, in %s: trailgauge run fetches it", pipeline.ErrUsage, p.URL)
	}
	return s, checkFolder(p.URL)
}
