// Command benchsteps runs the conversion of a trail under the CPU profiler and prints where the time goes, step by step.
//
//	benchsteps TRAIL LAKE PROFILE      LAKE is removed first; PROFILE is written, for go tool pprof
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"trailgauge/pipeline"
	"trailgauge/pipeline/store"
)

// steps are functions by the ends of their names: what a step takes is what those of plus and all they call take, without those of minus.
var steps = []struct {
	name        string
	plus, minus []string
}{
	{"list and plan", []string{"pipeline.(*Options).plan"}, nil},
	{"fetch", []string{"pipeline.fetch.func2.1"}, nil},
	{"inflate", []string{"decode.Inflate"}, nil},
	{"decode", []string{"decode.(*Decoder).Each"}, []string{"pipeline.(*taking).gather"}},
	{"class, dictionaries", []string{"pipeline.(*taking).gather"}, nil},
	{"de-duplication", []string{"pipeline.(*taking).settle"}, nil},
	{"sort", []string{"pipeline.(*desk).sort"}, nil},
	{"pages and levels", []string{"lake.(*Rows).Encode"}, []string{"lake.(*encoder).put"}},
	{"zstd of pages", []string{"lake.(*encoder).put"}, nil},
	{"counts, keys, files of shards", []string{"pipeline.(*scanner).writeDay"}, []string{"lake.(*Rows).Encode"}},
	{"repeats between shards", []string{"pipeline.settle"}, nil},
	{"merge", []string{"pipeline.(*merger).merge", "pipeline.(*merger).day"}, []string{}},
	{"decide and report", []string{"pipeline.(*Options).conclude"}, nil},
	{"garbage collection", []string{"runtime.gcBgMarkWorker"}, nil},
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: benchsteps TRAIL LAKE PROFILE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "benchsteps:", err)
		os.Exit(1)
	}
}

// asOf is later than all that trailgauge generate writes by default; with the same ScoreFrom nothing can be decided.
var asOf = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

func run(trail, lake, profile string) error {
	debug.SetGCPercent(200) // as the command has it
	if err := os.RemoveAll(lake); err != nil {
		return err
	}
	from, err := store.Folder(trail)
	if err != nil {
		return err
	}
	to, err := store.Folder(lake)
	if err != nil {
		return err
	}
	out, err := os.Create(profile)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	_, err = pipeline.Run(context.Background(), pipeline.Options{
		Trail: from, TrailPath: trail, Lake: to, Config: pipeline.DefaultConfig(), AsOf: asOf, ScoreFrom: asOf, Workers: 1,
	})
	pprof.StopCPUProfile()
	if err != nil {
		return err
	}
	return table(profile)
}

// table prints what each step took, in ms of CPU.
func table(profile string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "tool", "pprof", "-top", "-cum", "-unit=ms", "-nodecount=1000000", "-nodefraction=0", self, profile)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go tool pprof: %w", err)
	}
	took := map[string]float64{} // by function, with all it calls
	all := 0.0
	for line := range strings.Lines(string(bytes.TrimSpace(text))) {
		f := strings.Fields(line)
		if len(f) < 6 || !strings.HasSuffix(f[3], "ms") && f[3] != "0" {
			continue
		}
		var flat, cum float64
		fmt.Sscanf(f[0], "%f", &flat)
		fmt.Sscanf(f[3], "%f", &cum)
		took[f[5][strings.LastIndexByte(f[5], '/')+1:]] = cum
		all += flat
	}
	rest := all
	for _, s := range steps {
		ms := 0.0
		for _, f := range s.plus {
			ms += took[f]
		}
		for _, f := range s.minus {
			ms -= took[f]
		}
		rest -= ms
		fmt.Printf("%-32s %6.0f ms %5.1f %%\n", s.name, ms, 100*ms/all)
	}
	fmt.Printf("%-32s %6.0f ms %5.1f %%\n%-32s %6.0f ms\n", "all else", rest, 100*rest/all, "all", all)
	return nil
}
