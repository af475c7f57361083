package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestREADME runs the README's session and compares what it prints with what the README says it prints. A line "…" stands for any lines, and
// "…" within a line for anything.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "```console\n")
	session, _, end := strings.Cut(rest, "```")
	if !ok || !end {
		t.Fatal("README.md has no session")
	}
	t.Chdir(t.TempDir())
	for _, command := range strings.Split(session, "$ trailgauge ")[1:] {
		line, want, _ := strings.Cut(command, "\n")
		for strings.HasSuffix(line, "\\") { // goes on in the next line
			var more string
			more, want, _ = strings.Cut(want, "\n")
			line = strings.TrimSuffix(line, "\\") + more
		}
		var out, errs bytes.Buffer
		if status := Main(context.Background(), strings.Fields(line), &out, &errs); status != 0 {
			t.Fatalf("trailgauge %s: status %d\n%s", line, status, errs.String())
		}
		if !matches(want, out.String()) {
			t.Errorf("trailgauge %s\nprints\n%s\nand the README says\n%s", line, out.String(), want)
		}
	}
}

// TestREADMEConfiguration reads the README's configuration file as run does.
func TestREADMEConfiguration(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	name := filepath.Join(t.TempDir(), "trailgauge.yaml")
	if err := os.WriteFile(name, []byte(example), 0o666); err != nil {
		t.Fatal(err)
	}
	c, err := bucketFlags{}.readConfig(t.Context(), &terminal{err: io.Discard}, name)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Suppress) != 1 || *c.Suppress[0].Ceiling != 500 || c.Suppress[0].Expires != "2027-03-31" || len(c.Accounts) != 1 {
		t.Errorf("read as %+v", c)
	}
}

func matches(want, got string) bool {
	parts := strings.Split(strings.TrimRight(want, "\n"), "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*?") + `\s*$`).MatchString(got)
}
