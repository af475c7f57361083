package pipeline

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport is the architecture: which packages of ours each one may use. Data flows one way, so the arrows do too.
var mayImport = map[string][]string{
	"models":                   {},
	"baseline":                 {"pipeline/counts", "pipeline/trail"},
	"pipeline/trail":           {},
	"pipeline/decode":          {"pipeline/trail"},
	"pipeline/store":           {},
	"pipeline/counts":          {"pipeline/trail"},
	"pipeline/lake":            {"pipeline/trail", "pipeline/counts", "pipeline/store"},
	"pipeline/insight":         {"pipeline/trail", "pipeline/counts", "baseline", "models"},
	"pipeline/series":          {"pipeline/trail", "pipeline/counts", "pipeline/store", "pipeline/lake"},
	"pipeline/report":          {"pipeline/insight", "pipeline/trail"},
	"pipeline/eventhistory":    {"pipeline/store"},
	"pipeline/metrics":         {"pipeline/report"},
	"pipeline/sink":            {"pipeline/insight", "pipeline/store", "pipeline/trail", "pipeline/counts"},
	"pipeline/digest":          {"pipeline/trail", "pipeline/decode", "pipeline/store"},
	"pipeline":                 {"pipeline/*", "baseline", "models"},
	"fixtures":                 {"pipeline/trail", "pipeline/counts"},
	"fixtures/publicdata":      {},
	"fixtures/schema":          {},
	"fixtures/oracle":          {}, // judges baseline from its tests
	"fixtures/quality":         {"pipeline/trail", "pipeline/counts", "pipeline/insight", "baseline", "models", "fixtures/oracle"},
	"cmd/trailgauge":           {"pipeline", "pipeline/*", "fixtures"},
	"pipeline/store/storetest": {"pipeline/store"},
	"scripts/bench":            {}, // measures from outside
	"scripts/benchlake":        {},
	"scripts/benchsteps":       {"pipeline", "pipeline/store"},
}

// pure are the packages without input, output, clock or logger.
var pure = []string{"baseline", "models", "pipeline/counts", "pipeline/trail", "pipeline/insight"}

// impure is what a pure package must not import.
var impure = []string{"os", "io/fs", "net", "net/http", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand"}

// aws may only be imported where buckets and services are spoken to.
var aws = []string{"pipeline/store", "pipeline/sink", "cmd/trailgauge"}

func TestImports(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "trailgauge/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for dec.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, "trailgauge/")
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("%s is in no room of the plan: add it to mayImport on purpose, or put its code where it belongs", name)
		}
		for _, i := range p.Imports {
			ours, isOurs := strings.CutPrefix(i, "trailgauge/")
			switch {
			case isOurs && !slices.Contains(allowed, ours) && !(slices.Contains(allowed, "pipeline/*") && strings.HasPrefix(ours, "pipeline/")):
				t.Errorf("%s imports %s: the arrows of the plan point the other way", name, ours)
			case slices.Contains(pure, name) && slices.Contains(impure, i):
				t.Errorf("%s imports %s: it is to be pure", name, i)
			case strings.HasPrefix(i, "github.com/aws/") && !slices.Contains(aws, name):
				t.Errorf("%s imports %s: AWS is spoken to in %v alone", name, i, aws)
			}
		}
	}
}
