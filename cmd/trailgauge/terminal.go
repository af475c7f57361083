package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"trailgauge/pipeline"
	"trailgauge/pipeline/report"
)

// What the command says, and where:
//
//   - stdout carries the result and nothing else: text, or one JSON object with --json.
//   - stderr carries errors, hints, and how the work gets on: a progress bar on a terminal, structured log lines elsewhere.
//   - An error is one line, "trailgauge: " and what was being done, in lower case, without a full stop. A hint is a line of its own.
//   - Nothing from a trail reaches a terminal without being cleaned of control characters.
type terminal struct {
	out, err io.Writer
}

func (t *terminal) fail(err error, hint string) {
	text := strings.TrimPrefix(err.Error(), pipeline.ErrUsage.Error()+": ") // the exit status says so
	fmt.Fprintf(t.err, "trailgauge: %s\n", report.Clean(strings.TrimSpace(text)))
	if hint != "" {
		t.hint(hint)
	}
}

// hint says what to do about something, on a line of its own.
func (t *terminal) hint(text string) { t.note("hint: %s", text) }

// note tells something that is no error.
func (t *terminal) note(format string, args ...any) {
	fmt.Fprintf(t.err, "trailgauge: %s\n", report.Clean(fmt.Sprintf(format, args...)))
}

// plain is a terminal that shows ASCII alone.
type plain struct{ file *os.File }

// Write spells what is beyond ASCII. A text is written in one go, so no character comes in two parts.
func (p plain) Write(b []byte) (int, error) {
	if _, err := p.file.WriteString(report.ASCII(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// asTerminal returns w, or where it is a terminal of a locale that names another character set than UTF-8 (C and POSIX do), what spells for it. A
// locale that is not said at all, as in containers, is no reason to.
func asTerminal(w io.Writer) io.Writer {
	if _, tty := size(w); !tty {
		return w
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if l := strings.ToLower(os.Getenv(name)); l != "" {
			if strings.Contains(l, "utf-8") || strings.Contains(l, "utf8") {
				return w
			}
			return plain{w.(*os.File)}
		}
	}
	return w
}

// size returns the width of the terminal that w is, and false when it is none.
func size(w io.Writer) (width int, ok bool) {
	if p, ok := w.(plain); ok {
		w = p.file
	}
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 100, false
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 20 {
		return width, true
	}
	return 80, true
}

// colour tells whether stdout takes colours (https://no-color.org).
func (t *terminal) colour() bool {
	_, tty := size(t.out)
	return tty && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// watch returns what shows a run's progress: a bar on a terminal, log lines elsewhere.
func (t *terminal) watch() (pipeline.Progress, *slog.Logger, func()) {
	if _, tty := size(t.err); tty {
		b := &bar{to: t.err}
		return b, slog.New(slog.DiscardHandler), b.end
	}
	log := slog.New(slog.NewJSONHandler(t.err, nil))
	return &lines{log: log}, log, func() {}
}

// bar is a progress bar: objects, bytes, records, rate, time left.
type bar struct {
	to      io.Writer
	mu      sync.Mutex
	bar     *progressbar.ProgressBar
	stage   string
	objects int64
	of      int64
	records int64
}

func (b *bar) Stage(name string, objects, bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finish()
	b.stage, b.of, b.objects, b.records = name, objects, 0, 0
	total := bytes
	if total == 0 {
		total = -1
	}
	b.bar = progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(b.to), progressbar.OptionShowBytes(total > 0), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetWidth(20), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(total > 0),
		progressbar.OptionSetDescription(name), progressbar.OptionSpinnerType(14), progressbar.OptionSetElapsedTime(true),
	)
	_ = b.bar.RenderBlank() // so that a stage without numbers is seen too
}

func (b *bar) Add(objects, bytes, records int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects, b.records = b.objects+objects, b.records+records
	if b.of > 0 {
		b.bar.Describe(fmt.Sprintf("%s  %d/%d objects, %d records", b.stage, b.objects, b.of, b.records))
	}
	_ = b.bar.Add64(bytes)
}

func (b *bar) finish() {
	if b.bar != nil {
		_ = b.bar.Finish()
		_ = b.bar.Clear()
	}
}

func (b *bar) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finish()
}

// lines logs each stage as it begins, and how far it is every ten seconds.
type lines struct {
	log     *slog.Logger
	mu      sync.Mutex
	stage   string
	objects int64
	of      int64
	bytes   int64
	records int64
	last    time.Time
}

func (l *lines) Stage(name string, objects, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stage, l.of, l.objects, l.bytes, l.records, l.last = name, objects, 0, 0, 0, time.Now()
	l.log.Info("stage", "stage", name, "objects", objects, "bytes", bytes)
}

func (l *lines) Add(objects, bytes, records int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.objects, l.bytes, l.records = l.objects+objects, l.bytes+bytes, l.records+records
	if time.Since(l.last) > 10*time.Second {
		l.last = time.Now()
		l.log.Info("progress", "stage", l.stage, "objects", l.objects, "of", l.of, "bytes", l.bytes, "records", l.records)
	}
}
