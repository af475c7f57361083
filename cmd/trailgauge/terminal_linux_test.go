package main

import (
	"context"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pty opens a pseudo-terminal and returns the end a program writes to, and a function that hangs it up and returns all it was written.
func pty(t *testing.T) (terminal *os.File, screen func() string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	text := make(chan string, 1)
	go func() {
		body, _ := io.ReadAll(master) // ends with an error when the other end is closed
		text <- string(body)
	}()
	return terminal, func() string {
		terminal.Close()
		defer master.Close()
		select {
		case s := <-text:
			return s
		case <-time.After(afterwards):
			t.Fatal("the terminal does not hang up")
			return ""
		}
	}
}

// On a terminal the report has colours and stderr a progress bar; NO_COLOR and TERM=dumb take the colours away.
func TestColours(t *testing.T) {
	dir := t.TempDir()
	if err := writeTrail(dir+"/trail", 1); err != nil {
		t.Fatal(err)
	}
	for i, x := range []struct {
		noColour, term string
		want           bool
	}{{"", "xterm", true}, {"1", "xterm", false}, {"", "dumb", false}} {
		t.Setenv("NO_COLOR", x.noColour)
		t.Setenv("TERM", x.term)
		out, screen := pty(t)
		errs, log := pty(t)
		if status := Main(context.Background(), []string{"run", "--trail", dir + "/trail", "--lake", dir + "/lake" + strconv.Itoa(i), "--as-of", "2026-11-01"}, out, errs); status != 0 {
			t.Fatalf("status %d: %s", status, log())
		}
		text, shown := screen(), log()
		if got := strings.Contains(text, "\x1b[1m"); got != x.want || !strings.Contains(text, "kept") {
			t.Errorf("%+v: colours %v in\n%q", x, got, text)
		}
		if !strings.Contains(shown, "scan") || strings.Contains(shown, `"level"`) {
			t.Errorf("%+v: stderr %q: want a progress bar", x, shown)
		}
	}
}

// A report that was kept is laid out for the terminal; one whose locale is not of UTF-8 is shown ASCII alone. A locale that is not said is no reason to.
func TestReportOnATerminal(t *testing.T) {
	dir := t.TempDir()
	if err := writeTrail(dir+"/trail", 1); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := call(t.Context(), "run", "--trail", dir+"/trail", "--lake", dir+"/lake", "--as-of", "2026-11-01T01:00:00Z"); status != 0 {
		t.Fatal(stderr)
	}
	for _, x := range []struct {
		all, ctype, lang string
		ascii            bool
	}{{"", "", "", false}, {"C.UTF-8", "C", "C", false}, {"", "", "de_DE.utf8", false}, {"C", "", "C.UTF-8", true}, {"", "POSIX", "C.UTF-8", true}, {"", "", "en_US.ISO-8859-1", true}} {
		t.Setenv("LC_ALL", x.all)
		t.Setenv("LC_CTYPE", x.ctype)
		t.Setenv("LANG", x.lang)
		out, screen := pty(t)
		if status := Main(t.Context(), []string{"report", "--lake", dir + "/lake", "--day", "2026-10-31"}, out, io.Discard); status != 0 {
			t.Fatalf("status %d", status)
		}
		text := screen()
		if ascii := !strings.ContainsFunc(text, func(r rune) bool { return r > 0x7e }); ascii != x.ascii || !strings.Contains(text, "the day 2026-10-31") {
			t.Errorf("%+v: ASCII alone %v:\n%s", x, ascii, text)
		}
		for line := range strings.Lines(text) {
			if len([]rune(strings.TrimRight(line, "\r\n"))) > 80 && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("wider than 80 columns: %q", line)
			}
		}
	}
}

// CSV that ends in a terminal cannot command it; in a pipe it has the bytes of the trail.
func TestSeriesOnATerminal(t *testing.T) {
	dir := t.TempDir()
	const record = `{"Records":[{"eventVersion":"1.11","eventID":"h1","eventTime":"2026-10-31T12:00:03Z","eventSource":"x.amazonaws.com","eventName":"a\u001b[31m\u009bb\u202e\r\n","awsRegion":"eu-west-1","recipientAccountId":"111122223333","userIdentity":{"type":"Odd","principalId":"x"},"eventType":"AwsApiCall","managementEvent":true,"readOnly":false}]}`
	if err := writeFile(dir+"/trail/1.json", []byte(record)); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := call(t.Context(), "run", "--trail", dir+"/trail", "--lake", dir+"/lake", "--as-of", "2026-11-01"); status != 0 {
		t.Fatal(stderr)
	}
	args := []string{"series", "--lake", dir + "/lake", "--format", "csv"}
	if _, piped, _ := call(t.Context(), args...); !strings.Contains(piped, ",\"a\x1b[31m\u009bb\u202e\r\n\",") {
		t.Errorf("piped: %q", piped)
	}
	out, screen := pty(t)
	if status := Main(t.Context(), args, out, io.Discard); status != 0 {
		t.Fatalf("status %d", status)
	}
	if text := screen(); strings.ContainsAny(text, "\x1b\u009b\u202e") || !strings.Contains(text, ",a\ufffd[31m\ufffdb\ufffd\ufffd\ufffd,") {
		t.Errorf("shown: %q", text)
	}
}
