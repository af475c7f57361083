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

// rounds is how often everything runs, in turn. Of each the least is told, for whatever else the machine does only adds; of ratios the median of
// the rounds', for a machine that is slow for a while is so for both.
const rounds = 9

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
	// What a run writes is kept until the end, the peer's too: a file system looks through the inodes it has just freed before it gives one out,
	// and memory of files that are gone is at hand, where fresh memory must be found. Neither should hang on what the run before did.
	kept := filepath.Join(work, "kept")
	if err := os.RemoveAll(kept); err != nil {
		return err
	}
	if err := os.MkdirAll(kept, 0o777); err != nil {
		return err
	}
	defer os.RemoveAll(kept)
	var lake, peerFile string
	ours := func(flags ...string) []string {
		return append([]string{trailgauge, "run", "--trail", trail, "--as-of", asOf}, flags...)
	}
	const (
		two = iota
		duck
		one
		bottom
		all
	)
	runs := []struct {
		name string
		args []string
	}{
		two:    {"conversion, 2 workers", ours("--score-from", asOf, "--workers", "2")},
		duck:   {"the peer, 2 threads", peer},
		one:    {"conversion, 1 worker", ours("--score-from", asOf, "--workers", "1")},
		bottom: {"the floor, 1 thread", []string{self, "floor", trail}},
		all:    {"the whole run, 2 workers", ours("--workers", "2")},
	}
	costs := make([][]cost, len(runs)) // by run and round
	for round := range rounds {
		for i, r := range runs {
			args, out := r.args, filepath.Join(kept, fmt.Sprintf("%d-%d", round, i))
			if args[0] == trailgauge {
				lake = out
				args = append(slices.Clone(args), "--lake", lake)
			}
			if err := warm(trail); err != nil {
				return err
			}
			c, err := measure(args)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			if i == duck {
				peerFile = out + ".parquet"
				if err := os.Rename(filepath.Join(work, "peer.parquet"), peerFile); err != nil {
					return err
				}
			}
			costs[i] = append(costs[i], c)
		}
	}
	fmt.Printf("%-26s %9s %9s %10s\n", "", "CPU", "wall", "peak")
	for i, r := range runs {
		var least cost
		for _, c := range costs[i] {
			least = least.least(c)
		}
		fmt.Printf("%-26s %7.2f s %7.2f s %6.0f MiB\n", r.name, least.cpu.Seconds(), least.wall.Seconds(), float64(least.peak)/(1<<20))
	}
	cpu, wall := func(c cost) time.Duration { return c.cpu }, func(c cost) time.Duration { return c.wall }
	fmt.Printf("\n%-28s %10s %10s\n", "", "conversion", "whole run")
	fmt.Printf("%-28s %10.2f %10.2f   (aim: at most 0.50)\n", "CPU : peer", ratio(costs[two], costs[duck], cpu), ratio(costs[all], costs[duck], cpu))
	fmt.Printf("%-28s %10.2f %10.2f   (aim: at most 1.60)\n", "CPU : floor", ratio(costs[two], costs[bottom], cpu), ratio(costs[all], costs[bottom], cpu))
	fmt.Printf("%-28s %10.2f %10.2f\n", "wall : peer", ratio(costs[two], costs[duck], wall), ratio(costs[all], costs[duck], wall))
	fmt.Printf("%-28s %10.2f              (aim: at least 1.80)\n", "wall, 1 worker : 2 workers", ratio(costs[one], costs[two], wall))
	return sizes(lake, peerFile)
}

// ratio is the median of the rounds'.
func ratio(a, b []cost, of func(cost) time.Duration) float64 {
	list := make([]float64, len(a))
	for i := range a {
		list[i] = float64(of(a[i])) / float64(of(b[i]))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// warm reads the trail, so that each run finds it in memory, whatever else the machine has used that for: what is measured is not its disk.
func warm(trail string) error {
	objects, err := os.ReadDir(trail)
	for _, o := range objects {
		if err == nil {
			_, err = os.ReadFile(filepath.Join(trail, o.Name()))
		}
	}
	return err
}

func measure(args []string) (cost, error) {
	var stderr bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = &stderr
	syscall.Sync() // a commit waits for all that is on its way to the disk: not for what the run before wrote
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
