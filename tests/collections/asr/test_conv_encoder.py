"""The general convolutional encoder keeps its declaration."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.export import Dim, export

from phonograph.collections.asr.conv_encoder import ConvEncoder
from phonograph.modules.conv_block import ConvBlock
from phonograph.modules.frame_norm import FrameNorm
from phonograph.modules.masks import valid_mask
from phonograph.modules.squeeze_excite import Excite

excites = st.one_of(st.none(), st.builds(Excite, reduction=st.just(2)))
rows = st.builds(
    ConvBlock,
    filters=st.sampled_from([2, 4, 6]),
    kernel=st.sampled_from([1, 3, 5]),
    repeat=st.integers(1, 3),
    stride=st.integers(1, 3),
    stride_at=st.sampled_from(["last", "every"]),
    dilation=st.integers(1, 2),
    ahead=st.sampled_from([None, 0]),
    separable=st.booleans(),
    residual=st.booleans(),
    excite=excites,
)
dense_rows = st.builds(
    ConvBlock,
    filters=st.sampled_from([2, 4]),
    kernel=st.sampled_from([1, 3]),
    repeat=st.integers(1, 2),
    groups=st.integers(1, 2),
    residual=st.just("dense"),
)
norms = st.sampled_from([FrameNorm(), FrameNorm("layer"), FrameNorm("group", groups=2)])


def settled(encoder: ConvEncoder, width: int) -> ConvEncoder:
    """Let batch norm see some data, then evaluate."""
    encoder(torch.randn(4, width, 50), torch.full((4,), 50))
    return encoder.eval()


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.one_of(rows, dense_rows), min_size=1, max_size=4),
    st.lists(st.integers(1, 40), min_size=1, max_size=3),
    norms,
)
def test_any_table_keeps_the_declared_sizes_and_hears_no_padding(blocks, lengths, norm):
    encoder = settled(ConvEncoder(4, blocks, norm=norm), 4)
    derived = ConvEncoder.derived(blocks)
    features = torch.randn(len(lengths), 4, max(lengths))
    batch, counts = encoder(features, torch.tensor(lengths))
    assert batch.shape[1:] == (derived["width"], math.ceil(max(lengths) / derived["stride"]))
    for row, length in enumerate(lengths):
        alone, _ = encoder(features[row : row + 1, :, :length], torch.tensor([length]))
        assert int(counts[row]) == alone.shape[2] == math.ceil(length / derived["stride"])
        torch.testing.assert_close(batch[row, :, : alone.shape[2]], alone[0], atol=1e-4, rtol=1e-3)
        assert not batch[row, :, alone.shape[2] :].any()


def test_the_loss_reaches_every_weight():
    encoder = ConvEncoder(
        5, [ConvBlock(8, kernel=3, repeat=2, stride=2), ConvBlock(6, kernel=5, separable=False)]
    )
    encoder(torch.randn(4, 5, 30), torch.tensor([30, 20, 10, 5]))[0].square().sum().backward()
    for name, weight in encoder.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name


def test_a_mask_is_made_once_for_every_frame_rate(monkeypatch):
    made = []

    def counted(lengths, size):
        made.append(size)
        return valid_mask(lengths, size)

    monkeypatch.setattr("phonograph.modules.time_axis.valid_mask", counted)
    blocks = [ConvBlock(4, 3, repeat=3), ConvBlock(4, 3, stride=2, repeat=4), ConvBlock(4, 5)]
    ConvEncoder(4, blocks)(torch.randn(1, 4, 20), torch.tensor([20]))
    assert made == [20, 10]


def test_channels_lie_side_by_side_from_the_first_block_to_the_last():
    layouts = []
    blocks = [
        ConvBlock(8, 3, stride=2, excite=Excite()),
        ConvBlock(8, 5, dilation=2, repeat=2),
        ConvBlock(16, 3, separable=False, residual="dense"),
        ConvBlock(8, 3, residual=False, ahead=0),
    ]
    encoder = ConvEncoder(4, blocks)
    for module in encoder.modules():
        if not list(module.children()) and "Linear" not in type(module).__name__:
            module.register_forward_hook(lambda *given: layouts.append(given[2].stride()[:2]))
    encoder(torch.randn(2, 4, 40), torch.tensor([40, 30]))
    assert {stride[1] for stride in layouts if len(stride) > 1} == {1}


def test_dense_blocks_add_the_inputs_of_the_dense_blocks_before_them():
    residuals: list[Any] = [False, "dense", "dense", True, "dense", "dense", "dense"]
    rows = [ConvBlock(4, kernel=1, residual=residual) for residual in residuals]
    encoder: Any = ConvEncoder(3, rows)
    assert [len(block.shortcuts) for block in encoder.blocks] == [0, 1, 2, 1, 1, 2, 3]


def test_it_looks_as_far_ahead_as_its_taps_reach_and_a_gate_to_the_end():
    look_ahead = ConvEncoder.look_ahead
    blocks = [
        ConvBlock(4, kernel=5, repeat=2, stride=2, stride_at="every"),  # 2 + 2 * 2
        ConvBlock(4, kernel=7, ahead=1, repeat=3),  # 4 * 3 * 1
        ConvBlock(4, kernel=3, dilation=2, stride=3, separable=False),  # 4 * 2
        ConvBlock(4, kernel=3, repeat=2),  # 12 * 2
    ]
    assert look_ahead(blocks) == 6 + 12 + 8 + 24
    assert look_ahead([*blocks, ConvBlock(4, kernel=1, excite=Excite(reduction=2))]) == math.inf
    assert look_ahead(blocks, FrameNorm("layer")) == math.inf


def test_the_exported_program_takes_any_batch_and_length():
    encoder = settled(ConvEncoder(5, [ConvBlock(8, kernel=3, repeat=2, stride=2)]), 5)
    dynamic = ({0: Dim.DYNAMIC, 2: Dim.DYNAMIC}, {0: Dim.DYNAMIC})
    example = (torch.randn(2, 5, 30), torch.tensor([30, 20]))
    program = export(encoder, example, dynamic_shapes=dynamic)
    features, lengths = torch.randn(3, 5, 47), torch.tensor([47, 46, 1])
    torch.testing.assert_close(program.module()(features, lengths), encoder(features, lengths))


def test_a_training_step_compiles_whole():
    blocks = [ConvBlock(8, kernel=3, repeat=2, stride=2), ConvBlock(8, kernel=5, dilation=2)]
    encoder: Any = ConvEncoder(5, blocks, activation="silu")
    compiled = torch.compile(encoder, fullgraph=True, backend="aot_eager")
    features, lengths = torch.randn(2, 5, 30), torch.tensor([30, 20])
    gradients = []
    for run in (encoder, compiled):
        encoder.zero_grad()
        run(features, lengths)[0].square().sum().backward()
        gradients.append([weight.grad.clone() for weight in encoder.parameters()])
    torch.testing.assert_close(*gradients, atol=1e-4, rtol=1e-3)


def test_a_table_without_rows_is_refused():
    with pytest.raises(ValueError, match=r"^`blocks` must have at least one row$"):
        ConvEncoder(5, [])
    with pytest.raises(ValueError, match=r"^`blocks` must have at least one row$"):
        ConvEncoder.derived([])
