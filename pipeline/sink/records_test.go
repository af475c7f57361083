package sink

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trailgauge/pipeline/insight"
)

// TestRecords writes what Events has, where AWS would, and nothing of what AWS has no record for.
func TestRecords(t *testing.T) {
	dir := t.TempDir()
	silence := worked()
	silence.Kind, silence.ID = insight.Silence, "0f6c1b7a-2f5c-5d0e-8a11-000000000001"
	list := []Message{about(worked(), Start), about(worked(), End), about(silence, Start)}
	if taken, refused, _, _, reason := sendAll(t, open(t, Config{Type: "insight-events", To: dir}), list); len(taken) != 3 {
		t.Fatal(refused, reason)
	}
	want, got := map[string]string{}, map[string]string{}
	for _, f := range Events(worked()) {
		want[f.Key] = string(f.Body)
	}
	for _, name := range files(t, dir) {
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got["insight-events/"+name] = string(body)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// A place that cannot be written to.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Config{Type: "insight-events", Name: "x", To: dir}, nil)
	if err == nil {
		_, _, left, _, reason := sendAll(t, s, list)
		err = reason
		if left != 2 { // of the silence there is nothing to write
			t.Errorf("%d left", left)
		}
	}
	if err == nil {
		t.Error("writing into a file succeeded")
	}
}
