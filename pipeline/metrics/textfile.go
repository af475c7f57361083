package metrics

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Two times outlive a run that fails: alerts on late runs rest on them.
const (
	lastSuccess = "trailgauge_last_success_timestamp_seconds"
	decided     = "trailgauge_decided_timestamp_seconds"
)

// Textfile writes a summary for the textfile collector of Prometheus' node exporter, by way of a temporary file in the same folder, so that a
// reader sees the old text or the new one. Every line has the label lake: the files of several lakes can lie in one folder. Of a run that
// failed, name holds exit status and times alone, and what it held before of the last success.
//
// A damaged file under that name is written anew; one that cannot be read is an error.
func Textfile(name string, s *Summary) error {
	kept, err := readKept(name, s.Lake)
	if err != nil {
		return fmt.Errorf("reading the metrics before: %w", err)
	}
	if s.Done() {
		kept[lastSuccess] = float64(s.Ended.Unix())
	}
	if s.Figures != nil && s.Figures.DecidedUpto != nil { // also where a sink could not be reached after that
		kept[decided] = float64(s.Figures.DecidedUpto.Unix())
	}
	r := prometheus.NewRegistry()
	all := prometheus.WrapRegistererWith(prometheus.Labels{"lake": strings.ToValidUTF8(s.Lake, "_")}, r)
	gauge := func(name, help string, v float64) {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		g.Set(v)
		all.MustRegister(g)
	}
	gauge("trailgauge_last_run_exit_status", "Exit status of the last run; 0, 3 and 10 mean that it did its work.", float64(s.Status))
	gauge("trailgauge_last_run_timestamp_seconds", "When the last run ended.", float64(s.Ended.Unix()))
	gauge("trailgauge_last_run_duration_seconds", "How long the last run took.", s.Seconds)
	for name, help := range map[string]string{lastSuccess: "When the last run that did its work ended.", decided: "Hours before this time are decided."} {
		if v, ok := kept[name]; ok {
			gauge(name, help, v)
		}
	}
	stages := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "trailgauge_last_run_stage_duration_seconds", Help: "How long each stage of the last run took."}, []string{"stage"})
	for _, stage := range s.Stages {
		stages.WithLabelValues(stage.Name).Set(stage.Seconds)
	}
	all.MustRegister(stages)
	sinks := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "trailgauge_last_run_sink_messages", Help: "What became of each sink's messages in the last run."}, []string{"sink", "outcome"})
	for _, d := range s.Sinks {
		for outcome, n := range map[string]int{"taken": d.Taken, "waiting": d.Waiting, "refused": d.Refused, "given_up": d.GivenUp} {
			sinks.WithLabelValues(d.Name, outcome).Set(float64(n))
		}
	}
	all.MustRegister(sinks)
	if s.Figures != nil {
		figures(all, s.Figures)
	}
	if err := prometheus.WriteToTextfile(name, r); err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}

// figures registers the gauges of a run's figures. Metrics of one name stand together in the table.
func figures(all prometheus.Registerer, f *Figures) {
	changes := map[string]*prometheus.GaugeVec{}
	for _, m := range metrics {
		o := prometheus.GaugeOpts{Namespace: "trailgauge", Name: m.prom, Help: m.help}
		if m.label == "" {
			g := prometheus.NewGauge(o)
			g.Set(m.value(f))
			all.MustRegister(g)
			continue
		}
		if changes[m.prom] == nil {
			changes[m.prom] = prometheus.NewGaugeVec(o, []string{"change"})
			all.MustRegister(changes[m.prom])
		}
		changes[m.prom].WithLabelValues(m.label).Set(m.value(f))
	}
}

// readKept returns what the file holds of the times that outlive a failed run.
func readKept(name, lake string) (map[string]float64, error) {
	kept := map[string]float64{}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(f)
	if err != nil {
		return kept, nil
	}
	for _, want := range []string{lastSuccess, decided} {
		for _, m := range families[want].GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "lake" && l.GetValue() == lake && m.GetGauge() != nil {
					kept[want] = m.GetGauge().GetValue()
				}
			}
		}
	}
	return kept, nil
}
