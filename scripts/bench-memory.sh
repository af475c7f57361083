#!/usr/bin/env bash
# What a run with two workers, and a compaction of what it left, hold in memory at most, against the 512 MiB that are promised: on one object of 60 MiB,
# one of a million records, a gzip bomb, 1 GB of JSON twice, and 2,000 accounts of tiny objects. The peak is the kernel's (ru_maxrss). Fails above.
#
#   scripts/bench-memory.sh [WORK] [quick]      WORK: a folder for trails and lakes, kept; default or "": a temporary one, removed. quick: half a minute
. "$(dirname "$0")/bench/work.sh" "${1:-}"
export TMPDIR="$work"
go build -o "$work/benchlake" ./scripts/benchlake
"$work/benchlake" memory "$work/trailgauge" "$work" ${2:+quick}
