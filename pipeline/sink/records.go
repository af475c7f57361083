package sink

import (
	"context"
	"errors"
	"strings"
	"time"

	"trailgauge/pipeline/store"
)

// records writes insight events (Events) to a place of their own, below AWSLogs/ there: for what reads CloudTrail Insights from a bucket and shall not see the
// lake. Their names and bytes follow from the insight alone. Kinds that AWS has no record for make none.
type records struct{ to store.Store }

func (r *records) Limits() (int, time.Duration) { return 100, 0 }

func (r *records) Deliver(ctx context.Context, batch []Message) []error {
	errs := make([]error, len(batch))
	for k, m := range batch {
		for _, f := range Events(m.Insight) {
			if errs[k] = put(ctx, r.to, strings.TrimPrefix(f.Key, "insight-events/"), f.Body); errs[k] != nil {
				break
			}
		}
	}
	return errs
}

// put writes an object and gives a failure this package's meaning.
func put(ctx context.Context, to store.Store, key string, body []byte) error {
	ctx, stop := context.WithTimeout(ctx, requestTime)
	defer stop()
	return placeError(to.Put(ctx, key, body))
}

func placeError(err error) error {
	switch {
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return &BusyError{Err: err}
	case errors.Is(err, store.ErrProfile):
		return &HintError{err, store.HintProfile}
	case errors.Is(err, store.ErrNoCredentials):
		return &HintError{err, store.HintNoCredentials}
	case errors.Is(err, store.ErrCredentials):
		return &HintError{err, hintCredentials}
	case errors.Is(err, store.ErrRole):
		return &HintError{err, hintRole}
	case errors.Is(err, store.ErrDenied):
		return &HintError{err, "the sink needs s3:PutObject there, and its key: check the bucket's policy, the role_arn and the region"}
	}
	return err
}
