package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trailgauge/pipeline/store"
)

func TestOpen(t *testing.T) {
	environment(t)
	dir := t.TempDir()
	for name, want := range map[string]string{ // URL of the key "k"
		dir:                          filepath.Join(dir, "k"),
		dir + "/sub/../x/":           filepath.Join(dir, "x/k"),
		"s3://trail":                 "s3://trail/k",
		"s3://trail/":                "s3://trail/k",
		"s3://trail/AWSLogs/1":       "s3://trail/AWSLogs/1/k",
		"s3://trail/AWSLogs/1/":      "s3://trail/AWSLogs/1/k",
		"s3://trail/with space/?#%2": "s3://trail/with space/?#%2/k",
	} {
		s, err := store.Open(t.Context(), name, store.S3Options{})
		if err != nil {
			t.Errorf("Open(%q): %v", name, err)
		} else if got := s.URL("k"); got != want {
			t.Errorf("Open(%q).URL = %q, want %q", name, got, want)
		}
	}
	for name, hint := range map[string]string{
		"":                            "a folder or s3://bucket/prefix is wanted",
		"gs://bucket/x":               "gs:// is not supported",
		"https://bucket.s3.aws.com/x": "https:// is not supported",
		"S3://bucket/x":               "write s3:// in lower case",
		"s3a://bucket/x":              "write s3://",
		"s3:/bucket/x":                "two slashes",
		"file:///var/log":             "write the path alone",
		"arn:aws:s3:::bucket/prefix":  "write s3://bucket/prefix",
		"s3://":                       "not the name of a bucket",
		"s3:///prefix":                "not the name of a bucket",
		"s3://bucket//x":              "not a clean relative path",
		"s3://bucket/a/../b":          "not a clean relative path",
	} {
		if _, err := store.Open(t.Context(), name, store.S3Options{}); err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("Open(%q): %v, want a hint with %q", name, err, hint)
		}
	}
}

func TestOverlap(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.MkdirAll("real/trail", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", "link"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"real", "real", true}, {"real/", "./real", true}, {"real", "real/trail", true}, {"real", "other", false},
		{"real/trail", "real/trail2", false}, {"real/a", "real/b", false}, {"real", filepath.Join(dir, "real/x/y"), true},
		{"/", "real", true}, {".", "real", true}, {"..", "real", true}, {"real/..", "other", true},
		{"link", "real", true}, {"link/trail", "real", true}, {"link/new/lake", "real/new", true}, {"link/new", "real/trail", false},
		{"new", "new/deeper", true}, {"new", "newer", false},
		{"s3://b", "s3://b", true}, {"s3://b/", "s3://b/x", true}, {"s3://b/x", "s3://b", true}, {"s3://b/logs", "s3://b/logs/", true},
		{"s3://b/logs", "s3://b/logs2", false}, {"s3://b/logs", "s3://b/logs/a", true}, {"s3://b/lake", "s3://b/logs", false},
		{"s3://b/logs", "s3://c/logs", false}, {"s3://b", "s3://bb", false}, {"s3://real", "real", false},
	} {
		if got := store.Overlap(c.a, c.b); got != c.want {
			t.Errorf("Overlap(%q, %q) = %v", c.a, c.b, got)
		}
		if got := store.Overlap(c.b, c.a); got != c.want {
			t.Errorf("Overlap(%q, %q) = %v", c.b, c.a, got)
		}
	}
}
