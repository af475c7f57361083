package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

type object = map[string]any

// machine walks a definition in Amazon States Language as Step Functions would, as far as ours use it: JSONPath, no Retry. What it does not know
// ends the test.
type machine struct {
	*testing.T
	definition object
	task       func(parameters object) (any, *failure) // does what a state of type Task asks for
	path       []string                                // the states that were entered
	waited     float64                                 // seconds
}

// failure is an error by name, as Catch and the end of an execution see it.
type failure struct{ Error, Cause string }

func readMachine(t *testing.T, name string, task func(object) (any, *failure)) *machine {
	t.Helper()
	text, err := os.ReadFile("../../scripts/stepfunctions/" + name)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{T: t, task: task}
	if err := json.Unmarshal(text, &m.definition); err != nil {
		t.Fatal(err)
	}
	return m
}

// run walks a machine, or the processor of a map.
func (m *machine) run(machine object, input any) (any, *failure) {
	m.Helper()
	states := machine["States"].(object)
	for name := machine["StartAt"].(string); ; {
		s, ok := states[name].(object)
		if !ok {
			m.Fatalf("there is no state %q", name)
		}
		m.path = append(m.path, name)
		output, failed := m.state(name, s, input)
		if failed != nil {
			if name = m.catch(s, failed, &input); name == "" {
				return nil, failed
			}
			continue
		}
		switch input = output; {
		case s["Type"] == "Choice":
			name = m.choose(s, input)
		case s["Type"] == "Succeed" || s["End"] == true:
			return input, nil
		default:
			name = s["Next"].(string)
		}
	}
}

func (m *machine) state(name string, s object, input any) (any, *failure) {
	m.Helper()
	var result any
	switch s["Type"] {
	case "Choice", "Succeed":
		return input, nil
	case "Wait":
		m.waited += s["Seconds"].(float64)
		return input, nil
	case "Fail":
		return nil, &failure{s["Error"].(string), m.eval(s["CausePath"].(string), input, nil).(string)}
	case "Pass":
		if result = s["Result"]; result == nil {
			result = m.template(s["Parameters"], input, nil)
		}
	case "Task":
		var failed *failure
		if result, failed = m.task(m.template(s["Parameters"], input, nil).(object)); failed != nil {
			return nil, failed
		}
	case "Map":
		var results []any
		for _, item := range m.items(s, input) {
			result, failed := m.run(s["ItemProcessor"].(object), item)
			if failed != nil {
				return nil, failed
			}
			results = append(results, result)
		}
		result = results
	default:
		m.Fatalf("%s: a state of type %v", name, s["Type"])
	}
	if selector, ok := s["ResultSelector"]; ok {
		result = m.template(selector, result, nil)
	}
	result = placed(s, input, result)
	if at, ok := s["OutputPath"].(string); ok {
		result = m.eval(at, result, nil)
	}
	return result, nil
}

// placed puts a result where ResultPath says: in place of the input, into it, or nowhere.
func placed(s object, input, result any) any {
	at, given := s["ResultPath"]
	if !given {
		return result
	}
	if at == nil {
		return input
	}
	merged := maps.Clone(input.(object))
	merged[strings.TrimPrefix(at.(string), "$.")] = result
	return merged
}

// catch returns the state that a failure leads to, "" if to none. States.TaskFailed stands for every error but States.Timeout.
func (m *machine) catch(s object, f *failure, input *any) string {
	catchers, _ := s["Catch"].([]any)
	for _, c := range catchers {
		c := c.(object)
		for _, name := range c["ErrorEquals"].([]any) {
			if name == f.Error || name == "States.ALL" || name == "States.TaskFailed" && f.Error != "States.Timeout" {
				*input = placed(c, *input, object{"Error": f.Error, "Cause": f.Cause})
				return c["Next"].(string)
			}
		}
	}
	return ""
}

// items are those of a list in the input, or the batches of a file of JSON Lines.
func (m *machine) items(s object, input any) (items []any) {
	if path, ok := s["ItemsPath"].(string); ok {
		for _, value := range m.eval(path, input, nil).([]any) {
			if selector, ok := s["ItemSelector"]; ok {
				value = m.template(selector, input, value)
			}
			items = append(items, value)
		}
		return items
	}
	reader := s["ItemReader"].(object)
	if reader["ReaderConfig"].(object)["InputType"] != "JSONL" {
		m.Fatal("the plan's shards are JSON Lines")
	}
	text, err := os.ReadFile(m.eval("$.plan.items.url", input, nil).(string)) // the test's lake is a folder, which has no bucket and key
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
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = m.template(v[i], input, item)
		}
		return out
	case object:
		out := object{}
		for name, value := range v {
			if plain, isPath := strings.CutSuffix(name, ".$"); isPath {
				out[plain] = m.eval(value.(string), input, item)
			} else {
				out[name] = m.template(value, input, item)
			}
		}
		return out
	}
	return v
}

// eval follows a path, or calls an intrinsic function.
func (m *machine) eval(text string, input, item any) any {
	m.Helper()
	if text == "$$.Map.Item.Value" {
		return item
	}
	if name, rest, call := strings.Cut(text, "("); call && strings.HasPrefix(name, "States.") {
		return m.call(name, m.arguments(strings.TrimSuffix(rest, ")"), input))
	}
	v, ok := follow(text, input)
	if !ok {
		m.Fatalf("%s: there is nothing in %v", text, input)
	}
	return v
}

// follow returns what a path like $.task.Containers[0].ExitCode leads to.
func follow(path string, v any) (any, bool) {
	for _, name := range strings.Split(strings.ReplaceAll(path, "[0]", ".0"), ".")[1:] {
		switch at := v.(type) {
		case object:
			next, ok := at[name]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			if name != "0" || len(at) == 0 {
				return nil, false
			}
			v = at[0]
		default:
			return nil, false
		}
	}
	return v, true
}

// arguments are those of an intrinsic function: texts in apostrophes, numbers, paths and calls.
func (m *machine) arguments(text string, input any) (out []any) {
	m.Helper()
	depth, quoted, from := 0, false, 0
	for i, r := range text + "," {
		switch {
		case r == '\'':
			quoted = !quoted
		case quoted:
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			arg := strings.TrimSpace(text[from:i])
			from = i + 1
			var number float64
			if literal, ok := strings.CutPrefix(arg, "'"); ok {
				out = append(out, strings.TrimSuffix(literal, "'"))
			} else if json.Unmarshal([]byte(arg), &number) == nil {
				out = append(out, number)
			} else {
				out = append(out, m.eval(arg, input, nil))
			}
		}
	}
	return out
}

func (m *machine) call(name string, args []any) any {
	m.Helper()
	switch name {
	case "States.StringToJson":
		var v any
		if err := json.Unmarshal([]byte(args[0].(string)), &v); err != nil {
			m.Fatal(err)
		}
		return v
	case "States.JsonToString":
		text, _ := json.Marshal(args[0])
		return string(text)
	case "States.StringSplit":
		return strings.Split(args[0].(string), args[1].(string))
	case "States.MathAdd":
		return args[0].(float64) + args[1].(float64)
	case "States.Format":
		return fmt.Sprintf(strings.ReplaceAll(args[0].(string), "{}", "%v"), args[1:]...)
	}
	m.Fatalf("there is no function %s here", name)
	return nil
}

func (m *machine) choose(s object, input any) string {
	m.Helper()
	for _, c := range s["Choices"].([]any) {
		c := c.(object)
		value, present := follow(c["Variable"].(string), input)
		for op, want := range c {
			if op != "Variable" && op != "Next" && m.holds(op, value, want, present) {
				return c["Next"].(string)
			}
		}
	}
	return s["Default"].(string)
}

// holds compares as a choice rule does. One that compares what is not there fails an execution, but for IsPresent.
func (m *machine) holds(op string, value, want any, present bool) bool {
	m.Helper()
	if op != "IsPresent" && !present {
		m.Fatalf("%s %v of what is not there", op, want)
	}
	switch op {
	case "IsPresent":
		return present == want
	case "NumericEquals", "BooleanEquals":
		return value == want
	case "NumericGreaterThan":
		return value.(float64) > want.(float64)
	case "NumericLessThan":
		return value.(float64) < want.(float64)
	case "StringMatches":
		before, after, _ := strings.Cut(want.(string), "*")
		return strings.HasPrefix(value.(string), before) && strings.HasSuffix(value.(string), after)
	}
	m.Fatalf("there is no comparison %s here", op)
	return false
}
