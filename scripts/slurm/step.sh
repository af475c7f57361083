#!/usr/bin/env bash
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=1G
#SBATCH --time=01:00:00
#SBATCH --requeue
# One step of a run, as a Slurm job or a task of an array, which says which shard: see run.sh. Tried three times: every step may be killed and
# repeated.
set -uo pipefail
for attempt in 1 2 3; do
	trailgauge "$@"
	status=$?
	case $status in
	11) exit 0 ;; # a day is decided, another is left
	0 | 2 | 3 | 10) exit "$status" ;;
	esac
	echo "attempt $attempt of $* ended with status $status" >&2
	sleep "$attempt"
done
exit "$status"
