package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/pipeline/insight"
)

func bars(counts ...int64) *insight.Insight {
	i := &insight.Insight{}
	for k, n := range counts {
		i.Hours = append(i.Hours, insight.Bar{Hour: noon.Add(time.Duration(k) * time.Hour), Observed: n >= 0, Count: max(n, 0)})
	}
	return i
}

func TestSpark(t *testing.T) {
	const since = " from 2026-11-01 12:00Z, up to "
	for _, c := range []struct {
		counts []int64
		width  int
		want   string
	}{
		{[]int64{0, 1, 10, 50, 99, 100, -1, 0}, 80, ".▁▁▅██?." + since + "100 an hour"},
		{[]int64{0, 0}, 80, ".." + since + "0 an hour"},
		{[]int64{-1, -1}, 80, "??" + since + "0 an hour"},
		{[]int64{1 << 62, 1}, 80, "█▁" + since + "4,611,686,018,427,387,904 an hour"},
		{append(make([]int64, 100), 8, 1, -1, -1), 100, strings.Repeat(".", 33) + "█?" + since + "8 an hour, 3 hours a column"},
		{make([]int64, 100), 40, ""}, // no room
		{nil, 80, ""},
	} {
		if got := spark(bars(c.counts...), c.width); got != c.want {
			t.Errorf("%v in %d columns:\n got %s\nwant %s", c.counts, c.width, got, c.want)
		}
	}
}

// A line never exceeds its width, and no hour is left out of it.
func TestSparkIsHonest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.Int64Range(-1, 1e6), 1, 300).Draw(t, "counts")
		width := rapid.IntRange(1, 150).Draw(t, "width")
		got := spark(bars(counts...), width)
		if got == "" {
			return
		}
		if n := columns(got); n > width {
			t.Fatalf("%d columns, %d allowed: %s", n, width, got)
		}
		marks, _, _ := strings.Cut(got, " ")
		highest := int64(0)
		for _, n := range counts {
			highest = max(highest, n)
		}
		if strings.Contains(marks, "█") != (highest > 0) {
			t.Fatalf("the highest of %v does not show in %s", counts, got)
		}
	})
}

func TestColumns(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "日本": 4, "e\u0301": 1, "█?.": 3, "Ünïcode": 7, "ｗ": 2} {
		if got := columns(s); got != want {
			t.Errorf("%q takes %d columns, want %d", s, got, want)
		}
	}
}

// A stored text is laid out for another width as if it had been made for it, but for the sparklines, whose columns stay.
func TestReflow(t *testing.T) {
	for _, r := range []*Run{realistic(), day(), {}} {
		var kept bytes.Buffer
		if err := Flowed(&kept, r); err != nil {
			t.Fatal(err)
		}
		text := func(width int) string {
			var b bytes.Buffer
			if err := Text(&b, r, width, false); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		if text(storedWidth) != strings.ReplaceAll(kept.String(), " \n", "\n") || text(storedWidth) != Reflow(kept.String(), storedWidth) {
			t.Error("the same width changes it")
		}
		for _, width := range []int{60, 80, 140} {
			var want, got []string
			sparks := regexp.MustCompile(`(?ms)^ *[.?▁▂▃▄▅▆▇█]{6,}\s.*?an\s+hour(, \d+\s+hours\s+a\s+column)?\n`)
			want = strings.Split(sparks.ReplaceAllString(text(width), ""), "\n")
			got = strings.Split(sparks.ReplaceAllString(Reflow(kept.String(), width), ""), "\n")
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("width %d:\n%s", width, d)
			}
		}
	}
}

func TestASCII(t *testing.T) {
	if got, want := ASCII("..▁█? – a…\u00e9\U0001f600\n"), `..18? - a...\u00e9\ud83d\ude00`+"\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
