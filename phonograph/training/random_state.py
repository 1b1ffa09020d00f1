"""Random numbers as a pure function of the seed, the step and the process."""

from __future__ import annotations

import random

import numpy as np
import torch


def seed_everything(*numbers: int) -> None:
    """Set every global random state from a tuple of numbers, each at least 0.

    >>> seed_everything(7, 3)
    >>> first = torch.rand(1)
    >>> seed_everything(7, 3)
    >>> bool(first == torch.rand(1))
    True
    """
    state = int(np.random.SeedSequence([len(numbers), *numbers]).generate_state(1)[0])
    random.seed(state)
    np.random.seed(state)  # noqa: NPY002 - libraries draw from the global generator
    torch.manual_seed(state)
