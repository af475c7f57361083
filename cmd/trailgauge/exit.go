package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"trailgauge/pipeline"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/store"
)

// Exit statuses. A scheduler decides by them, so they are distinct and do not change.
const (
	statusDone        = 0
	statusFailed      = 1
	statusUsage       = 2  // usage or configuration
	statusRejected    = 3  // done, but some input was rejected, or a sink did not take its messages
	statusHeld        = 4  // another run holds the lake
	statusInsights    = 10 // done, insights opened, and --fail-on-insight was given
	statusNotDone     = 11 // a step is not done: call it again, or fit and score the next day
	statusTryLater    = 75 // throttled, no network, or messages wait for a sink (EX_TEMPFAIL)
	statusInterrupted = 130
)

// outcome is how a command ended, and which statuses the caller wants to hear as 0.
type outcome struct {
	status int
	ok     []int
}

// okFlag names statuses that are to be 0.
type okFlag struct {
	OkExit []int `placeholder:"STATUS" help:"Statuses to turn into 0, as 3,10: for schedulers that know only success and failure."`
}

func (f okFlag) begin() (outcome, error) {
	for _, status := range f.OkExit {
		if status < 1 || status > 255 {
			return outcome{}, fmt.Errorf("%w: --ok-exit %d is no exit status", pipeline.ErrUsage, status)
		}
	}
	return outcome{ok: f.OkExit}, nil
}

func (o outcome) exit() int {
	if slices.Contains(o.ok, o.status) {
		return statusDone
	}
	return o.status
}

// statusOf tells what kind of failure err is; the first that applies.
func statusOf(err error) int {
	switch {
	case errors.Is(err, context.Canceled):
		return statusInterrupted
	case errors.Is(err, pipeline.ErrUsage), errors.Is(err, store.ErrProfile):
		return statusUsage
	case errors.Is(err, pipeline.ErrHeld):
		return statusHeld
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return statusTryLater
	}
	return statusFailed
}

// hintFor says what to do about err; "" where the message says it all.
func hintFor(err error) string {
	var outside *pipeline.WindowError
	var folder *noFolderError
	if hint := hintForCloudTrail(err); hint != "" {
		return hint
	}
	switch {
	case errors.As(err, new(misspelt)):
		return "see trailgauge --help"
	case errors.As(err, &outside):
		return outside.Hint()
	case errors.As(err, &folder):
		return folder.hint()
	case errors.Is(err, pipeline.ErrHeld):
		return "wait for it to end; a run that died gives the lake back within two minutes"
	case errors.Is(err, store.ErrProfile):
		return store.HintProfile
	case errors.Is(err, store.ErrNoCredentials):
		return store.HintNoCredentials
	case errors.Is(err, store.ErrCredentials):
		return "get new credentials (aws sso login, or the job's role), see who they are of (aws sts get-caller-identity) and run again: nothing is lost"
	case errors.Is(err, store.ErrRole):
		return "the caller (aws sts get-caller-identity) needs sts:AssumeRole on the role, and the role's trust policy must name the caller, with the external id if it asks for one"
	case errors.Is(err, store.ErrKMS):
		return "the caller, or the role of that trail, needs kms:Decrypt on the trail's key, and kms:GenerateDataKey on the lake's; the key's own policy must allow it, too"
	case errors.Is(err, store.ErrRegion):
		return "name that region: --region for all buckets, region: of one trail in the configuration"
	case errors.Is(err, pipeline.ErrOrder):
		return "trailgauge merge comes before fit, score and decide"
	case errors.Is(err, store.ErrDenied):
		return "check the credentials (aws sts get-caller-identity), the bucket's policy and the KMS key's policy"
	case errors.Is(err, store.ErrUnavailable):
		return "nothing is lost: run again later"
	case errors.Is(err, pipeline.ErrUnfinished):
		return "compact and expire need the lake between two runs"
	case errors.Is(err, pipeline.ErrNoInsight):
		return "trailgauge report shows the ids of the newest run's insights; all are in column insightid of the insights table (trailgauge files --lake DST insights)"
	case errors.Is(err, errNoReport):
		return "trailgauge run makes one, and that of a day once the day is decided; is this the lake?"
	case errors.Is(err, lake.ErrNone):
		return "is the name right? trailgauge run begins a lake, and so does plan --create"
	case errors.Is(err, store.ErrNoBucket):
		return "is the name right? trailgauge makes no buckets"
	case errors.Is(err, lake.ErrForeign):
		return "nothing was written over it; restore the file, or start a new lake"
	case errors.Is(err, context.Canceled):
		return "nothing is lost: the next run goes on from here"
	}
	return ""
}
