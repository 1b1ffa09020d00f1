#!/bin/sh
# Give the same command on both machines, with the name of the first one:
#   sh torchrun-two-nodes.sh node1 clinic.yaml /shared/runs/clinic 4
# The run directory is on a disk that both machines see.
set -eu
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"  # threads of each process
exec torchrun --nnodes=2 --nproc-per-node="$4" --shutdown-timeout=20 --rdzv-backend=c10d --rdzv-id=phonograph \
    --rdzv-endpoint="$1:29500" --no-python -- phonograph train \
    "$2" --run "$3" "train.trainer.devices=$4" train.trainer.num_nodes=2 train.trainer.strategy=ddp
