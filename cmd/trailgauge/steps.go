package main

import (
	"context"
	"time"

	"trailgauge/pipeline"
	"trailgauge/pipeline/report"
)

const stepsHelp = `A state machine, a job array or a shell spreads the steps over machines; they make the same lake as trailgauge run:

  $ trailgauge plan --create --trail SRC --lake DST
  $ trailgauge scan --trail SRC --lake DST --shard K --of 8      K = 0 to 7, anywhere, in any order, again after a failure
  $ trailgauge merge --trail SRC --lake DST
  $ trailgauge decide --lake DST
  $ trailgauge deliver --lake DST --config FILE                  where there are sinks

Deciding is spread by account: before each decide --of 4, fit --shard K --of 4 and then score --shard K --of 4, K = 0 to 3; again, while decide exits with 11: another day. What a step finds undone of those before it does itself. Exit status 11: not done, call again.`

// stepFlags are what the steps after plan share.
type stepFlags struct {
	Run int `placeholder:"N" help:"The plan's number, as plan --create printed it (default: the one under way). A finished one is nothing to do."`
	okFlag
}

// shardFlag names the shards of a call. Job arrays put the number into the environment.
type shardFlag struct {
	Shard []int `required:"" placeholder:"K" env:"TRAILGAUGE_SHARD,AWS_BATCH_JOB_ARRAY_INDEX,JOB_COMPLETION_INDEX,SLURM_ARRAY_TASK_ID" help:"Which shards, from 0, as 3 or 3,4,5. One beyond the last is nothing to do."`
}

// step does a step and prints what came of it.
func (f okFlag) step(t *terminal, o *pipeline.Options, do func() (*pipeline.Outcome, error)) (outcome, error) {
	ended, err := f.begin()
	if err != nil {
		return ended, err
	}
	boundMemory(o.Workers)
	var end func()
	o.Progress, o.Log, end = t.watch()
	defer end()
	out, err := do()
	end()
	if err != nil {
		return ended, err
	}
	switch {
	case !out.Done:
		ended.status = statusNotDone
	case out.Rejected:
		ended.status = statusRejected
	}
	return ended, report.EncodeLine(t.out, out)
}

// scanCommand is the step scan.
type scanCommand struct {
	placeFlags
	shardFlag
	Of int `placeholder:"N" help:"Cut the plan into N equal shards (default: those of the plan)."`
	stepFlags
}

func (s *scanCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	o, err := s.options(ctx, t)
	if err != nil {
		return outcome{}, err
	}
	step := pipeline.StepOptions{Options: o, Run: s.Run, Shards: s.Shard, Of: s.Of}
	return s.step(t, &step.Options, func() (*pipeline.Outcome, error) { return pipeline.Scan(ctx, step) })
}

func (*scanCommand) Help() string { return stepsHelp }

// options opens the places. As-of and configuration are the plan's.
func (f placeFlags) options(ctx context.Context, t *terminal) (pipeline.Options, error) {
	job := jobFlags{placeFlags: f, HistoryDays: 1, begun: true} // Event History is read as the step plan fetched it, however far back
	return job.options(ctx, t, time.Now())
}

// mergeCommand is the step merge.
type mergeCommand struct {
	placeFlags
	stepFlags
}

func (m *mergeCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	o, err := m.options(ctx, t)
	if err != nil {
		return outcome{}, err
	}
	step := pipeline.StepOptions{Options: o, Run: m.Run}
	return m.step(t, &step.Options, func() (*pipeline.Outcome, error) { return pipeline.Merge(ctx, step) })
}

func (*mergeCommand) Help() string { return stepsHelp }

// deciding are the flags of the steps that need nothing but the lake.
type deciding struct {
	lakeFlag
	workersFlag
	stepFlags
	bucketFlags
}

func (d *deciding) options(ctx context.Context) (o pipeline.StepOptions, err error) {
	if o.Workers, err = d.workers(); err != nil {
		return o, err
	}
	o.Run = d.Run
	o.Lake, err = d.lake(ctx, d.Lake)
	return o, err
}

// fitCommand is the step fit.
type fitCommand struct {
	shardFlag
	Of int `required:"" placeholder:"N" help:"Cut the accounts into N shards."`
	deciding
}

func (f *fitCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	return f.byAccount(ctx, t, f.Shard, f.Of, pipeline.Fit)
}

func (*fitCommand) Help() string { return stepsHelp }

// scoreCommand is the step score.
type scoreCommand struct {
	shardFlag
	Of int `required:"" placeholder:"N" help:"Cut the accounts into N shards, as fit did."`
	deciding
}

func (s *scoreCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	return s.byAccount(ctx, t, s.Shard, s.Of, pipeline.Score)
}

func (*scoreCommand) Help() string { return stepsHelp }

func (d *deciding) byAccount(ctx context.Context, t *terminal, shards []int, of int, do func(context.Context, pipeline.StepOptions) (*pipeline.Outcome, error)) (outcome, error) {
	o, err := d.options(ctx)
	if err != nil {
		return outcome{}, err
	}
	o.Shards, o.Of = shards, of
	return d.step(t, &o.Options, func() (*pipeline.Outcome, error) { return do(ctx, o) })
}

// decideCommand is the step decide.
type decideCommand struct {
	deciding
	Of            int  `placeholder:"N" help:"Take what fit and score came to, N shards each, and exit with 11 while another day is to be fitted and scored (default: do it all)."`
	FailOnInsight bool `help:"Exit with 10 when insights opened."`
}

func (d *decideCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	o, err := d.options(ctx)
	if err != nil {
		return outcome{}, err
	}
	o.Of = d.Of
	opened := false
	ended, err := d.step(t, &o.Options, func() (*pipeline.Outcome, error) {
		out, err := pipeline.Decide(ctx, o)
		opened = out != nil && out.Opened > 0
		return out, err
	})
	if d.FailOnInsight && opened && ended.status == statusDone {
		ended.status = statusInsights
	}
	return ended, err
}

func (*decideCommand) Help() string { return stepsHelp }
