package metrics

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// node is what of a JSON schema is compared.
type node struct {
	Type       any             `json:"type"`
	Format     string          `json:"format,omitempty"`
	Properties map[string]node `json:"properties,omitempty"`
	Items      *node           `json:"items,omitempty"`
	Required   []string        `json:"required,omitempty"`
	Const      any             `json:"const,omitempty"`
}

// TestSchema compares summary.schema.json, which people read and validators use, with the types.
func TestSchema(t *testing.T) {
	text, err := os.ReadFile("summary.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var got node
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := nodeOf(t, reflect.TypeFor[Summary]())
	version := want.Properties["schemaVersion"]
	version.Const = float64(SchemaVersion)
	want.Properties["schemaVersion"] = version
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the types and the schema (+) differ: %s", diff)
	}
}

func nodeOf(t *testing.T, of reflect.Type) (n node) {
	switch {
	case of == reflect.TypeFor[time.Time]():
		return node{Type: "string", Format: "date-time"}
	case of.Kind() == reflect.Pointer:
		n = nodeOf(t, of.Elem())
		n.Type = []any{n.Type, "null"}
	case of.Kind() == reflect.Slice:
		items := nodeOf(t, of.Elem())
		n = node{Type: "array", Items: &items}
	case of.Kind() == reflect.Struct:
		n = node{Type: "object", Properties: map[string]node{}}
		for i := range of.NumField() {
			name, option, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			n.Properties[name] = nodeOf(t, of.Field(i).Type)
			if option == "" {
				n.Required = append(n.Required, name)
			}
		}
		if slices.Contains(slices.Collect(maps.Keys(n.Properties)), "") {
			t.Errorf("%s has a field without a name in JSON", of)
		}
	case of.Kind() == reflect.String:
		n.Type = "string"
	case of.Kind() == reflect.Float64:
		n.Type = "number"
	default:
		n.Type = "integer"
	}
	return n
}
