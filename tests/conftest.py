"""Repeatable tests: fixed seeds, the same examples from hypothesis every time, one thread."""

import os
import random

import numpy as np
import pytest
import torch
from hypothesis import settings

# Tests are small: further threads mostly wait for each other, for minutes on a busy machine.
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"  # of the programs that tests start

os.environ.pop("COLUMNS", None)  # what is printed is as wide as where there is no terminal

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def seed() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - libraries draw from the global generator
    torch.manual_seed(0)
