package sink

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// model is AWS's published model of a service, cut to what is used; testdata/models says whence. It proves the shape of a request, not that AWS takes it: what
// no model has (bytes, lengths in words, rates) is asserted by hand, and that accounts and policies fit, trailgauge deliver --test shows.
type model struct {
	Operations map[string]struct {
		HTTP  struct{ Method, RequestURI string }
		Input ref
	}
	Shapes map[string]*shape
}

type ref struct{ Shape, LocationName string }

type shape struct {
	Type       string
	Required   []string
	Members    map[string]ref
	Member     ref
	Key, Value ref
	Enum       []string
	Max, Min   *float64
	Pattern    string
}

func loadModel(t *testing.T, service string) *model {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "models", service+".json"))
	if err != nil {
		t.Fatal(err)
	}
	m := new(model)
	if err := json.Unmarshal(body, m); err != nil {
		t.Fatal(err)
	}
	return m
}

// unicodes are characters in a pattern, as the models write them.
var unicodes = regexp.MustCompile(`\\u([0-9A-Fa-f]{4,6})`)

// check says what is wrong with a value of JSON that is to be of a shape. Structures are strict: a member that the model has not is wrong.
func (m *model) check(at, name string, v any) (wrong []string) {
	s := m.Shapes[name]
	bad := func(format string, args ...any) { wrong = append(wrong, at+": "+fmt.Sprintf(format, args...)) }
	if s == nil {
		return []string{at + ": the model has no shape " + name}
	}
	between := func(n float64, what string) {
		if s.Max != nil && n > *s.Max || s.Min != nil && n < *s.Min {
			bad("%v %s, not within %v and %v", n, what, deref(s.Min), deref(s.Max))
		}
	}
	switch s.Type {
	case "structure":
		fields, ok := v.(map[string]any)
		if !ok {
			return []string{at + ": no structure"}
		}
		for _, r := range s.Required {
			if _, ok := fields[r]; !ok {
				bad("%s is missing", r)
			}
		}
		for k, f := range fields {
			member, ok := s.Members[k]
			if !ok {
				bad("%s is no member of %s", k, name)
				continue
			}
			wrong = append(wrong, m.check(at+"."+k, member.Shape, f)...)
		}
	case "list":
		list, ok := v.([]any)
		if !ok {
			return []string{at + ": no list"}
		}
		between(float64(len(list)), "items")
		for k, f := range list {
			wrong = append(wrong, m.check(fmt.Sprintf("%s[%d]", at, k), s.Member.Shape, f)...)
		}
	case "map":
		fields, ok := v.(map[string]any)
		if !ok {
			return []string{at + ": no map"}
		}
		between(float64(len(fields)), "items")
		for k, f := range fields {
			wrong = append(wrong, m.check(at+" key "+k, s.Key.Shape, k)...)
			wrong = append(wrong, m.check(at+"."+k, s.Value.Shape, f)...)
		}
	case "string":
		text, ok := v.(string)
		if !ok {
			return []string{at + ": no string"}
		}
		between(float64(utf8.RuneCountInString(text)), "characters")
		if s.Enum != nil && !slices.Contains(s.Enum, text) {
			bad("%q is none of %v", text, s.Enum)
		}
		if s.Pattern != "" && !regexp.MustCompile(unicodes.ReplaceAllString(s.Pattern, `\x{$1}`)).MatchString(text) {
			bad("%q does not match %s", text, s.Pattern)
		}
	case "timestamp":
		switch x := v.(type) {
		case float64:
		case string:
			if _, err := time.Parse(time.RFC3339, x); err != nil {
				bad("%q is no time", x)
			}
		default:
			bad("no time")
		}
	case "integer", "long", "double", "float":
		if text, ok := v.(string); ok { // of a form
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				bad("%q is no number", text)
			}
			v = n
		}
		n, ok := v.(float64)
		if !ok {
			return []string{at + ": no number"}
		}
		between(n, "")
	case "boolean":
		if _, ok := v.(bool); !ok {
			bad("no boolean")
		}
	default:
		bad("shape %s is a %s", name, s.Type)
	}
	return wrong
}

func deref(p *float64) any {
	if p == nil {
		return "any"
	}
	return *p
}

// unfold makes a form of the Query protocol ("Entries.member.1.Id=…") a value of a shape, as JSON would have it.
func (m *model) unfold(t *testing.T, form url.Values, prefix, name string) any {
	t.Helper()
	s := m.Shapes[name]
	has := func(p string) bool {
		for k := range form {
			if k == p || strings.HasPrefix(k, p+".") {
				return true
			}
		}
		return false
	}
	switch s.Type {
	case "structure":
		out := map[string]any{}
		for k, r := range s.Members {
			if p := strings.TrimPrefix(prefix+"."+k, "."); has(p) {
				out[k] = m.unfold(t, form, p, r.Shape)
			}
		}
		return out
	case "list":
		out := []any{}
		for n := 1; has(fmt.Sprintf("%s.member.%d", prefix, n)); n++ {
			out = append(out, m.unfold(t, form, fmt.Sprintf("%s.member.%d", prefix, n), s.Member.Shape))
		}
		return out
	case "map":
		out := map[string]any{}
		for n := 1; has(fmt.Sprintf("%s.entry.%d", prefix, n)); n++ {
			p := fmt.Sprintf("%s.entry.%d.", prefix, n)
			out[form.Get(p+s.Key.LocationName)] = m.unfold(t, form, p+s.Value.LocationName, s.Value.Shape)
		}
		return out
	}
	value := form.Get(prefix)
	form.Del(prefix)
	return value
}

// TestModelsFindFaults shows that the checks are able to fail.
func TestModelsFindFaults(t *testing.T) {
	m := loadModel(t, "events")
	entry := func() map[string]any { return map[string]any{"Source": "a", "DetailType": "b", "Detail": "{}"} }
	many := make([]any, 11)
	for k := range many {
		many[k] = entry()
	}
	for name, v := range map[string]any{
		"11 items, not within": map[string]any{"Entries": many}, "0 items": map[string]any{"Entries": []any{}}, "Entries is missing": map[string]any{},
		"Sauce is no member": map[string]any{"Entries": []any{map[string]any{"Sauce": "a"}}}, "no string": map[string]any{"Entries": []any{map[string]any{"Source": 1.0}}},
	} {
		if got := strings.Join(m.check("", "PutEventsRequest", v), "; "); !strings.Contains(got, name) {
			t.Errorf("want %q, got %q", name, got)
		}
	}
	hub := loadModel(t, "securityhub")
	if got := hub.check("", "Severity", map[string]any{"Label": "NOPE"}); len(got) != 1 {
		t.Errorf("severity NOPE: %v", got)
	}
}
