package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/klauspost/compress/gzip"
)

// promised is the memory that a run or a compaction with two workers stays within, in bytes.
const promised = 512 << 20

// hard is an input that may cost memory.
type hard struct {
	name  string
	long  bool // left out of the quick form
	make  func(dir string) error
	exits []int // exit statuses that are right; nil: 0
	args  []string
}

var inputs = []hard{
	{name: "one object of 60 MiB of JSON", make: func(dir string) error { return single(dir, 60<<20, 0) }},
	{name: "one object of a million tiny records", make: millions},
	{name: "one object of 30 million items that are no records", make: nothings, exits: []int{3}},
	{name: "a gzip bomb of 10 GB among usual objects", make: bomb, exits: []int{3}},
	{name: "1 GB of JSON in 400 objects of a day that is over", long: true, make: trail{accounts: 20, days: 1, records: 36_000, whole: 20, ago: 3}.write},
	{name: "1 GB of JSON in 40 objects of one account's day", long: true, make: trail{accounts: 1, days: 1, records: 720_000, whole: 40}.write},
	{name: "2,000 accounts over 45 days, 90,000 tiny objects", long: true, make: trail{accounts: 2000, days: 45, records: 2, whole: 1}.write,
		args: []string{"--from", "2026-09-17"}},
}

// memory runs trailgauge on each input, and compact on what it left, and prints what each held at most.
func memory(trailgauge, work string, quick bool) error {
	over := false
	fmt.Printf("%-52s %10s %10s %10s\n", "peak MiB", "run", "compact", "seconds")
	for i, in := range inputs {
		if quick && in.long {
			continue
		}
		dir := filepath.Join(work, fmt.Sprint(i))
		if _, err := os.Stat(dir + "/trail"); err != nil {
			// In a process of its own: the peak of a child is at least what its parent holds.
			if _, err := peak(nil, os.Args[0], "input", fmt.Sprint(i), dir+"/trail"); err != nil {
				return fmt.Errorf("making %s: %w", in.name, err)
			}
		}
		if err := os.RemoveAll(dir + "/lake"); err != nil {
			return err
		}
		began := time.Now()
		args := append([]string{"run", "--trail", dir + "/trail", "--lake", dir + "/lake", "--as-of", "2026-11-01T02:00:00Z", "--workers", "2"}, in.args...)
		run, err := peak(in.exits, trailgauge, args...)
		if err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
		compact, err := peak(nil, trailgauge, "compact", "--lake", dir+"/lake", "--before", "2026-11-02")
		if err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
		fmt.Printf("%-52s %10d %10d %10.1f\n", in.name, run>>20, compact>>20, time.Since(began).Seconds())
		over = over || max(run, compact) > promised
	}
	if over {
		return fmt.Errorf("more than the %d MiB that are promised", promised>>20)
	}
	return nil
}

// peak runs a command and returns the most memory it held, in bytes.
func peak(exits []int, name string, args ...string) (int64, error) {
	cmd := exec.Command(name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return 0, err
	}
	right := err == nil && len(exits) == 0
	for _, status := range exits {
		right = right || cmd.ProcessState.ExitCode() == status
	}
	if !right {
		return 0, fmt.Errorf("%s %s: %s\n%s", name, args[0], cmd.ProcessState, out.Bytes())
	}
	return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10, nil
}

// single writes one object of so many bytes of JSON.
func single(dir string, size, n int) error {
	random := rand.New(rand.NewPCG(1, 7))
	var b bytes.Buffer
	for i := 0; b.Len() < size-2000; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		record(&b, random, 0, regions[i%3], end.Add(-24*time.Hour).Add(time.Duration(i)*time.Second))
	}
	return put(dir, 0, regions[0], end.AddDate(0, 0, -1), n, b.Bytes())
}

func millions(dir string) error {
	var b bytes.Buffer
	for i := range 1_000_000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"eventTime":"%s","eventID":"%d"}`, end.Add(-24*time.Hour).Add(time.Duration(i)*50*time.Millisecond).Format(time.RFC3339), i)
	}
	return put(dir, 0, regions[0], end.AddDate(0, 0, -1), 0, b.Bytes())
}

func nothings(dir string) error {
	return put(dir, 0, regions[0], end.AddDate(0, 0, -1), 0, bytes.Repeat([]byte("1,"), 30_000_000-1)[:60_000_000-3])
}

// bomb writes usual objects, and one of 10 MB that inflates to 10 GB of white space.
func bomb(dir string) error {
	for n := range 4 {
		if err := single(dir, 4<<20, n); err != nil {
			return err
		}
	}
	path, err := filepath.Glob(filepath.Join(dir, "AWSLogs/*/CloudTrail/*/*/*/*"))
	if err != nil || len(path) == 0 {
		return fmt.Errorf("no folder for the bomb (%v)", err)
	}
	f, err := os.Create(filepath.Join(path[0], "100000000000_CloudTrail_us-east-1_20261031T2350Z_bombbombbombbomb.json.gz"))
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
	blank := bytes.Repeat([]byte{' '}, 1<<20)
	for range 10 << 10 {
		if _, err := z.Write(blank); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(z, `{"Records":[]}`); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return w.Flush()
}
