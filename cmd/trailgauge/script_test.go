package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/rogpeppe/go-internal/testscript"

	"trailgauge/fixtures"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"trailgauge": main})
}

// TestScript runs testdata/script: what a person types, and what comes of it. Each trailgauge there is a process of its own, this binary
// under another name. Besides testscript's own commands there are
//
//	status N trailgauge …    run it, and want exit status N
//	trail DIR [SEED]         generate a trail of two days before 2026-11-01, a few hundred records
//	pack SRC DST             gzip SRC into DST, whose name may hold escapes of Go strings
//	onejson stdout           one JSON object and nothing else
//	tame stdout|stderr       no control character but line ends
//	missing PATH             no file and no folder of that name
//	insight LAKE NAME        set $NAME to the id of the newest report's first insight
//	samefiles A B            two lakes hold the same files, but for the places they name
//	explain LAKE             every insight of the newest report is explained, as text and as JSON
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			e.Setenv("AWS_CONFIG_FILE", os.DevNull)
			e.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "trail": smallTrail, "pack": packFile, "onejson": oneJSON, "tame": tame, "missing": missing, "explain": explainAll, "samefiles": sameFiles, "insight": firstInsight,
		},
	})
}

func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command …")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d\n%s%s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

func smallTrail(ts *testscript.TestScript, _ bool, args []string) {
	seed := uint64(1)
	if len(args) > 1 {
		var err error
		seed, err = strconv.ParseUint(args[1], 10, 64)
		ts.Check(err)
	}
	ts.Check(writeTrail(ts.MkAbs(args[0]), seed))
}

// writeTrail makes up a trail of two days.
func writeTrail(dir string, seed uint64) error {
	c := fixtures.Default()
	c.Seed, c.Days, c.Accounts, c.Regions, c.EventsPerDay, c.Anomalies, c.LateShare = seed, 2, 1, 1, 200, false, 0
	_, err := fixtures.Write(context.Background(), c, func(key string, body []byte) error {
		return writeFile(filepath.Join(dir, filepath.FromSlash(key)), body)
	})
	return err
}

func packFile(ts *testscript.TestScript, _ bool, args []string) {
	name, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err = io.WriteString(z, ts.ReadFile(args[0]))
	ts.Check(errors.Join(err, z.Close(), writeFile(ts.MkAbs(name), b.Bytes())))
}

func oneJSON(ts *testscript.TestScript, _ bool, args []string) {
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		ts.Fatalf("%s holds no JSON object: %v", args[0], err)
	}
	if _, err := d.Token(); err != io.EOF {
		ts.Fatalf("%s holds more than one JSON object", args[0])
	}
}

func tame(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	at := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == '\u202e' })
	if (at >= 0) != neg {
		ts.Fatalf("%s: control character at byte %d", args[0], at)
	}
}

func missing(ts *testscript.TestScript, _ bool, args []string) {
	if _, err := os.Lstat(ts.MkAbs(args[0])); !errors.Is(err, os.ErrNotExist) {
		ts.Fatalf("%s is there (%v)", args[0], err)
	}
}

func firstInsight(ts *testscript.TestScript, _ bool, args []string) {
	var r struct{ Insights []struct{ ID string } }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(args[0], "reports", "latest", "report.json"))), &r))
	if len(r.Insights) == 0 {
		ts.Fatalf("no insights in %s", args[0])
	}
	ts.Setenv(args[1], r.Insights[0].ID)
}

func explainAll(ts *testscript.TestScript, _ bool, args []string) {
	var r struct {
		Insights []struct{ ID, SQL string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(filepath.Join(args[0], "reports", "latest", "report.json"))), &r))
	if len(r.Insights) == 0 {
		ts.Fatalf("no insights to explain in %s", args[0])
	}
	for _, i := range r.Insights {
		status(ts, false, []string{"0", "trailgauge", "explain", "--lake", args[0], i.ID})
		tame(ts, false, []string{"stdout"})
		text := ts.ReadFile("stdout")
		for _, want := range []string{"id " + i.ID, "The verdict that opened it", "  threshold  -ln(", "  ln p       -", "window  model", strings.Join(strings.Split(i.SQL, "\n"), "\n  ")} {
			if !strings.Contains(text, want) {
				ts.Fatalf("explaining %s does not say %q:\n%s", i.ID, want, text)
			}
		}
		status(ts, false, []string{"0", "trailgauge", "explain", "--lake", args[0], i.ID, "--json"})
		oneJSON(ts, false, []string{"stdout"})
	}
}

func sameFiles(ts *testscript.TestScript, _ bool, args []string) {
	read := func(root string) map[string]string {
		root = ts.MkAbs(root)
		files := map[string]string{}
		ts.Check(filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			body, err := os.ReadFile(name)
			rel, _ := filepath.Rel(root, name)
			files[rel] = strings.ReplaceAll(string(body), root, "LAKE")
			return err
		}))
		return files
	}
	if diff := cmp.Diff(read(args[0]), read(args[1])); diff != "" {
		ts.Fatalf("%s and %s differ:\n%s", args[0], args[1], diff)
	}
}

// call runs the command within the test.
func call(ctx context.Context, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = Main(ctx, args, &out, &errs)
	return status, out.String(), errs.String()
}

// afterwards bounds what waits for another process.
const afterwards = 20 * time.Second
