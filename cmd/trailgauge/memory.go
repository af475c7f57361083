package main

import (
	"os"
	"runtime/debug"
)

// boundMemory tells the garbage collector what a run should stay within: 150 MiB a worker (a shard's records, its JSON and the file being
// written) and 120 MiB besides, so that two workers peak below 512 MiB; below that it may let twice as much garbage pile up as is usual,
// which costs less CPU. Measured with scripts/bench-convert.sh. Whoever sets GOMEMLIMIT or GOGC knows better.
func boundMemory(workers int) {
	if os.Getenv("GOMEMLIMIT") != "" || os.Getenv("GOGC") != "" {
		return
	}
	debug.SetMemoryLimit(int64(120+150*workers) << 20)
	debug.SetGCPercent(200)
}
