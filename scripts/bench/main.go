// Command bench measures trailgauge from outside, for the scripts beside it. It knows none of trailgauge's packages: what it
// compares are processes and files.
//
//	bench merge TRAIL OUT N                     a trail of many small objects as about N larger ones in one folder
//	bench convert TRAILGAUGE TRAIL WORK PEER…   trailgauge, a peer's command and the floor on one folder of objects
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 4 && args[0] == "merge":
		n, err := strconv.Atoi(args[3])
		if err != nil || n < 1 {
			return fmt.Errorf("%q is no number of objects", args[3])
		}
		return merge(args[1], args[2], n)
	case len(args) == 2 && args[0] == "floor":
		return floor(args[1])
	case len(args) > 4 && args[0] == "convert":
		return convert(args[1], args[2], args[3], args[4:])
	}
	return fmt.Errorf("see the comment at the top of scripts/bench/main.go")
}
