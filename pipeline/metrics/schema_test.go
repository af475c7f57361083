package metrics

import (
	"flag"
	"reflect"
	"testing"

	"trailgauge/fixtures/schema"
)

var update = flag.Bool("update", false, "rewrite the schema")

func TestSchema(t *testing.T) {
	schema.Check(t, "summary.schema.json", schema.Document{
		Title: "the summary of a run of trailgauge", What: "What --summary writes", Version: SchemaVersion, Type: reflect.TypeFor[Summary](), Sources: []string{"*.go"},
	}, *update)
}
