package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
)

// report.schema.json follows from the types and the comments behind their fields. fixtures/judge holds real reports against it with a validator of
// another making.
func TestSchema(t *testing.T) {
	s := schema{t: t, comments: comments(t, "*.go", "../insight/*.go", "../counts/*.go"), defs: object{}}
	top := s.structure(reflect.TypeFor[document](), "document")
	doc := append(object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "report.json of trailgauge"},
		{"description", fmt.Sprintf("What a run found, version %d. Members may be added without a new version; none is renamed, removed or comes to mean something else.", SchemaVersion)},
	}, top...)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(append(doc, member{"$defs", s.defs})); err != nil {
		t.Fatal(err)
	}
	const name = "report.schema.json"
	if *update {
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("%s (go test -update rewrites it):\n%s", name, d)
	}
}

// object is a JSON object whose members have an order.
type object []member

type member struct {
	name  string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for k, m := range o {
		fmt.Fprintf(&b, "%s%q:", []string{",", "{"}[min(1, max(0, 1-k))], m.name)
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(m.value); err != nil {
			return nil, err
		}
	}
	if len(o) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

type schema struct {
	t        *testing.T
	comments map[string]string // by "type.Field"; of a struct without a name by the path to it
	defs     object
}

// verdict is what insight.Verdict writes.
type verdict struct {
	Score  number  `json:"score"`            // -ln(false insights per series-day this strong): an alarm when it reaches the threshold
	LnP    number  `json:"lnP"`              // ln P(as many or more; of a silence as few or fewer) under the model, before the empirical null; of a novelty minus the count
	Window int     `json:"window"`           // minutes: 5, 15, 60, 180, 360, 720 or 1440
	End    int32   `json:"end"`              // the window's exclusive end, minutes since 00:00 UTC of the scored day
	Count  int64   `json:"count"`            // observed in the window
	Mean   number  `json:"mean"`             // expected in the window
	Size   number  `json:"size"`             // negative binomial size k: variance = mean + mean²/k; "+Inf" is Poisson
	Model  string  `json:"model,omitempty"`  // which model was the least surprised
	Cell   string  `json:"cell,omitempty"`   // cell of the empirical null
	Trials int64   `json:"trials,omitempty"` // of an error rate: calls in the window
	Rate   float64 `json:"rate,omitempty"`   // of an error rate: the expected share of errors
}

// number is a number or one of the strings "+Inf", "-Inf", "NaN".
type number float64

// of returns the schema of a type at a path.
func (s *schema) of(t reflect.Type, path string) object {
	switch t {
	case reflect.TypeFor[time.Time]():
		return object{{"type", "string"}, {"format", "date-time"}}
	case reflect.TypeFor[insight.Verdict]():
		t = reflect.TypeFor[verdict]()
	case reflect.TypeFor[number]():
		return object{{"type", []string{"number", "string"}}}
	}
	if t.Kind() != reflect.Pointer && t.Implements(reflect.TypeFor[json.Marshaler]()) {
		s.t.Errorf("%s writes its JSON itself: its schema is not known", path)
	}
	switch t.Kind() {
	case reflect.String:
		return object{{"type", "string"}}
	case reflect.Bool:
		return object{{"type", "boolean"}}
	case reflect.Float64:
		return object{{"type", "number"}}
	case reflect.Pointer:
		return s.of(t.Elem(), path)
	case reflect.Slice:
		return object{{"type", "array"}, {"items", s.of(t.Elem(), path)}}
	case reflect.Map:
		return object{{"type", "object"}, {"additionalProperties", s.of(t.Elem(), path)}}
	case reflect.Struct:
		if t.Name() == "" {
			return s.structure(t, path)
		}
		return s.named(t)
	}
	if k := t.Kind(); k < reflect.Int || k > reflect.Uint64 {
		s.t.Errorf("%s: no schema of %s", path, t)
	}
	if t.Implements(reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()) {
		return object{{"type", "string"}}
	}
	return object{{"type", "integer"}}
}

// named refers to the definition of a type, which it adds.
func (s *schema) named(t reflect.Type) object {
	name := strings.TrimSuffix(t.Name(), "JSON")
	ref := object{{"$ref", "#/$defs/" + name}}
	for _, d := range s.defs {
		if d.name == name {
			return ref
		}
	}
	at := len(s.defs)
	s.defs = append(s.defs, member{name, nil})
	s.defs[at].value = s.structure(t, t.Name())
	return ref
}

func (s *schema) structure(t reflect.Type, path string) object {
	properties, required := object{}, []string{}
	s.fields(t, path, &properties, &required)
	return object{{"type", "object"}, {"properties", properties}, {"required", required}}
}

func (s *schema) fields(t reflect.Type, path string, properties *object, required *[]string) {
	for k := range t.NumField() {
		f := t.Field(k)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			s.fields(f.Type, f.Type.Name(), properties, required)
			continue
		}
		if name == "" {
			s.t.Errorf("%s.%s has no name in JSON", path, f.Name)
		}
		at := path + "." + f.Name
		said := s.comments[at]
		if said == "" && !(f.Type.Kind() == reflect.Struct && f.Type.Name() == "") {
			s.t.Errorf("%s (%s): say behind it what it is, with its unit and what its absence means", at, name)
		}
		of := s.of(f.Type, at)
		if options == "" {
			*required = append(*required, name)
			if f.Type.Kind() == reflect.Pointer {
				of = object{{"anyOf", []object{of, {{"type", "null"}}}}}
			}
		}
		if name == "schemaVersion" {
			of = object{{"const", SchemaVersion}}
		}
		if said != "" {
			of = append(object{{"description", said}}, of...)
		}
		*properties = append(*properties, member{name, of})
	}
}

// comments returns what stands behind or above the fields of the structs in Go files.
func comments(t *testing.T, patterns ...string) map[string]string {
	out := map[string]string{}
	var walk func(path string, st *ast.StructType)
	walk = func(path string, st *ast.StructType) {
		for _, f := range st.Fields.List {
			for _, n := range f.Names {
				text := f.Comment.Text()
				if text == "" {
					text = f.Doc.Text()
				}
				out[path+"."+n.Name] = strings.Join(strings.Fields(text), " ")
				if inner, ok := f.Type.(*ast.StructType); ok {
					walk(path+"."+n.Name, inner)
				}
			}
		}
	}
	for _, p := range patterns {
		names, err := filepath.Glob(p)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %d files, %v", p, len(names), err)
		}
		for _, name := range names {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok {
					if st, ok := spec.Type.(*ast.StructType); ok {
						walk(spec.Name.Name, st)
					}
				}
				return true
			})
		}
	}
	return out
}
