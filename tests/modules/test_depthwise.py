"""The quick depthwise convolution is the ordinary one, forwards and backwards."""

import pytest
import torch
from torch import nn
from torch.export import Dim, export

from phonograph.modules.depthwise import DepthwiseConv1d, depthwise_conv

KERNELS = [1, 3, 8, 75]  # oneDNN's own gradient is wrong from about 50 taps on


def pair(kernel: int, **sizes) -> tuple[DepthwiseConv1d, nn.Conv1d]:
    quick = DepthwiseConv1d(5, kernel, **sizes)
    plain = nn.Conv1d(5, 5, kernel, groups=5, **sizes)
    plain.load_state_dict(quick.state_dict())
    return quick, plain


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("padding", [0, 2, 4])
def test_results_and_gradients_are_those_of_torch(kernel, stride, dilation, padding):
    quick, plain = pair(kernel, stride=stride, padding=padding, dilation=dilation)
    x = torch.randn(3, 5, 160, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    found, expected = quick(x), plain(y)
    torch.testing.assert_close(found, expected)
    slope = torch.randn_like(expected)
    found.backward(slope)
    expected.backward(slope)
    torch.testing.assert_close(x.grad, y.grad, atol=1e-4, rtol=1e-4)
    for name, weight in quick.named_parameters():
        other = plain.get_parameter(name).grad
        torch.testing.assert_close(weight.grad, other, atol=1e-4, rtol=1e-4, msg=name)


def test_without_a_bias_and_without_a_gradient_for_the_input():
    quick, plain = pair(5, padding=2, bias=False)
    x = torch.randn(2, 5, 9)
    for conv in (quick, plain):
        conv(x).square().sum().backward()
    torch.testing.assert_close(quick.weight.grad, plain.weight.grad)
    quick.requires_grad_(requires_grad=False)
    torch.testing.assert_close(quick(x), plain(x))


def test_the_layout_in_memory_does_not_matter():
    conv = DepthwiseConv1d(4, 3, padding=1)
    x = torch.randn(2, 9, 4)
    torch.testing.assert_close(conv(x.transpose(1, 2)), conv(x.transpose(1, 2).contiguous()))


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 3)])
def test_channels_that_lie_side_by_side_stay_so(stride, dilation):
    frames = torch.randn(2, 4, 1, 30).contiguous(memory_format=torch.channels_last)
    taps = torch.randn(4, 1, 1, 3, requires_grad=True)
    out = depthwise_conv(frames, taps, None, stride=stride, padding=dilation, dilation=dilation)
    assert out.stride(1) == 1


@pytest.mark.parametrize("width", [15, 16, 17, 32])
def test_half_precision_comes_back_from_narrow_widths_with_many_taps(width):
    x, weight = torch.randn(3, width, 1, 50), torch.randn(width, 1, 1, 31)
    exact = depthwise_conv(x, weight, None, padding=15)
    half = depthwise_conv(x.bfloat16(), weight.bfloat16(), None, padding=15)
    assert torch.allclose(half.float(), exact, atol=0.2)


def test_half_precision_trains():
    conv = DepthwiseConv1d(4, 9, padding=4)
    x = torch.randn(2, 4, 20, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        out = conv(x)
    out.float().square().sum().backward()
    full = DepthwiseConv1d(4, 9, padding=4)
    full.load_state_dict(conv.state_dict())
    full(x.detach()).square().sum().backward()
    assert out.dtype == torch.bfloat16
    assert conv.weight.grad is not None
    assert x.grad is not None
    torch.testing.assert_close(conv.weight.grad, full.weight.grad, atol=0.2, rtol=0.05)


@pytest.mark.parametrize("dilation", [1, 2])
def test_the_exported_program_is_one_plain_convolution(dilation):
    conv = DepthwiseConv1d(4, 5, padding=2 * dilation, dilation=dilation)
    free = {0: Dim.DYNAMIC, 2: Dim.DYNAMIC}
    program = export(conv, (torch.randn(2, 4, 30),), dynamic_shapes=(free,))
    called = [str(node.target) for node in program.graph.nodes if "conv" in str(node.target)]
    assert called == ["aten.conv2d.default"]
    x = torch.randn(3, 4, 41)
    torch.testing.assert_close(program.module()(x), conv(x))
