#!/bin/sh
# Train on all devices of one machine:  sh torchrun-one-node.sh clinic.yaml runs/clinic 4
# The same command goes on after a break. The last number is that of processes.
set -eu
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"  # threads of each process
exec torchrun --standalone --nproc-per-node="$3" --shutdown-timeout=20 --no-python -- phonograph train \
    "$1" --run "$2" "train.trainer.devices=$3" train.trainer.strategy=ddp
