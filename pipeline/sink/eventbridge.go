package sink

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// Of one PutEvents request: entries are in the service model; bytes, less some to spare, from "Calculating Amazon EventBridge PutEvents event entry
// size" in the EventBridge user guide, which also says how they are counted: 256 KB in all.
const (
	busEntries = 10
	busBytes   = 255 << 10
)

// eventSource is the source of our events; "aws." is reserved.
const eventSource = "trailgauge"

// eventTypes are the detail-types.
var eventTypes = map[Phase]string{
	Start: "Insight Start", End: "Insight End", Revision: "Insight Revision", Retraction: "Insight Retraction", Test: "Insight Test",
}

// bus is an EventBridge bus.
type bus struct {
	client *eventbridge.Client
	arn    string
}

func (b *bus) Limits() (int, time.Duration) { return busEntries, 0 }

func (b *bus) Deliver(ctx context.Context, batch []Message) []error {
	return entries(batch, busEntries, busBytes, b.entry, func(list []types.PutEventsRequestEntry) []error { return b.put(ctx, list) })
}

func (b *bus) entry(m *Message) (types.PutEventsRequestEntry, int, error) {
	kind := eventTypes[m.Phase]
	rest := len(eventSource) + len(kind) + 14 // and the time
	body, err := m.JSON(busBytes - rest)
	at := m.Insight.Whole.End
	if m.Phase == Start {
		at = m.Insight.Whole.Start
	}
	return types.PutEventsRequestEntry{
		EventBusName: &b.arn, Source: aws.String(eventSource), DetailType: &kind, Detail: aws.String(string(body)), Time: aws.Time(at.UTC()),
	}, len(body) + rest, err
}

func (b *bus) put(ctx context.Context, entries []types.PutEventsRequestEntry) []error {
	ctx, stop := context.WithTimeout(ctx, requestTime)
	defer stop()
	what := "sending events to " + b.arn
	out, err := b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		return all(len(entries), awsError(ctx, what, err))
	}
	errs := make([]error, len(entries))
	if out.FailedEntryCount == 0 {
		return errs
	}
	for k := range errs {
		if k >= len(out.Entries) {
			errs[k] = &BusyError{Err: fmt.Errorf("%s: no word of this one", what)}
			continue
		}
		if e := out.Entries[k]; e.ErrorCode != nil {
			errs[k] = busError(what, *e.ErrorCode, aws.ToString(e.ErrorMessage))
		}
	}
	return errs
}

// busError sorts the code of one entry: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
func busError(what, code, text string) error {
	told := fmt.Errorf("%s: %s", what, said(code, text))
	switch code {
	case "MalformedDetail", "InvalidArgument", "RedactionFailure":
		return fmt.Errorf("%w: %w", ErrRefused, told)
	case "NotAuthorizedForSource", "NotAuthorizedForDetailType", "AccessDeniedException", "InvalidAccountIdException":
		return &HintError{told, "the bus does not let this source in: check its policy and the arn"}
	}
	if passing(code) {
		return &BusyError{Err: told}
	}
	return told
}
