package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline"
	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/sink"
)

// page returns configuration.md, the example in it and the file of accounts that the example names.
func page(t *testing.T) (text, example, accounts string) {
	t.Helper()
	body, err := os.ReadFile("configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(of string) string {
		_, rest, _ := strings.Cut(string(body), "```"+of+"\n")
		inside, _, found := strings.Cut(rest, "```")
		if !found {
			t.Fatalf("there is no block of %s", of)
		}
		return inside
	}
	return string(body), block("yaml"), block("csv")
}

// settingsOf gathers the keys of settings, as the page names them: a.b, a[].b, and a.*.b below a map. With values it is those alone that are set in them.
func settingsOf(of reflect.Type, values []reflect.Value, prefix string, into map[string]bool) {
	all := len(values) == 0
	for k := range of.NumField() {
		f := of.Field(k)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		var set []reflect.Value
		for _, v := range values {
			if v := v.Field(k); !v.IsZero() {
				set = append(set, v)
			}
		}
		if !all && len(set) == 0 {
			continue
		}
		key, below := prefix+name, f.Type
		if option == "inline" {
			settingsOf(below, set, prefix, into)
			continue
		}
		into[key] = true
		var inner []reflect.Value
		switch below.Kind() {
		case reflect.Slice:
			key += "[]."
			for _, v := range set {
				for i := range v.Len() {
					inner = append(inner, v.Index(i))
				}
			}
		case reflect.Map:
			key += ".*."
			for _, v := range set {
				inner = slices.AppendSeq(inner, maps.Values(maps.Collect(v.Seq2())))
			}
		default:
			continue
		}
		if below.Elem().Kind() == reflect.Struct {
			settingsOf(below.Elem(), inner, key, into)
		}
	}
}

var (
	keyRow  = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|(.*)\\|$")
	allOfIt = reflect.TypeFor[settings]()
)

// TestConfigurationPage: the page tells of every setting there is and of no other, each with what it takes and its default.
func TestConfigurationPage(t *testing.T) {
	text, _, _ := page(t)
	want := map[string]bool{}
	settingsOf(allOfIt, nil, "", want)
	got := map[string][]string{}
	for _, m := range keyRow.FindAllStringSubmatch(text, -1) {
		var cells []string
		for c := range strings.SplitSeq(m[2], "|") {
			cells = append(cells, strings.TrimSpace(c))
		}
		if got[m[1]] != nil || len(cells) != 3 || slices.Contains(cells, "") {
			t.Errorf("%s: want one row, with its meaning, values and default", m[1])
			continue
		}
		got[m[1]] = cells
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Fatalf("settings that there are (-) and that the page has (+):\n%s", diff)
	}
	if want := fmt.Sprint(pipeline.DefaultConfig().FalseInsightsPerDay); got["false_insights_per_day"][2] != want {
		t.Errorf("the budget is %s by default", want)
	}
	var kinds []string
	for k := insight.CallRate; k <= insight.Novelty; k++ {
		kinds = append(kinds, k.String())
	}
	if diff := cmp.Diff(kinds, strings.Split(got["suppress[].kind"][1], ", ")); diff != "" {
		t.Errorf("kinds: %s", diff)
	}
	for kind := range strings.SplitSeq(got["sinks[].type"][1], ", ") {
		if err := (&sink.Config{Type: kind}).Validate(); err == nil || strings.HasPrefix(err.Error(), "type") {
			t.Errorf("%s is no type of a sink: %v", kind, err)
		}
	}
}

// TestConfigurationExample: the page's example is read without a word, and sets every setting.
func TestConfigurationExample(t *testing.T) {
	_, example, accounts := page(t)
	dir := t.TempDir()
	name := filepath.Join(dir, "trailgauge.yaml")
	for file, body := range map[string]string{name: example, filepath.Join(dir, "accounts.csv"): accounts} {
		if err := writeFile(file, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	c, err := bucketFlags{}.readConfig(t.Context(), &terminal{err: &said}, name)
	if err != nil || said.Len() > 0 {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if err := c.apart("s3://acme-lake/trailgauge", c.Trails); err != nil {
		t.Error(err)
	}
	all, set := map[string]bool{}, map[string]bool{}
	settingsOf(allOfIt, nil, "", all)
	settingsOf(allOfIt, []reflect.Value{reflect.ValueOf(*c)}, "", set)
	if diff := cmp.Diff(all, set); diff != "" {
		t.Errorf("settings that there are (-) and that the example sets (+):\n%s", diff)
	}
	want := map[string]pipeline.AccountConfig{
		"111122223333": {Name: "shop", Owner: "anna@example.com", TimeZone: "Europe/London"},
		"444455556666": {Name: "bank", Owner: "ben@example.com", TimeZone: "America/New_York"},
	}
	if diff := cmp.Diff(want, c.Accounts); diff != "" {
		t.Error(diff)
	}
}
