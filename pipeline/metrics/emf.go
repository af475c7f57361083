package metrics

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// Namespace is where CloudWatch keeps the metrics.
const Namespace = "trailgauge"

// directive tells CloudWatch Logs which members of a line are metrics.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct{ Name, Unit string }

// EMF writes a summary as lines in CloudWatch's embedded metric format, each a JSON document of its own: one of the run, with the
// dimension Lake, the figures of a run that did not fail, and the summary itself as the member "summary"; and one a stage, with the
// dimensions Lake and Stage. They become metrics wherever a process's output goes to CloudWatch Logs: in Lambda, in ECS with the awslogs driver.
func EMF(w io.Writer, s *Summary) error {
	run := map[string]any{"Lake": dimension(s.Lake), "summary": s}
	defined := []definition{}
	add := func(name, unit string, v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			run[name] = v
			defined = append(defined, definition{name, unit})
		}
	}
	add("Seconds", "Seconds", s.Seconds)
	add("ExitStatus", "None", float64(s.Status))
	failed := 1.0
	if s.Done() {
		failed = 0
	}
	add("Failed", "Count", failed)
	if f := s.Figures; f != nil {
		if f.LagSeconds != nil {
			add("LagSeconds", "Seconds", *f.LagSeconds)
		}
		for _, m := range metrics {
			add(m.emf, m.unit, m.value(f))
		}
	}
	if err := line(w, run, s.Ended, directive{Namespace, [][]string{{"Lake"}}, defined}); err != nil {
		return err
	}
	for _, stage := range s.Stages {
		err := line(w, map[string]any{"Lake": dimension(s.Lake), "Stage": dimension(stage.Name), "StageSeconds": stage.Seconds}, s.Ended,
			directive{Namespace, [][]string{{"Lake", "Stage"}}, []definition{{"StageSeconds", "Seconds"}}})
		if err != nil {
			return err
		}
	}
	return nil
}

func line(w io.Writer, members map[string]any, at time.Time, d directive) error {
	members["_aws"] = map[string]any{"Timestamp": at.UnixMilli(), "CloudWatchMetrics": []directive{d}}
	text, err := json.Marshal(members)
	if err != nil {
		return fmt.Errorf("encoding metrics: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// dimension makes a text a dimension's value: printable ASCII with something in it, not beginning with a colon, at most 1,024 long.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
func dimension(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '_'
		}
		return r
	}, s)
	s = strings.TrimLeft(s, ": ")
	if s == "" {
		return "-"
	}
	return s[:min(len(s), 1024)]
}
