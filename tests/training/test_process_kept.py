"""A training leaves the process as it was."""

import os
import signal

import torch


def test_the_settings_of_a_trainer_end_with_the_training(train):
    before = signal.getsignal(signal.SIGTERM)
    train("train.trainer={max_steps: 1, accelerator: cpu, deterministic: true}")
    assert not torch.are_deterministic_algorithms_enabled()
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
    assert signal.getsignal(signal.SIGTERM) is before
