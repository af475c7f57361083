package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/parquet-go/parquet-go"
)

// rounds is how often everything runs, in turn; the least of each is told, for whatever else the machine does only adds.
const rounds = 3

// cost is what a process took.
type cost struct {
	wall, cpu time.Duration
	peak      int64 // bytes of memory
}

func (c cost) least(o cost) cost {
	if c.wall == 0 {
		return o
	}
	return cost{min(c.wall, o.wall), min(c.cpu, o.cpu), max(c.peak, o.peak)}
}

// asOf is later than all that trailgauge generate writes by default, so that every object is seen; with the same --score-from no hour
// can be decided, and nothing is learned for deciding. What is left is all that makes a lake of a trail, through the commit that shows it: listing,
// planning, conversion, de-duplication against the lake, counts, manifests, symlink files; and an empty report. The peer only converts.
const asOf = "2026-11-02T00:00:00Z"

// convert runs trailgauge, the peer (a command that writes WORK/peer.parquet) and the floor in turn, and prints what they took.
func convert(trailgauge, trail, work string, peer []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	lake := filepath.Join(work, "lake")
	ours := func(flags ...string) []string {
		return append([]string{trailgauge, "run", "--trail", trail, "--lake", lake, "--as-of", asOf}, flags...)
	}
	runs := []struct {
		name string
		args []string
	}{
		{"conversion, 2 workers", ours("--score-from", asOf, "--workers", "2")},
		{"the peer, 2 threads", peer},
		{"conversion, 1 worker", ours("--score-from", asOf, "--workers", "1")},
		{"the floor, 1 thread", []string{self, "floor", trail}},
		{"the whole run, 2 workers", ours("--workers", "2")},
	}
	least := make([]cost, len(runs))
	for range rounds {
		for i, r := range runs {
			if err := os.RemoveAll(lake); err != nil {
				return err
			}
			c, err := measure(r.args)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			least[i] = least[i].least(c)
		}
	}
	fmt.Printf("%-26s %9s %9s %10s\n", "", "CPU", "wall", "peak")
	for i, r := range runs {
		fmt.Printf("%-26s %7.2f s %7.2f s %6.0f MiB\n", r.name, least[i].cpu.Seconds(), least[i].wall.Seconds(), float64(least[i].peak)/(1<<20))
	}
	two, duck, one, bottom, all := least[0], least[1], least[2], least[3], least[4]
	fmt.Printf("\n%-28s %10s %10s\n", "", "conversion", "whole run")
	fmt.Printf("%-28s %10.2f %10.2f   (aim: at most 0.50)\n", "CPU : peer", ratio(two.cpu, duck.cpu), ratio(all.cpu, duck.cpu))
	fmt.Printf("%-28s %10.2f %10.2f   (aim: at most 1.60)\n", "CPU : floor", ratio(two.cpu, bottom.cpu), ratio(all.cpu, bottom.cpu))
	fmt.Printf("%-28s %10.2f %10.2f\n", "wall : peer", ratio(two.wall, duck.wall), ratio(all.wall, duck.wall))
	fmt.Printf("%-28s %10.2f              (aim: at least 1.80)\n", "wall, 1 worker : 2 workers", ratio(one.wall, two.wall))
	return sizes(lake, filepath.Join(work, "peer.parquet"))
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func measure(args []string) (cost, error) {
	var stderr bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = &stderr
	from := time.Now()
	err := cmd.Run()
	wall := time.Since(from)
	if err != nil {
		return cost{}, fmt.Errorf("%w\n%s", err, stderr.Bytes())
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return cost{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), usage.Maxrss << 10}, nil
}

// sameColumns are the leaves of the events table that hold what the peer's columns hold.
var sameColumns = []string{
	"eventversion", "useridentity.type", "useridentity.principalid", "useridentity.arn", "useridentity.accountid", "useridentity.accesskeyid",
	"useridentity.sessioncontext.sessionissuer.arn", "eventts", "eventsource", "eventname", "awsregion", "sourceipaddress", "useragent",
	"errorcode", "errormessage", "requestparameters", "responseelements", "requestid", "eventid", "readonlybool", "resources.",
	"eventtype", "managementevent", "recipientaccountid", "eventcategory", "tlsdetails.",
}

// sizes compares the output in bytes, as the footers have it.
func sizes(lake, peer string) error {
	var all, same, rows, files int64
	events, err := filepath.Glob(filepath.Join(lake, "events", "*", "*", "*", "*.parquet"))
	if err != nil {
		return err
	}
	for _, path := range events {
		err := eachColumn(path, func(name string, size int64) {
			all += size
			if slices.ContainsFunc(sameColumns, func(c string) bool { return c == name || strings.HasSuffix(c, ".") && strings.HasPrefix(name, c) }) {
				same += size
			}
		}, func(n int64) { rows += n })
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		files++
	}
	var theirs, theirRows int64
	if err := eachColumn(peer, func(_ string, size int64) { theirs += size }, func(n int64) { theirRows += n }); err != nil {
		return fmt.Errorf("%s: %w", peer, err)
	}
	fmt.Printf("\noutput, the peer's columns: trailgauge %.1f MB (%d rows, repeats dropped, %d files), peer %.1f MB (%d rows)   (aim: no larger)\n",
		float64(same)/1e6, rows, files, float64(theirs)/1e6, theirRows)
	fmt.Printf("output, all columns: trailgauge %.1f MB\n", float64(all)/1e6)
	return nil
}

func eachColumn(path string, column func(name string, size int64), rows func(int64)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	p, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	rows(p.NumRows())
	for _, g := range p.Metadata().RowGroups {
		for _, c := range g.Columns {
			column(strings.Join(c.MetaData.PathInSchema, "."), c.MetaData.TotalCompressedSize)
		}
	}
	return nil
}
