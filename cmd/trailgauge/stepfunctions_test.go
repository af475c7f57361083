package main

import (
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trailgauge/fixtures"
)

// TestStateMachine walks scripts/stepfunctions/lambda.asl.json as Step Functions would, as far as the definition uses its language, and hands every
// task's payload to the handler. What comes of it is a run's lake. It proves the data flow from state to state, not that AWS accepts the definition.
func TestStateMachine(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "scripts", "stepfunctions", "lambda.asl.json"))
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{T: t}
	if err := json.Unmarshal(text, &m.definition); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := fixtures.Default()
	c.Seed, c.Days, c.Accounts, c.Regions, c.EventsPerDay, c.Anomalies, c.LateShare = 1, 2, 1, 1, 200, false, 0
	if _, err := fixtures.Write(t.Context(), c, func(key string, body []byte) error {
		return writeFile(filepath.Join(dir, "trail", filepath.FromSlash(key)), body)
	}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TRAILGAUGE_TRAIL", filepath.Join(dir, "trail"))
	t.Setenv("TRAILGAUGE_LAKE", filepath.Join(dir, "lake"))
	for round, want := range []string{
		"Plan, Anything to do, Scan, Scan shards, All of them, Scanned, Merge, " +
			"Fit, Fit accounts, Score, Score accounts, Decide, All days, Fit, Fit accounts, Score, Score accounts, Decide, All days, Deliver, Report",
		"Plan, Anything to do, Nothing new",
	} {
		m.path = nil
		out := m.run(m.definition, map[string]any{})
		if got := strings.Join(slices.Compact(m.path), ", "); got != want {
			t.Errorf("round %d: %s", round, got)
		}
		if round == 0 && out.(map[string]any)["commit"] != 2. {
			t.Errorf("the execution's output: %v", out)
		}
	}
}

type object = map[string]any

type machine struct {
	*testing.T
	definition object
	path       []string
}

// run walks a machine, or the processor of a map.
func (m *machine) run(machine object, input any) any {
	m.Helper()
	states := machine["States"].(object)
	for name := machine["StartAt"].(string); ; {
		s, ok := states[name].(object)
		if !ok {
			m.Fatalf("there is no state %q", name)
		}
		m.path = append(m.path, name)
		input = m.state(name, s, input)
		switch {
		case s["Type"] == "Choice":
			name = m.choose(s, input)
		case s["Type"] == "Succeed" || s["End"] == true:
			return input
		default:
			name = s["Next"].(string)
		}
	}
}

func (m *machine) state(name string, s object, input any) any {
	var result any
	switch s["Type"] {
	case "Choice", "Succeed":
		return input
	case "Pass":
		result = s["Result"]
	case "Task":
		parameters := m.template(s["Parameters"], input, nil).(object)
		request := parameters["Payload"].(object)
		if request["step"] == "plan" { // the test's clock
			request["asOf"], request["scoreFrom"] = "2026-11-01", "2026-10-30"
		}
		text, _ := json.Marshal(request)
		answer, err := handle(m.Context(), text, io.Discard)
		m.Logf("%s: %s: %s %v", name, text, answer, err)
		if err != nil {
			m.Fatal(err)
		}
		var payload any
		if err := json.Unmarshal(answer, &payload); err != nil {
			m.Fatal(err)
		}
		result = object{"Payload": payload, "StatusCode": 200.}
	case "Map":
		var results []any
		for _, item := range m.items(s, input) {
			results = append(results, m.run(s["ItemProcessor"].(object), item))
		}
		result = results
	default:
		m.Fatalf("%s: a state of type %v", name, s["Type"])
	}
	if selector, ok := s["ResultSelector"]; ok {
		result = m.template(selector, result, nil)
	}
	switch at, given := s["ResultPath"]; {
	case given && at == nil:
		result = input
	case given:
		merged := maps.Clone(input.(object))
		merged[strings.TrimPrefix(at.(string), "$.")] = result
		result = merged
	}
	if at, ok := s["OutputPath"].(string); ok {
		result = m.at(at, result)
	}
	return result
}

// items are those of a list in the input, or the batches of a file of JSON Lines.
func (m *machine) items(s object, input any) (items []any) {
	if path, ok := s["ItemsPath"].(string); ok {
		for _, value := range m.at(path, input).([]any) {
			items = append(items, m.template(s["ItemSelector"], input, value))
		}
		return items
	}
	reader := s["ItemReader"].(object)
	if reader["ReaderConfig"].(object)["InputType"] != "JSONL" {
		m.Fatal("the plan's shards are JSON Lines")
	}
	text, err := os.ReadFile(m.at("$.plan.items.url", input).(string)) // the test's lake is a folder, which has no bucket and key
	if err != nil {
		m.Fatal(err)
	}
	var batch []any
	for line := range strings.Lines(string(text)) {
		var item any
		if err := json.Unmarshal([]byte(line), &item); err != nil {
			m.Fatal(err)
		}
		batch = append(batch, item)
	}
	for batch := range slices.Chunk(batch, int(s["ItemBatcher"].(object)["MaxItemsPerBatch"].(float64))) {
		items = append(items, object{"Items": batch})
	}
	return items
}

// template fills in the members whose names end in ".$".
func (m *machine) template(v, input, item any) any {
	o, ok := v.(object)
	if !ok {
		return v
	}
	out := object{}
	for name, value := range o {
		plain, isPath := strings.CutSuffix(name, ".$")
		switch {
		case isPath && value == "$$.Map.Item.Value":
			out[plain] = item
		case isPath:
			out[plain] = m.at(value.(string), input)
		default:
			out[name] = m.template(value, input, item)
		}
	}
	return out
}

// at follows a path like $.plan.run.
func (m *machine) at(path string, v any) any {
	m.Helper()
	for _, name := range strings.Split(path, ".")[1:] {
		o, _ := v.(object)
		next, ok := o[name]
		if !ok {
			m.Fatalf("%s: there is no %s in %v", path, name, v)
		}
		v = next
	}
	return v
}

func (m *machine) choose(s object, input any) string {
	for _, c := range s["Choices"].([]any) {
		c := c.(object)
		value := m.at(c["Variable"].(string), input)
		for op, want := range c {
			hit := false
			switch op {
			case "Variable", "Next":
				continue
			case "NumericEquals", "BooleanEquals":
				hit = value == want
			case "NumericGreaterThan":
				hit = value.(float64) > want.(float64)
			default:
				m.Fatalf("comparison %s", op)
			}
			if hit {
				return c["Next"].(string)
			}
		}
	}
	return s["Default"].(string)
}
