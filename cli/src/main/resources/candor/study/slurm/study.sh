#!/bin/bash
# One part of a study as a Slurm job, as `candor study … --launcher slurm` submits it:
#   sbatch study.sh data                  makes the training sets
#   sbatch --array=1-4 study.sh group     trains the groups of runs 1 to 4, each in a task of its own, and lets them answer
#   sbatch study.sh results               collects the results, and does whatever was left
# Each may be submitted again at any time: what is finished ends at once, what was stopped goes on from its checkpoint.
# A file of your own replaces this one (--slurm-template); {{directory}} and {{command}} are filled in, quoted.
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --requeue
#SBATCH --open-mode=append
# Two minutes before the time limit the program is asked to end, and writes checkpoints.
#SBATCH --signal=B:TERM@120
set -euo pipefail

cd {{directory}}
study=({{command}})

# exec, so that the signal reaches the program and not a shell that waits for it.
case ${1:-} in
    data) exec "${study[@]}" --only-data ;;
    group) exec "${study[@]}" --only-group "$SLURM_ARRAY_TASK_ID" ;;
    results) exec "${study[@]}" ;;
    *)
        echo "usage: sbatch $0 data|group|results" >&2
        exit 2
        ;;
esac
