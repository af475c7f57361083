package sink

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// Of one PublishBatch request, from its API reference: 10 entries; 262,144 bytes over all messages, of which some are spared for what counts besides. A subject
// is printable ASCII, begins with a letter, a number or punctuation, and has fewer than 100 characters.
const (
	topicEntries = 10
	topicBytes   = 250 << 10
	subjectBytes = 99
)

// topic is an SNS topic.
type topic struct {
	client *sns.Client
	arn    string
}

func (t *topic) Limits() (int, time.Duration) { return topicEntries, 0 }

// fifo tells whether the topic keeps an order and drops repeats: the name says it.
func (t *topic) fifo() bool { return strings.HasSuffix(t.arn, ".fifo") }

func (t *topic) Deliver(ctx context.Context, batch []Message) []error {
	return entries(batch, topicEntries, topicBytes, t.entry, func(list []types.PublishBatchRequestEntry) []error { return t.publish(ctx, list) })
}

func (t *topic) entry(m *Message) (types.PublishBatchRequestEntry, int, error) {
	e := types.PublishBatchRequestEntry{
		Id: aws.String(m.ID), Subject: aws.String(ascii("trailgauge "+string(m.Phase)+": "+m.Title, subjectBytes)),
		MessageAttributes: map[string]types.MessageAttributeValue{},
	}
	size := len(*e.Id) + len(*e.Subject)
	attribute := func(name, kind, value string) {
		if value = line(value, 256); value != "" { // SNS takes no empty ones
			e.MessageAttributes[name] = types.MessageAttributeValue{DataType: &kind, StringValue: &value}
			size += len(name) + len(kind) + len(value)
		}
	}
	attribute("phase", "String", string(m.Phase))
	attribute("kind", "String", m.Insight.Kind.String())
	attribute("account", "String", m.Insight.Account)
	attribute("region", "String", m.Insight.Region)
	attribute("severity", "Number", string(fixed(m.Insight.Severity())))
	if t.fifo() {
		e.MessageGroupId, e.MessageDeduplicationId = aws.String(m.Insight.ID), aws.String(m.ID)
		size += len(*e.MessageGroupId) + len(*e.MessageDeduplicationId)
	}
	body, err := m.JSON(topicBytes - size)
	e.Message = aws.String(string(body))
	return e, size + len(body), err
}

func (t *topic) publish(ctx context.Context, entries []types.PublishBatchRequestEntry) []error {
	ctx, stop := context.WithTimeout(ctx, requestTime)
	defer stop()
	what := "publishing to " + t.arn
	out, err := t.client.PublishBatch(ctx, &sns.PublishBatchInput{TopicArn: &t.arn, PublishBatchRequestEntries: entries})
	if err != nil {
		return all(len(entries), awsError(ctx, what, err))
	}
	came := map[string]error{}
	for _, s := range out.Successful {
		came[aws.ToString(s.Id)] = nil
	}
	for _, f := range out.Failed {
		came[aws.ToString(f.Id)] = topicError(what, &f)
	}
	errs := make([]error, len(entries))
	for k, e := range entries {
		err, known := came[*e.Id]
		if !known {
			err = &BusyError{Err: fmt.Errorf("%s: no word of message %s", what, *e.Id)}
		}
		errs[k] = err
	}
	return errs
}

// topicError sorts the failure of one entry: https://docs.aws.amazon.com/sns/latest/api/API_BatchResultErrorEntry.html
func topicError(what string, f *types.BatchResultErrorEntry) error {
	code := aws.ToString(f.Code)
	told := fmt.Errorf("%s: %s", what, said(code, aws.ToString(f.Message)))
	switch {
	case !f.SenderFault, passing(code):
		return &BusyError{Err: told}
	case strings.HasPrefix(code, "InvalidParameter"), strings.HasPrefix(code, "ParameterValueInvalid"):
		return fmt.Errorf("%w: %w", ErrRefused, told)
	}
	return &HintError{told, "check the policy of the topic and of its key"}
}
