// Command benchlake measures what a lake costs its readers and trailgauge its machine, for the scripts beside it. It knows none of trailgauge's
// packages: what it looks at are processes and files.
//
//	benchlake trail OUT ACCOUNTS DAYS RECORDS    a trail with RECORDS a day and account, in one object
//	benchlake queries TRAIL LAKE                 what analysts' questions make a reader fetch
//	benchlake memory TRAILGAUGE WORK [quick]     peak memory of runs and compactions on hard inputs
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "benchlake:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 5 && args[0] == "trail":
		var n [3]int
		for i := range n {
			var err error
			if n[i], err = strconv.Atoi(args[2+i]); err != nil || n[i] < 1 {
				return fmt.Errorf("%q is no number of accounts, days or records", args[2+i])
			}
		}
		return trail{accounts: n[0], days: n[1], records: n[2], whole: 1}.write(args[1])
	case len(args) == 3 && args[0] == "queries":
		return queries(args[1], args[2])
	case len(args) == 3 && args[0] == "input":
		i, err := strconv.Atoi(args[1])
		if err != nil || i < 0 || i >= len(inputs) {
			return fmt.Errorf("%q is no number of an input", args[1])
		}
		return inputs[i].make(args[2])
	case len(args) >= 3 && len(args) <= 4 && args[0] == "memory" && (len(args) == 3 || args[3] == "quick"):
		return memory(args[1], args[2], len(args) == 4)
	}
	return fmt.Errorf("see the comment at the top of scripts/benchlake/main.go")
}
