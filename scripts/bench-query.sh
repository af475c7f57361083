#!/usr/bin/env bash
# What ten questions of analysts make a reader fetch: from a lake of 400 accounts over 90 days, from the gzipped JSON, and from Parquet files of the same rows in
# order of arrival. Computed from footers, page indexes and Bloom filters, as a reader that uses them all would; nothing is timed.
#
#   scripts/bench-query.sh [WORK]      WORK: a folder for the trail and the lake, kept; default: a temporary one, removed
. "$(dirname "$0")/bench/work.sh" "${1:-}"
go build -o "$work/benchlake" ./scripts/benchlake
if [ ! -d "$work/lake" ]; then
	"$work/benchlake" trail "$work/trail" 400 90 12
	"$work/trailgauge" run --trail "$work/trail" --lake "$work/lake" --from 2026-08-03 --as-of 2026-11-01T02:00:00Z >/dev/null
	"$work/trailgauge" compact --lake "$work/lake" --before 2026-11-02
	"$work/trailgauge" gc --lake "$work/lake" --grace 0s >/dev/null
fi
"$work/benchlake" queries "$work/trail" "$work/lake"
