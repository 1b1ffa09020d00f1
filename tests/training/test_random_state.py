"""Random numbers from the seed."""

import random

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.training.random_state import seed_everything

numbers = st.lists(st.integers(0, 2**40), min_size=1, max_size=3)


def _draw():
    return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002


@given(numbers, numbers)
def test_the_same_numbers_give_the_same_draws_and_others_give_others(first, second):
    seed_everything(*first)
    draws = _draw()
    seed_everything(*second)
    assert (_draw() == draws) == (first == second)
