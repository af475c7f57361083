package report

import (
	"reflect"
	"testing"

	"trailgauge/fixtures/schema"
	"trailgauge/pipeline/insight"
)

// fixtures/judge holds real reports against the schema with a validator of another making.
func TestSchema(t *testing.T) {
	schema.Check(t, "report.schema.json", schema.Document{
		Title: "report.json of trailgauge", What: "What a run found", Version: SchemaVersion, Type: reflect.TypeFor[document](),
		Sources: []string{"*.go", "../insight/*.go", "../counts/*.go"},
		As:      map[reflect.Type]reflect.Type{reflect.TypeFor[insight.Verdict](): reflect.TypeFor[verdict]()},
	}, *update)
}

// verdict is what insight.Verdict writes.
type verdict struct {
	Score  schema.Number `json:"score"`            // -ln(false insights per series-day this strong): an alarm when it reaches the threshold
	LnP    schema.Number `json:"lnP"`              // ln P(as many or more; of a silence as few or fewer) under the model, before the empirical null; of a novelty minus the count
	Window int           `json:"window"`           // minutes: 5, 15, 60, 180, 360, 720 or 1440
	End    int32         `json:"end"`              // the window's exclusive end, minutes since 00:00 UTC of the scored day
	Count  int64         `json:"count"`            // observed in the window
	Mean   schema.Number `json:"mean"`             // expected in the window
	Size   schema.Number `json:"size"`             // negative binomial size k: variance = mean + mean²/k; "+Inf" is Poisson
	Model  string        `json:"model,omitempty"`  // which model was the least surprised
	Cell   string        `json:"cell,omitempty"`   // cell of the empirical null
	Trials int64         `json:"trials,omitempty"` // of an error rate: calls in the window
	Rate   float64       `json:"rate,omitempty"`   // of an error rate: the expected share of errors
}
