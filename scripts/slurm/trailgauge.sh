#!/bin/sh
# A run as Slurm jobs: plan, an array of scans, merge, decide. Run it where jobs are submitted; every node needs the binary, the trail and the
# lake (a shared folder, or s3:// with TRAILGAUGE_ENDPOINT and the SDK's variables for another server than AWS).
#
#   TRAILGAUGE_TRAIL=... TRAILGAUGE_LAKE=... scripts/slurm/trailgauge.sh [shards] [flags of plan, as --as-of 2026-11-01]
#
# A task that fails or whose node dies is put back into the queue (scan.sbatch); one that never succeeds leaves its shards to merge, which scans them itself.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shards=${1:-8}
[ $# -eq 0 ] || shift
: "${TRAILGAUGE:=trailgauge}" "${TRAILGAUGE_TRAIL:?}" "${TRAILGAUGE_LAKE:?}"
export TRAILGAUGE
"$TRAILGAUGE" plan --create "$@"
scan=$(sbatch --parsable --array "0-$((shards - 1))" "$here/scan.sbatch" "$shards")
sbatch --wait --dependency "afterany:$scan" "$here/finish.sbatch"
