"""What would be made of parts without end is refused while it is made."""

import copy

import pytest
import torch
from torch import nn

from phonograph.graphs.build_limit import MOST_PIECES, TooMuchToBuildError, bounded_build

ENDLESS = 10**9


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.ModuleList(nn.ReLU() for _ in range(ENDLESS)),
        lambda: nn.ModuleList([nn.Linear(1, 1, device="meta") for _ in range(ENDLESS)]),
        lambda: [nn.Linear(1, 1, device="meta").weight for _ in range(ENDLESS)],
        lambda: nn.ParameterList(torch.zeros(1) for _ in range(ENDLESS)),
    ],
    ids=["layers", "a list of layers", "weights", "a list of weights"],
)
def test_a_constructor_without_end_is_stopped(make):
    told = r"^`layers` 1,000,000,000: it would be made of"
    arguments = {"width": 8, "layers": ENDLESS, "fast": True}
    with pytest.raises(TooMuchToBuildError, match=told), bounded_build(arguments):
        make()


def test_copies_count_with_all_that_is_in_them():
    block = nn.Sequential(*[nn.Sequential(nn.ReLU(), nn.ReLU()) for _ in range(100)])
    told = r"^it would be made of more than 15,000"
    with pytest.raises(TooMuchToBuildError, match=told), bounded_build({"name": "x"}):
        nn.ModuleList(copy.copy(block) for _ in range(MOST_PIECES // 100))


def test_each_module_has_its_own_room_and_nothing_is_counted_afterwards():
    for _ in range(3):
        with bounded_build({}):
            nn.ModuleList(nn.ReLU() for _ in range(MOST_PIECES // 3))
    assert len(nn.ModuleList([nn.ReLU()] * (MOST_PIECES + 1))) == MOST_PIECES + 1
