#!/usr/bin/env bash
# One run of the job on a Slurm cluster: scan, fit and score as job arrays, each step after the one before. For trails that one machine cannot
# read in an hour.
#
#   TRAILGAUGE_TRAIL=s3://acme-trail TRAILGAUGE_LAKE=s3://acme-lake/trailgauge scripts/slurm/run.sh [TASKS [FLAG...]]
#
# TASKS: into how many equal shards each step is cut; default 8. FLAG: of trailgauge plan. Partition, account and limits: sbatch's own environment (SBATCH_PARTITION, …).
# The lake must be one that all nodes reach: a bucket, or a shared folder. Waits for the end; its status is that of the last step.
set -euo pipefail
tasks=${1:-8}
shift $(($# > 0))
step=$(dirname "$0")/step.sh

trailgauge plan --create "$@"

after= # the job before
submit() { # submit ARRAY STEP...: the next job, as an array where ARRAY is not empty
	local array=$1
	shift
	# afterany: a step does itself what was left undone before it
	after=$(sbatch --parsable --job-name "trailgauge-$1" ${array:+--array "$array"} ${after:+--dependency "afterany:$after"} "$step" "$@")
}
submit "0-$((tasks - 1))" scan --of "$tasks"
submit "" merge
submit "0-$((tasks - 1))" fit --of "$tasks"
submit "0-$((tasks - 1))" score --of "$tasks"
submit "" decide --of "$tasks"
# What is left: the days after the first, where a run has several to decide. Done at once where there are none.
sbatch --wait --parsable --job-name trailgauge-end --dependency "afterany:$after" "$step" decide
