from __future__ import annotations

import re

import pytest
import torch

from phonograph.modules.gate import Gate


def test_every_value_lies_between_those_of_the_two_branches():
    first, second = torch.randn(3, 4, 9), torch.randn(3, 4, 9)
    gate = Gate(4)
    torch.nn.init.normal_(gate.linear.weight, std=3)
    given = gate(first, second)
    assert bool((given >= torch.minimum(first, second) - 1e-5).all())
    assert bool((given <= torch.maximum(first, second) + 1e-5).all())


@pytest.mark.parametrize(("bias", "chosen"), [(50.0, 0), (-50.0, 1)])
def test_a_large_bias_opens_the_gate_for_one_branch(bias, chosen):
    branches = torch.randn(2, 3, 4, 9)
    torch.testing.assert_close(Gate(4, bias=bias)(*branches), branches[chosen])


def test_two_equal_branches_pass():
    branch = torch.randn(2, 4, 9)
    torch.testing.assert_close(Gate(4)(branch, branch), branch)


def test_it_needs_a_width():
    with pytest.raises(ValueError, match=re.escape("`feat_in` must be at least 1, not 0")):
        Gate(0)
