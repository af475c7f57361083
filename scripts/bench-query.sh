#!/usr/bin/env bash
# What ten questions of analysts make a reader fetch: from the lake, from the gzipped JSON, and from one Parquet file in order of arrival (DuckDB's).
# Computed from footers, page indexes and Bloom filters; nothing is timed. WORK is the folder that scripts/bench-convert.sh left.
#
#   scripts/bench-query.sh WORK
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(realpath "${1:?the folder that scripts/bench-convert.sh WORK left}")
go build -o "$work/bench" ./scripts/bench
exec "$work/bench" query "$work/lake" "$work/objects" "$work/peer.parquet"
