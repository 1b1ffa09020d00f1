"""A convolution over time is `nn.Conv1d` in another layout."""

import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from phonograph.modules.time_conv import TimeConv

sizes = st.fixed_dictionaries(
    {
        "kernel": st.sampled_from([1, 3, 5, 11]),
        "stride": st.integers(1, 3),
        "dilation": st.integers(1, 3),
        "groups": st.sampled_from([1, 2, 4]),
    }
)


@settings(deadline=None)
@given(sizes, st.sampled_from([4, 8]), st.integers(1, 30), st.data())
def test_any_convolution_gives_what_torch_gives(sizes, width_out, steps, data):
    kernel, dilation = sizes["kernel"], sizes["dilation"]
    ahead = data.draw(st.one_of(st.none(), st.integers(0, kernel - 1)))
    conv = TimeConv(4, width_out, ahead=ahead, **sizes)
    frames = torch.randn(2, 4, steps)
    after = dilation * (kernel // 2 if ahead is None else ahead)
    padded = functional.pad(frames, (dilation * (kernel - 1) - after, after))
    expected = functional.conv1d(
        padded, conv.weight, None, sizes["stride"], 0, dilation, sizes["groups"]
    )
    found = conv(frames.unsqueeze(2)).squeeze(2)
    assert found.shape == (2, width_out, math.ceil(steps / sizes["stride"]))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("groups", [1, 8])
@pytest.mark.parametrize("kernel", [1, 5])
@pytest.mark.parametrize("ahead", [None, 0])
def test_channels_that_lie_side_by_side_stay_so(kernel, groups, ahead):
    frames = torch.randn(2, 8, 1, 20).contiguous(memory_format=torch.channels_last)
    assert TimeConv(8, 8, kernel, groups=groups, ahead=ahead)(frames).stride(1) == 1


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"^`kernel` must be odd, not 4$"):
        TimeConv(1, 1, 4)
    with pytest.raises(ValueError, match=r"^`ahead` must be 0 to 2, the kernel less one, not 3$"):
        TimeConv(1, 1, 3, ahead=3)
    told = r"^`groups`: 2 groups do not divide 4 and 3 channels$"
    with pytest.raises(ValueError, match=told):
        TimeConv(4, 3, groups=2)


def test_one_tap_with_a_stride_has_the_gradients_of_pytorch_for_few_channels():
    # in a process of its own: what it guards against ends the process
    code = (
        "import torch\n"
        "from phonograph.modules.time_conv import TimeConv\n"
        "torch.manual_seed(0)\n"
        "for steps in range(40, 60):\n"
        "    conv, x = TimeConv(6, 6, 1, stride=2), torch.randn(3, 6, 1, steps)\n"
        "    x = x.contiguous(memory_format=torch.channels_last)\n"
        "    given = conv(x)\n"
        "    slope = torch.randn_like(given)\n"
        "    given.backward(slope)\n"
        "    heard = x[..., ::2]\n"
        "    expected = torch.einsum('boht,biht->oi', slope, heard).unsqueeze(2)\n"
        "    torch.testing.assert_close(conv.weight.grad, expected, atol=1e-4, rtol=1e-4)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
