package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"trailgauge/pipeline"
	"trailgauge/pipeline/metrics"
	"trailgauge/pipeline/report"
)

// deliverCommand hands what runs told of to the sinks.
type deliverCommand struct {
	lakeFlag
	Config string `placeholder:"FILE" env:"TRAILGAUGE_CONFIG" help:"YAML file with the sinks; the same file as for run."`
	DryRun bool   `xor:"what" help:"List what is pending and send nothing."`
	Test   string `xor:"what" placeholder:"SINK" help:"Send this one sink a message that is marked as a test."`
	JSON   bool   `name:"json" help:"Print the result as one JSON object."`
	okFlag
	bucketFlags
}

func (*deliverCommand) Help() string {
	return `run does the same at its end when its configuration has sinks; for state machines this is a step of its own, and without sinks it is nothing to do. Each sink gets what it has not had, oldest first: the starts, ends, revisions and retractions that runs told of. What it has taken is kept in the lake. What it does not take waits for the next time, for seven days; a new sink gets what was told in the last seven. A message may come twice, with the same ID.

  sinks:
    - {type: eventbridge, name: bus, arn: "arn:aws:events:eu-central-1:111122223333:event-bus/security"}
    - {type: sns, name: pager, arn: "arn:aws:sns:eu-central-1:111122223333:insights.fifo", min_severity: 6}
    - {type: securityhub, name: hub, region: eu-central-1, role_arn: "arn:aws:iam::{account}:role/trailgauge-findings"}
    - {type: ocsf, name: security-lake, region: eu-central-1, to: "s3://aws-security-data-lake-eu-central-1-x/ext/trailgauge"}
    - {type: slack, name: channel, url_from: SLACK_WEBHOOK, kinds: [ApiCallRateInsight], accounts: ["1111*"]}
    - {type: insight-events, name: siem, to: "s3://acme-siem/trailgauge"}

Permissions: events:PutEvents; sns:Publish and kms:GenerateDataKey, kms:Decrypt of the topic's key; securityhub:BatchImportFindings, in each account with {account} in role_arn, else in the caller's, where findings then name the member as resource; s3:PutObject; sts:AssumeRole for a role_arn. The webhook's address is read from the environment variable that url_from names, and is never shown.

Exit status: 75 messages wait; 3 a message was refused for good, or given up after seven days. A run has done its work all the same, and ends with 3 for both.`
}

func (d *deliverCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	ended, err := d.begin()
	if err != nil {
		return ended, err
	}
	config, err := d.readConfig(ctx, t, d.Config)
	if err != nil {
		return ended, err
	}
	if err := config.apart(d.Lake, config.Trails); err != nil {
		return ended, err
	}
	o := pipeline.DeliverOptions{Sinks: config.Sinks, Now: time.Now()}
	o.DryRun = d.DryRun
	open := d.lake
	if d.Test != "" { // it reads none, and may come before the first run
		open = d.place
	}
	if o.Lake, err = open(ctx, d.Lake); err != nil {
		return ended, err
	}
	if len(config.Sinks) == 0 && d.Test == "" { // a step that a state machine always calls
		t.note("nothing to deliver: the configuration has no sinks: (see trailgauge deliver --help)")
	}
	var out *pipeline.Delivered
	if d.Test != "" {
		out, err = pipeline.TestSink(ctx, o, d.Test)
	} else {
		out, err = pipeline.Deliver(ctx, o)
	}
	if err != nil {
		return ended, err
	}
	ended.status = tellDelivered(t, out)
	if d.JSON {
		return ended, printJSON(t.out, out)
	}
	for _, s := range out.Sinks {
		for _, m := range s.Messages {
			fmt.Fprintf(t.out, "%s  %s  run %d  %-10s %s\n", s.Sink, m.ID, m.Run, m.Phase, report.Clean(m.Title))
		}
		if out.DryRun {
			fmt.Fprintf(t.out, "%s: %d messages would be sent, %d more wait\n", s.Sink, len(s.Messages), s.Waiting)
		} else {
			fmt.Fprintf(t.out, "%s: %d messages delivered, %d refused, %d given up, %d wait\n", s.Sink, s.Taken, len(s.Refused), len(s.GivenUp), s.Waiting)
		}
	}
	return ended, nil
}

// tellDelivered says on stderr what did not go well, and returns the exit status that this makes.
func tellDelivered(t *terminal, out *pipeline.Delivered) int {
	for _, s := range out.Sinks {
		for n, r := range append(s.GivenUp, s.Refused...) {
			if n == 10 {
				t.note("sink %s: %d more messages will not arrive; state/delivered/%s/ names them", s.Sink, len(s.GivenUp)+len(s.Refused)-n, s.Sink)
				break
			}
			t.note("sink %s: message %s of insight %s (%s) will not arrive: %s", s.Sink, r.ID, r.Insight, r.Title, r.Reason)
		}
		if s.Error != "" {
			t.note("sink %s: %d messages wait: %s", s.Sink, s.Waiting, s.Error)
		} else if s.Waiting > 0 && !out.DryRun {
			t.note("sink %s: %d messages wait for the next delivery", s.Sink, s.Waiting)
		}
		if s.Hint != "" {
			t.hint(s.Hint)
		}
	}
	switch {
	case out.DryRun:
		return statusDone
	case out.Lost():
		return statusRejected
	case out.Waiting():
		return statusTryLater
	}
	return statusDone
}

// deliverAfter delivers at the end of a run, whose own result is told already; end ends the display of progress. all tells whether the sinks took all: where
// they did not the run has done its work nevertheless.
func deliverAfter(ctx context.Context, t *terminal, o pipeline.Options, s *metrics.Summary, end func()) (all bool, err error) {
	if len(o.Config.Sinks) == 0 {
		return true, nil
	}
	out, err := pipeline.Deliver(ctx, pipeline.DeliverOptions{
		UpkeepOptions: pipeline.UpkeepOptions{Lake: o.Lake, Progress: o.Progress, Log: o.Log}, Sinks: o.Config.Sinks, Now: time.Now(),
	})
	end()
	if errors.Is(err, pipeline.ErrHeld) {
		t.note("another run holds the lake: it delivers, or the next one does")
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("the run is done; delivering: %w", err)
	}
	for _, d := range out.Sinks {
		s.Sinks = append(s.Sinks, metrics.Sink{Name: d.Sink, Taken: d.Taken, Waiting: d.Waiting, Refused: len(d.Refused), GivenUp: len(d.GivenUp)})
		if d.Taken > 0 {
			t.note("sink %s: %d messages delivered", d.Sink, d.Taken)
		}
	}
	return tellDelivered(t, out) == statusDone, nil
}
