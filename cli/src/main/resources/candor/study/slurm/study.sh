#!/bin/bash
# One part of a study as a Slurm job, as `candor study … --launcher slurm` submits it:
#   sbatch study.sh data                  makes the training sets
#   sbatch --array=1-4 study.sh group     trains the groups of runs 1 to 4, each in a job of its own, and lets them answer
#   sbatch study.sh results               collects the results, and does whatever was left
# Each may be submitted again at any time: what is finished ends at once, what was stopped goes on from its checkpoint.
# With several tasks (--sbatch=--ntasks=4) each part is done by as many processes together, with the same results.
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

case ${1:-} in
    data) study+=(--only-data) ;;
    group) study+=(--only-group "$SLURM_ARRAY_TASK_ID") ;;
    results) ;;
    *)
        echo "usage: sbatch $0 data|group|results" >&2
        exit 2
        ;;
esac

if ((${SLURM_NTASKS:-1} == 1)); then
    # exec, so that the signal reaches the program and not a shell that waits for it.
    exec "${study[@]}"
fi

# SLURM_MPI_TYPE, from where the study is submitted, says how the tasks find each other: pmix for Open MPI, pmi2 for MPICH.
if [[ -z ${SLURM_MPI_TYPE:-} ]]; then
    SLURM_MPI_TYPE=pmi2
    if [[ $(srun --mpi=list 2>&1) == *pmix* ]]; then
        SLURM_MPI_TYPE=pmix
    fi
fi
# A step does not take this from its job by itself.
if [[ -n ${SLURM_CPUS_PER_TASK:-} ]]; then
    export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK
fi
srun --mpi="$SLURM_MPI_TYPE" "${study[@]}" &
# srun answers TERM by killing the tasks, and hands USR1 on to them.
trap 'kill -USR1 $!' TERM
code=0
wait $! || code=$?
while kill -0 $! 2>/dev/null; do
    code=0
    wait $! || code=$?
done
exit "$code"
