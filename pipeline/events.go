package pipeline

import (
	"context"
	"strings"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// eventReader reads committed events for attribution.
type eventReader struct {
	lake   store.Store
	commit *lake.Commit
}

// Each implements insight.Events: day by day, file by file, row by row.
func (r *eventReader) Each(ctx context.Context, queries []insight.Query, fn func(i int, e *insight.Event) error) error {
	if len(queries) == 0 {
		return nil
	}
	first, last := trail.DayOf(queries[0].From), trail.DayOf(queries[0].To)
	for _, q := range queries {
		first, last = min(first, trail.DayOf(q.From)), max(last, trail.DayOf(q.To))
	}
	for day := first; day <= last; day++ {
		of := selection{}
		for i, q := range queries {
			if trail.DayOf(q.From) <= day && day <= trail.DayOf(q.To) {
				of.add(q, i)
			}
		}
		if len(of) == 0 || r.commit.Manifest(day) == "" {
			continue
		}
		if err := r.day(ctx, day, queries, of, fn); err != nil {
			return err
		}
	}
	return nil
}

func (r *eventReader) day(ctx context.Context, day trail.Day, queries []insight.Query, of selection, fn func(int, *insight.Event) error) error {
	man, err := lake.LoadManifest(ctx, r.lake, r.commit, day)
	if err != nil {
		return err
	}
	replaced, err := readIDs(man, man.Replaced)
	if err != nil {
		return err
	}
	for _, f := range man.Files[lake.Events] {
		err := lake.EachEvent(ctx, r.lake, f, of.wants, func(rec *trail.Record) error {
			if rec.CountCategory == "" || len(replaced) > 0 && replaced[decode.EventKey(rec.Account, rec.EventID)] {
				return nil
			}
			var e *insight.Event
			for _, list := range of.find(seriesOf(rec)) {
				for _, i := range list {
					if !selects(&queries[i], rec) {
						continue
					}
					if e == nil {
						e = eventOf(rec)
					}
					if err := fn(i, e); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// selection finds the queries that an event may answer: by API, or by the principal of a roll-up. An account alone stands for all of its.
type selection map[counts.Series][]int

func (s selection) add(q insight.Query, i int) {
	k := counts.Series{Account: q.Account, Region: q.Region, Source: q.Source, Name: q.Name}
	if q.IsTotal() {
		k.Principal = q.Principal
		s[counts.Series{Account: q.Account}] = nil // some API of the account, it is not known which
	}
	s[k] = append(s[k], i)
}

// wants tells whether an API's events may answer a query.
func (s selection) wants(api counts.Series) bool {
	if _, ok := s[api]; ok {
		return true
	}
	_, ok := s[counts.Series{Account: api.Account}]
	return ok
}

func (s selection) find(of counts.Series) [2][]int {
	return [2][]int{s[of.API()], s[counts.Series{Account: of.Account, Principal: of.Principal}]}
}

func selects(q *insight.Query, r *trail.Record) bool {
	return r.EventTS >= q.From.UnixMilli() && r.EventTS < q.To.UnixMilli() &&
		(q.Principal == "" || q.Principal == r.Principal) && q.Data == classOf(r).Data
}

func eventOf(r *trail.Record) *insight.Event {
	u := &r.UserIdentity
	return &insight.Event{
		Time: r.EventTS, ReadOnly: classOf(r).ReadOnly, Principal: r.Principal, ErrorCode: r.CountError, EventID: r.EventID,
		Object: r.SourceKey, Region: r.Region, Source: r.EventSource, Name: r.EventName, UserAgent: r.UserAgent, SourceIP: r.SourceIPAddress,
		AccessKeyID: u.AccessKeyID, ARN: u.ARN, Session: sessionOf(u), Issuer: u.SessionContext.SessionIssuer.ARN,
		Identity: u.SessionContext.SourceIdentity, MFA: u.SessionContext.Attributes.MFAAuthenticated, Resource: resourceOf(r),
	}
}

// sessionOf returns what follows the role in arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION. Of another account's role a record has no ARN, but the
// role's ID: AROA…:SESSION.
func sessionOf(u *trail.UserIdentity) string {
	if _, rest, ok := strings.Cut(u.ARN, ":assumed-role/"); ok {
		_, session, _ := strings.Cut(rest, "/")
		return session
	}
	if role, session, _ := strings.Cut(u.PrincipalID, ":"); u.ARN == "" && strings.HasPrefix(role, "AROA") {
		return session
	}
	return ""
}
