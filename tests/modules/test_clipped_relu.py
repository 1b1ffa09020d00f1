"""The clipped ReLU is a ReLU with a ceiling."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from phonograph.modules.clipped_relu import ClippedRelu


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1), st.floats(0.5, 50, width=16))
def test_it_is_the_smaller_of_relu_and_bound(values, bound):
    x = torch.tensor(values)
    assert torch.equal(ClippedRelu(bound)(x), x.relu().clamp(max=bound))
