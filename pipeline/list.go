package pipeline

import (
	"context"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// listing is what lies in the trail.
type listing struct {
	objects  []store.Info     // to be considered, ascending by key
	foreign  map[string]int64 // objects (in folders that are looked into) that are no log files, by folder
	archived int64            // log files in a storage class that needs a restore
	later    int64            // stamped after as-of
	earlier  int64            // delivered before the first day asked for
	oldest   trail.Day        // of all the log files seen, whether asked for or not
	dated    bool             // whether oldest means anything
	alive    hours            // hours in which a digest was delivered
}

// lister walks the trail's layout, so that a bucket of years is listed for the days asked for only.
type lister struct {
	store store.Store
	base  string // the store's own path: an AWSLogs segment may lie in it
	first trail.Day
	full  bool // look beside the layout, too: once a day
	asOf  time.Time

	mu  sync.Mutex
	out listing
}

// listWorkers is how many listings run at once: they wait for answers, not for the processor.
const listWorkers = 16

// list lists the objects delivered from first to asOf. A full listing looks for objects beside the layout, too.
func list(ctx context.Context, s store.Store, base string, first trail.Day, full bool, asOf time.Time) (*listing, error) {
	l := &lister{store: s, base: strings.Trim(base, "/"), first: first, full: full, asOf: asOf, out: listing{foreign: map[string]int64{}, alive: hours{}}}
	roots, err := l.flat(ctx)
	if err != nil {
		return nil, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(listWorkers)
	var folders []string
	for _, root := range roots {
		below, err := l.regions(ctx, root)
		if err != nil {
			return nil, err
		}
		folders = append(folders, below...)
	}
	for _, f := range folders {
		g.Go(func() error { return l.days(ctx, f) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	slices.SortFunc(l.out.objects, func(a, b store.Info) int { return strings.Compare(a.Key, b.Key) })
	l.out.objects = slices.CompactFunc(l.out.objects, func(a, b store.Info) bool { return a.Key == b.Key })
	return &l.out, nil
}

// flat lists what lies outside of AWSLogs folders, and returns those folders. A listing that runs into one starts again behind it.
func (l *lister) flat(ctx context.Context) (roots []string, err error) {
	after := ""
	for again := true; again; {
		again = false
		err := store.ListUntil(ctx, l.store, "", after, func(i store.Info) error {
			if root, ok := awsLogs(i.Key); ok && store.Clean(strings.TrimSuffix(root, "/")) {
				roots, after, again = append(roots, root), root+store.Last, true
				return store.ErrEnough
			}
			l.see(i)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return roots, nil
}

// awsLogs returns the part of key up to its first AWSLogs segment.
func awsLogs(key string) (string, bool) {
	if strings.HasPrefix(key, "AWSLogs/") {
		return "AWSLogs/", true
	}
	if i := strings.Index(key, "/AWSLogs/"); i >= 0 {
		return key[:i] + "/AWSLogs/", true
	}
	return "", false
}

// regions returns the folders …/CloudTrail/<region>/ below an AWSLogs folder, and counts what else lies there.
func (l *lister) regions(ctx context.Context, root string) ([]string, error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(listWorkers)
	var mu sync.Mutex
	var found []string
	accounts, err := l.accounts(ctx, root)
	if err != nil {
		return nil, err
	}
	for _, account := range accounts {
		g.Go(func() error {
			services, err := l.folders(ctx, account)
			if err != nil {
				return err
			}
			for _, service := range services {
				if path.Base(service) == "AWSLogs" { // the account was the prefix of a trail
					below, err := l.regions(ctx, service)
					if err != nil {
						return err
					}
					mu.Lock()
					found = append(found, below...)
					mu.Unlock()
					continue
				}
				if base := path.Base(service); base != "CloudTrail" && base != digests {
					if err := l.countForeign(ctx, service); err != nil {
						return err
					}
					continue
				}
				regions, err := l.folders(ctx, service)
				if err != nil {
					return err
				}
				mu.Lock()
				found = append(found, regions...)
				mu.Unlock()
			}
			return nil
		})
	}
	err = g.Wait()
	slices.Sort(found)
	return found, err
}

// digests is the folder of CloudTrail's integrity digests: one an hour and region, for hours without calls too. They are not read here; that they were
// delivered tells a quiet hour from one in which the trail was off.
const digests = "CloudTrail-Digest"

// accounts returns the account folders below an AWSLogs folder; those of an organisation lie one deeper.
func (l *lister) accounts(ctx context.Context, root string) ([]string, error) {
	folders, err := l.folders(ctx, root)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range folders {
		if !strings.HasPrefix(path.Base(f), "o-") {
			out = append(out, f)
			continue
		}
		below, err := l.folders(ctx, f)
		if err != nil {
			return nil, err
		}
		out = append(out, below...)
	}
	return out, nil
}

// folders returns the folders below prefix that have a clean name. What lies below the others is listed at once: no such key can be
// read, and each is to be rejected with that reason.
func (l *lister) folders(ctx context.Context, prefix string) ([]string, error) {
	all, err := l.store.Folders(ctx, prefix)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range all {
		name := strings.TrimSuffix(f, "/")
		if store.Clean(name) {
			out = append(out, f)
			continue
		}
		err := store.ListUntil(ctx, l.store, name, f, func(i store.Info) error {
			if !strings.HasPrefix(i.Key, f) {
				return store.ErrEnough
			}
			l.see(i)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// maxForeign bounds how far a folder of other logs is counted: its first page.
const maxForeign = 1000

func (l *lister) countForeign(ctx context.Context, folder string) error {
	n := int64(0)
	err := store.ListUntil(ctx, l.store, folder, "", func(store.Info) error {
		if n++; n == maxForeign {
			return store.ErrEnough
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.out.foreign[path.Base(folder)] += n
	l.mu.Unlock()
	return nil
}

// days lists one region's folder from the first day to as-of. Days are folders, so the listing starts and ends there; when it
// finds nothing, the first object of all says how old the trail is.
func (l *lister) days(ctx context.Context, folder string) error {
	start, end := folder+l.first.Path(), folder+trail.DayOf(l.asOf).Path()+store.Last
	n := 0
	err := store.ListUntil(ctx, l.store, folder, start, func(i store.Info) error {
		if i.Key > end {
			return store.ErrEnough
		}
		n++
		l.see(i)
		return nil
	})
	if err == nil && n == 0 {
		err = store.ListUntil(ctx, l.store, folder, "", func(i store.Info) error {
			l.see(i)
			return store.ErrEnough
		})
	}
	if err == nil && l.full {
		err = l.strays(ctx, folder)
	}
	return err
}

// strays lists what somebody put into a region's folder beside the folders of its years, which begin with 20.
func (l *lister) strays(ctx context.Context, folder string) error {
	years := folder + "20"
	err := store.ListUntil(ctx, l.store, folder, "", func(i store.Info) error {
		if i.Key >= years {
			return store.ErrEnough
		}
		l.see(i)
		return nil
	})
	if err != nil {
		return err
	}
	return store.ListUntil(ctx, l.store, folder, years+store.Last, func(i store.Info) error {
		l.see(i)
		return nil
	})
}

// see sorts one object in. One with an unclean key goes into the plan if it looks like a log file, and is rejected by whoever reads it:
// what such a key says about folders is not to be trusted.
func (l *lister) see(i store.Info) {
	o := trail.ParseKey(l.base + "/" + i.Key)
	kind := o.Kind()
	if !store.Clean(i.Key) && strings.Contains(path.Base(i.Key), ".json") {
		// A plan is JSON, which cannot hold other bytes than UTF-8; a key with NUL is refused as well.
		i.Key, kind = strings.ToValidUTF8(i.Key, "\x00"), trail.Trail
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if kind != trail.Trail {
		folder := o.Folder
		if folder == "" {
			folder = "other"
		}
		l.out.foreign[folder]++
		if o.Folder == digests && !o.Stamp.IsZero() && !o.Stamp.After(l.asOf) {
			l.out.alive.mark(trail.DayOf(o.Stamp), o.Stamp.Hour())
		}
		return
	}
	if o.HasDay && (!l.out.dated || o.Day < l.out.oldest) {
		l.out.oldest, l.out.dated = o.Day, true
	}
	switch {
	case o.HasDay && o.Day < l.first:
		l.out.earlier++
	case o.Stamp.After(l.asOf), o.HasDay && o.Day > trail.DayOf(l.asOf):
		l.out.later++
	case i.Archived:
		l.out.archived++
	default:
		l.out.objects = append(l.out.objects, i)
	}
}
