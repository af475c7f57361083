// Command trailgauge reads CloudTrail logs, keeps them as Parquet, and reports unusual call and error rates.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // for time zones in the configuration, where the machine has none

	"trailgauge/pipeline"
)

func main() {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		serveLambda(context.Background()) // does not return; a signal ends it as it ends any process: every step may be killed
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// Main runs the command with its arguments and returns the exit status. stdout carries the result, stderr everything else.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	t := &terminal{out: asTerminal(stdout), err: asTerminal(stderr)}
	outcome, err := perform(ctx, args, t)
	var help helped
	switch {
	case errors.As(err, &help):
		return int(help)
	case err != nil:
		t.fail(err, hintFor(err))
		outcome.status = statusOf(err)
	}
	return outcome.exit()
}

// helped says that help or --version was asked for, and the status to end with.
type helped int

func (helped) Error() string { return "help was asked for" }

// misspelt is a command line that does not parse.
type misspelt struct{ error }

func (misspelt) Is(target error) bool { return target == pipeline.ErrUsage }

// perform parses arguments and does what they ask for.
func perform(ctx context.Context, args []string, t *terminal) (outcome, error) {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ended := -1 // the status with which help or --version ended the parsing
	parsed, err := parser(grammar(args), t, &ended).Parse(args)
	if ended >= 0 {
		return outcome{}, helped(ended)
	}
	if err != nil {
		return outcome{}, misspelt{err}
	}
	return parsed.Selected().Target.Addr().Interface().(command).run(ctx, t)
}
