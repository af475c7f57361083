package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"

	"trailgauge/pipeline"
)

// The binary is the handler of a Lambda function where Lambda's runtime starts it: as bootstrap on provided.al2023, one step a call. The places and
// the rest come from the environment (TRAILGAUGE_TRAIL, TRAILGAUGE_LAKE, TRAILGAUGE_CONFIG, ...). A request is one JSON object:
//
//	{"step": "plan"}                                               plan --create
//	{"step": "scan", "run": 42, "shard": 3}                        a flag a member, in camel case; a list for several values
//	{"step": "scan", "Items": [{"run": 42, "shard": 3}, ...]}      a batch, as a Distributed Map's ItemBatcher makes it of the plan's list
//	{"step": "fit", "shard": 0, "of": 4}
//	{"step": "report"}                                             report --line
//	{"step": "run"}                                                run --line: the whole job in one call, for small lakes
//	{"step": "compact"}, {"step": "gc"}, {"step": "expire", "keepDays": 400}, {"step": "deliver"}
//
// The answer is what the command prints as JSON, with the exit status as "status": 0, 3, 10 or 11, of deliver 75 where messages wait. Every other
// status is an error with one of the names below, for a state machine to retry by. A call ends a minute before its time does (a fifth of it, where
// that is less): scan then answers "done": false and is to be called again, the others fail with OutOfTime.
var errorNames = map[int]string{
	statusUsage: "Usage", statusHeld: "LakeHeld", statusTryLater: "TryAgainLater", statusInterrupted: "TryAgainLater", statusFailed: "Failed",
}

const outOfTime = "OutOfTime"

// lambdaArgs are what a step's command is always given.
var lambdaArgs = map[string][]string{
	"plan": {"--create"}, "scan": nil, "merge": nil, "fit": nil, "score": nil, "decide": nil, "report": {"--line"}, "run": {"--line"},
	"deliver": {"--json"}, "compact": {"--json"}, "gc": {"--json"}, "expire": {"--json"},
}

func serveLambda(ctx context.Context) {
	lambda.StartWithOptions(func(ctx context.Context, request json.RawMessage) (json.RawMessage, error) {
		return handle(ctx, request, os.Stderr)
	}, lambda.WithContext(ctx))
}

// handle does one step. Its error is a messages.InvokeResponse_Error, whose type Lambda hands on as the error's name.
func handle(ctx context.Context, request []byte, log io.Writer) (json.RawMessage, error) {
	args, err := argsOf(request)
	if err != nil {
		return nil, named(err)
	}
	if end, ok := ctx.Deadline(); ok {
		left := time.Until(end)
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-min(time.Minute, left/5)))
		defer cancel()
	}
	var out bytes.Buffer
	ended, err := perform(ctx, args, &terminal{out: &out, err: log})
	if err != nil {
		return nil, named(err)
	}
	var result map[string]any
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		return nil, named(fmt.Errorf("reading what %s printed: %w", args[0], err))
	}
	result["status"] = ended.exit()
	return json.Marshal(result)
}

func named(err error) error {
	e := messages.InvokeResponse_Error{Type: errorNames[statusOf(err)], Message: err.Error()}
	if errors.Is(err, context.DeadlineExceeded) {
		e.Type = outOfTime
	}
	if hint := hintFor(err); hint != "" {
		e.Message += "\nhint: " + hint
	}
	return e
}

// argsOf makes the command line of a request.
func argsOf(request []byte) ([]string, error) {
	var members map[string]any
	d := json.NewDecoder(bytes.NewReader(request))
	d.UseNumber()
	if err := d.Decode(&members); err != nil {
		return nil, fmt.Errorf("%w: reading the request: %w", pipeline.ErrUsage, err)
	}
	step, _ := members["step"].(string)
	always, known := lambdaArgs[step]
	if !known {
		return nil, fmt.Errorf("%w: there is no step %q", pipeline.ErrUsage, step)
	}
	delete(members, "step")
	if err := unbatch(members); err != nil {
		return nil, err
	}
	var flags []string
	for name, v := range members {
		text, err := flagValue(v)
		if err != nil {
			return nil, fmt.Errorf("%w: member %q of the request: %w", pipeline.ErrUsage, name, err)
		}
		flags = append(flags, "--"+kebab(name)+"="+text)
	}
	slices.Sort(flags)
	return append(append([]string{step}, always...), flags...), nil
}

// unbatch takes the items of a Distributed Map's batch apart: their shards, and the plan they are of.
func unbatch(members map[string]any) error {
	items, ok := members["Items"].([]any)
	if !ok {
		return nil
	}
	delete(members, "Items")
	delete(members, "BatchInput")
	var shards []any
	for _, i := range items {
		item, _ := i.(map[string]any)
		if item["shard"] == nil || item["run"] == nil || members["run"] != nil && members["run"] != item["run"] {
			return fmt.Errorf("%w: an item of the batch is not of the list of a plan's shards, or of another plan", pipeline.ErrUsage)
		}
		members["run"], shards = item["run"], append(shards, item["shard"])
	}
	members["shard"] = shards
	return nil
}

func flagValue(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool, json.Number:
		return fmt.Sprint(v), nil
	case []any:
		texts := make([]string, len(v))
		for i := range v {
			var err error
			if _, nested := v[i].([]any); nested {
				return "", errors.New("a list within a list")
			}
			if texts[i], err = flagValue(v[i]); err != nil {
				return "", err
			}
		}
		return strings.Join(texts, ","), nil
	}
	return "", errors.New("want a text, a number, true, false, or a list of them")
}

// kebab turns keepDays into keep-days.
func kebab(name string) string {
	var b strings.Builder
	for _, r := range name {
		if unicode.IsUpper(r) {
			b.WriteByte('-')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}
