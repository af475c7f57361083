package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"trailgauge/pipeline"
	"trailgauge/pipeline/metrics"
)

// watchFlags say who is told how a run went. It is told of runs that fail, too: of all that get as far as reading these flags.
type watchFlags struct {
	Metrics string `placeholder:"FILE.prom" group:"Watching" env:"TRAILGAUGE_METRICS" help:"Write metrics for Prometheus' textfile collector, also when the run fails."`
	EMF     bool   `name:"emf" group:"Watching" env:"TRAILGAUGE_EMF" help:"Write metrics to stderr in CloudWatch's embedded metric format: for Lambda and ECS."`
	Summary string `placeholder:"FILE" group:"Watching" env:"TRAILGAUGE_SUMMARY" help:"Write a summary of the run as one JSON object, also when the run fails. Without a terminal it is the last line of the log as well."`
}

// watch follows one run.
type watch struct {
	watchFlags
	summary metrics.Summary
	result  *pipeline.Result // nil when the run failed
	clock   stopwatch
}

// watch begins to follow a run. Files that could not be written at its end are refused now.
func (f watchFlags) watch(t *terminal, job jobFlags) (*watch, error) {
	for flag, name := range map[string]string{"--metrics": f.Metrics, "--summary": f.Summary} {
		if name == "" {
			continue
		}
		if info, err := os.Stat(filepath.Dir(name)); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("%w: %s %s: there is no folder %s to write it in", pipeline.ErrUsage, flag, name, filepath.Dir(name))
		}
		if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%w: %s %s: that is no regular file, and a new one is to take its place", pipeline.ErrUsage, flag, name)
		}
	}
	return &watch{watchFlags: f, summary: metrics.Summary{
		SchemaVersion: metrics.SchemaVersion, Program: pipeline.Program, Trail: strings.Join(job.Trail, ", "), Lake: placeName(job.Lake),
		Started: time.Now().UTC(), Stages: []metrics.Stage{},
	}}, nil
}

// placeName names a place the same way in every run, also in one that did not get as far as opening it: labels must not change.
func placeName(name string) string {
	if strings.Contains(name, "://") {
		return strings.TrimSuffix(name, "/")
	}
	return pathOf(name)
}

// tell tells everybody how the run ended and hands on what the command returns. That metrics cannot be written is a failure of its own,
// when there is no other.
func (w *watch) tell(t *terminal, ended outcome, failure error) (outcome, error) {
	s := &w.summary
	s.Ended = time.Now().UTC()
	s.Seconds = s.Ended.Sub(s.Started).Seconds()
	s.Stages = append(s.Stages, w.clock.stop()...)
	s.Status = ended.status
	if failure != nil {
		s.Status = statusOf(failure)
		s.Fail(failure)
	} else if w.result != nil {
		s.Trail = w.result.Report.Trail
		s.Tell(w.result.Report, w.result.Finished)
	}
	var errs []error
	if w.Metrics != "" {
		errs = append(errs, metrics.Textfile(w.Metrics, s))
	}
	if w.Summary != "" {
		errs = append(errs, writeSummary(w.Summary, s))
	}
	if w.EMF {
		errs = append(errs, metrics.EMF(t.err, s))
	}
	if _, tty := size(t.err); !tty {
		slog.New(slog.NewJSONHandler(t.err, nil)).Info("summary", "summary", s)
	}
	err := errors.Join(errs...)
	if failure != nil && err != nil {
		t.note("%v", err)
		return ended, failure
	}
	return ended, errors.Join(failure, err)
}

// writeSummary replaces a file by one that holds s, in one step.
func writeSummary(name string, s *metrics.Summary) error {
	var b bytes.Buffer
	if err := printJSON(&b, s); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	defer os.Remove(f.Name()) // gone when all went well
	_, err = f.Write(b.Bytes())
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	return nil
}

// stopwatch is a Progress that takes the time of stages and hands everything on.
type stopwatch struct {
	pipeline.Progress
	mu     sync.Mutex
	began  time.Time
	at     int // index of the running stage
	stages []metrics.Stage
}

// over returns a Progress that takes the time and hands on to next.
func (w *watch) over(next pipeline.Progress) pipeline.Progress {
	w.clock.Progress = next
	return &w.clock
}

// Stage ends the stage before and begins another; one of the same name goes on.
func (s *stopwatch) Stage(name string, objects, bytes int64) {
	s.mu.Lock()
	s.lap()
	s.at = 0
	for s.at < len(s.stages) && s.stages[s.at].Name != name {
		s.at++
	}
	if s.at == len(s.stages) {
		s.stages = append(s.stages, metrics.Stage{Name: name})
	}
	s.began = time.Now()
	s.mu.Unlock()
	s.Progress.Stage(name, objects, bytes)
}

func (s *stopwatch) lap() {
	if !s.began.IsZero() {
		s.stages[s.at].Seconds += time.Since(s.began).Seconds()
	}
}

// stop ends the running stage and returns all.
func (s *stopwatch) stop() []metrics.Stage {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lap()
	s.began = time.Time{}
	return s.stages
}
